import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { someKernel } from '../../support/some-kernel.ts'

const paperKey = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

function hashed(key: Buffer, text: string): string {
  return Buffer.from(someKernel(key).hash(text).buffer).toString('hex')
}

/** The text whose low bytes are 00 01 02 … */
const counting = (length: number) => String.fromCharCode(...Array.from({ length }, (_, i) => i))

test("the reference implementation's vectors come out", () => {
  assert.equal(hashed(paperKey, ''), 'a3817f04ba25a8e66df67214c7550293')
  assert.equal(hashed(paperKey, counting(1)), 'da87c1d86b99af44347659119b22fc45')
  assert.equal(hashed(paperKey, counting(2)), '8177228da4a45dc7fca38bdef60affe4')
})

test('any text under any key is hashed as the plain SipHash does, of every length up to several blocks', () => {
  for (let length = 0; length < 64; length++) {
    assert.equal(hashed(paperKey, counting(length)), plainSipHash(paperKey, Buffer.from(counting(length), 'latin1')))
  }
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300, size: 'max' }),
    fc.uint8Array({ maxLength: 40 }).map(array => array.fill(255)),
  )
  const key = fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.constantFrom(new Uint8Array(16).fill(255)))
  fc.assert(
    fc.property(key, bytes, (key, bytes) => {
      const [k, text] = [Buffer.from(key), Buffer.from(bytes)]
      assert.equal(hashed(k, text.toString('latin1')), plainSipHash(k, text))
    }),
    { numRuns: 300 },
  )
})

test('the same id of two users, and ids that run into each other, are different ids', () => {
  const kernel = someKernel(paperKey)
  const wordsOf = (user: string, id: string) => kernel.hash(user + id).join()
  const [one, two] = ['550e8400-e29b-41d4-a716-446655440000', '550e8400-e29b-41d4-a716-446655440001']
  const all = [wordsOf(one!, 'a'), wordsOf(two!, 'a'), wordsOf(one!, 'aa'), wordsOf(one!, 'A')]
  assert.equal(new Set(all).size, all.length)
  assert.equal(wordsOf(one!, 'a'), all[0])
})

const mask = 0xffff_ffff_ffff_ffffn

/** SipHash-2-4 with 128 bits of answer, as the paper and its reference write it, in 64-bit numbers. */
function plainSipHash(key: Buffer, data: Buffer): string {
  const rotated = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & mask
  const [k0, k1] = [key.readBigUInt64LE(0), key.readBigUInt64LE(8)]
  let v0 = k0 ^ 0x736f6d6570736575n
  let v1 = k1 ^ 0x646f72616e646f6dn ^ 0xeen
  let v2 = k0 ^ 0x6c7967656e657261n
  let v3 = k1 ^ 0x7465646279746573n
  const round = () => {
    v0 = (v0 + v1) & mask
    v1 = rotated(v1, 13n) ^ v0
    v0 = rotated(v0, 32n)
    v2 = (v2 + v3) & mask
    v3 = rotated(v3, 16n) ^ v2
    v0 = (v0 + v3) & mask
    v3 = rotated(v3, 21n) ^ v0
    v2 = (v2 + v1) & mask
    v1 = rotated(v1, 17n) ^ v2
    v2 = rotated(v2, 32n)
  }
  const padded = Buffer.alloc((data.length & ~7) + 8)
  data.copy(padded)
  padded[padded.length - 1] = data.length & 0xff
  for (let at = 0; at < padded.length; at += 8) {
    const m = padded.readBigUInt64LE(at)
    v3 ^= m
    round()
    round()
    v0 ^= m
  }
  const out = Buffer.alloc(16)
  v2 ^= 0xeen
  for (let i = 0; i < 4; i++) round()
  out.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3, 0)
  v1 ^= 0xddn
  for (let i = 0; i < 4; i++) round()
  out.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3, 8)
  return out.toString('hex')
}
