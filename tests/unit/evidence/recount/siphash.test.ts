import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SipHash } from '../../../../src/evidence/recount/siphash.ts'
import { someKernel } from '../../../support/some-kernel.ts'

const paperKey = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

/** What was hashed before stays in the message's buffer, as it does in use. */
function hashed(key: Buffer, bytes: Buffer): string {
  const hash = new SipHash(key, 300)
  hash.bytes.fill(0xff)
  hash.bytes.set(bytes)
  hash.hash(bytes.length)
  return Buffer.from(hash.out.buffer).toString('hex')
}

test("the reference implementation's vectors come out", () => {
  const counting = (length: number) => Buffer.from(Array.from({ length }, (_, i) => i))
  assert.equal(hashed(paperKey, counting(0)), 'a3817f04ba25a8e66df67214c7550293')
  assert.equal(hashed(paperKey, counting(1)), 'da87c1d86b99af44347659119b22fc45')
  assert.equal(hashed(paperKey, counting(2)), '8177228da4a45dc7fca38bdef60affe4')
})

test('the recount and the consumer, which share no code, hash alike', () => {
  const bytes = fc.uint8Array({ maxLength: 164, size: 'max' })
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), bytes, (key, bytes) => {
      const theirs = someKernel(Buffer.from(key)).hash(Buffer.from(bytes).toString('latin1'))
      assert.equal(hashed(Buffer.from(key), Buffer.from(bytes)), Buffer.from(theirs.buffer).toString('hex'))
    }),
    { numRuns: 300 },
  )
})
