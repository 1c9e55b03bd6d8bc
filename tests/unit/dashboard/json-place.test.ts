import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeOf } from '../../../src/dashboard/json-place.js'
import { placeOf as theirs } from '../../../src/evidence/rejects/json-place.ts'

const marked = (text: string, pointer: string) => {
  const { from, to } = placeOf(text, pointer)!
  return text.slice(from, to)
}

test('the member that a pointer names is found', () => {
  assert.equal(marked('{"a": 1, "b": {"c": [10, "x"]}}', '/b/c/1'), '"x"')
  assert.equal(marked('{"a": 1, "a": 2}', '/a'), '2')
  assert.equal(marked('{"a/b": 1, "~": 2}', '/a~1b'), '1')
  assert.equal(marked(' [] ', ''), '[]')
})

test('what is missing is marked where it would end, what is broken where it breaks', () => {
  assert.equal(marked('{"a": 1}', '/b'), '}')
  assert.equal(marked('{"a": oops}', ''), 'o')
  assert.equal(marked('{} x', ''), 'x')
})

test('the page marks what the command line marks', () => {
  const texts = [
    '{"a":1}',
    '{"a":[1,{"b":"c"}]}',
    '{"a":"\\u00e9\\n"}',
    '{"a":1,}',
    '[1 2]',
    '"x',
    '{"a":"\u007f"}',
    '-',
    '1e',
    'nul',
    '{"a":01}',
    '',
    '{"a":1}}',
  ]
  for (const text of texts) {
    for (const pointer of ['', '/a', '/a/1/b', '/b'])
      assert.deepEqual(placeOf(text, pointer), theirs(text, pointer), `${text} ${pointer}`)
  }
})

test('a megabyte of brackets or of one string takes no stack', () => {
  assert.ok(placeOf('['.repeat(1_000_000), '') !== undefined)
  assert.equal(marked(`{"a":"${'x'.repeat(1_000_000)}"}`, '/a').length, 1_000_002)
})
