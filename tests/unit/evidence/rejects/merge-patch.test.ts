import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Json, mergePatch, parsePatch } from '../../../../src/evidence/rejects/merge-patch.ts'

test('the examples of RFC 7396, appendix A', () => {
  const examples: readonly (readonly [Json, Json, Json])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, result] of examples) assert.deepEqual(mergePatch(target, patch), result)
})

test('a member named __proto__ is a member, and a patch is an object', () => {
  const patch = parsePatch('{"__proto__": {"polluted": 1}}')!
  const result = mergePatch({ a: 1 }, patch)
  assert.equal(JSON.stringify(result), '{"a":1,"__proto__":{"polluted":1}}')
  assert.equal(({} as { polluted?: number }).polluted, undefined)
  for (const text of ['', '[]', 'null', '"a"', '{']) assert.equal(parsePatch(text), undefined, text)
})
