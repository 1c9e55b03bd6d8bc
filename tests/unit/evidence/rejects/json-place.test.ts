import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { placeOf } from '../../../../src/evidence/rejects/json-place.ts'

const marked = (text: string, pointer: string): string | undefined => {
  const span = placeOf(text, pointer)
  return span && text.slice(span.from, span.to)
}

test('a pointer leads to its value, the last of several, or to where it is missing', () => {
  const text = ' {"a": {"b": [1, "x"], "c/d": -1.5e3}, "e~": null, "a ": true, "\\u0061": {"b": [0, {"z":"\\n"}]}} '
  for (const [pointer, value] of [
    ['/a/b', '[0, {"z":"\\n"}]'],
    ['/a/b/1/z', '"\\n"'],
    ['/e~0', 'null'],
    ['/a ', 'true'],
    ['/a/c~1d', '}'],
    ['/nothing', '}'],
    ['', text.trim()],
  ] as const) {
    assert.equal(marked(text, pointer), value, pointer)
  }
})

test('in what is no JSON, the character that cannot stand there is marked', () => {
  for (const [text, at] of [
    ['', 0],
    ['{', 1],
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['[1 2]', 3],
    ['{"a": 01}', 7],
    ['{"a": "b\nc"}', 8],
    ['{"a": "\\x"}', 7],
    ['{"a": 1} x', 9],
    ['nul', 0],
    ['{"a": tru', 6],
  ] as const) {
    assert.deepEqual(placeOf(text, ''), { from: at, to: at + 1 }, text)
  }
})

test('what JSON.parse takes has a place for the whole, and what it refuses has one character', () => {
  const broken = fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, put]) => {
    const cut = at % (text.length + 1)
    return text.slice(0, cut) + put + text.slice(cut + 1)
  })
  fc.assert(
    fc.property(fc.oneof(fc.json(), broken), text => {
      let isJson = true
      try {
        JSON.parse(text)
      } catch {
        isJson = false
      }
      const span = placeOf(text, '')!
      if (isJson) assert.equal(text.slice(span.from, span.to), text.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, ''))
      else assert.equal(span.to - span.from, 1)
    }),
    { numRuns: 2_000 },
  )
  assert.equal(placeOf('['.repeat(100_000), ''), undefined, 'too deep to be worth it')
})
