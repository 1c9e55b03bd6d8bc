import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { brokenByte, cut, hexDump, legible, safeText } from '../../../../src/evidence/rejects/legible.ts'

test('no text can move a cursor, change colours, turn the direction or hide, and good text stays as it is', () => {
  const half = String.fromCharCode(0xd800)
  assert.equal(
    safeText('\u001b[31mred\n\u202e\u0000\u009b\u200b\u2028\u{e0041}') + safeText(half),
    '\\u001b[31mred\\u000a\\u202e\\u0000\\u009b\\u200b\\u2028\\u{e0041}\\ud800',
  )
  assert.equal(safeText('Zoë 漢字 🎉 "\\'), 'Zoë 漢字 🎉 "\\')
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), text => {
      assert.doesNotMatch(safeText(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    }),
  )
})

test('a text is cut between characters', () => {
  assert.equal(cut('🎉🎉🎉', 6), '🎉🎉🎉')
  for (const [max, shown] of [
    [5, '🎉🎉…'],
    [4, '🎉…'],
    [3, '🎉…'],
  ] as const)
    assert.equal(cut('🎉🎉🎉', max), shown)
})

test('bytes that are not UTF-8 are shown in digits, from the first that is wrong', () => {
  assert.equal(legible(Buffer.from([0x61, 0xff])), '0x61ff')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (good, rest) => {
      const bytes = Buffer.concat([Buffer.from(good), rest])
      const at = brokenByte(bytes)
      assert.equal(at === bytes.length, isUtf8(bytes))
      assert.ok(isUtf8(bytes.subarray(0, at)))
      assert.ok(at >= Buffer.byteLength(good))
    }),
  )
  const long = Buffer.alloc(2_000, 0x41)
  long[1_500] = 0xff
  const lines = hexDump(long, 64, brokenByte(long))
  assert.ok(lines[1]!.startsWith('000005d0  ') && lines[1]!.includes('ff'))
  assert.equal(lines[2]!.indexOf('^^'), lines[1]!.indexOf('ff'))
  assert.equal(lines.at(-1), '... 2000 bytes in all')
})
