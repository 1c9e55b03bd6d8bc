import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { headerOf } from '../../../src/kafka/headers.ts'
import { encodeRecordBatch } from '../../../src/kafka/record-batch.ts'
import { RecordWalk } from '../../../src/kafka/records.ts'

const identity = { producerId: 1n, producerEpoch: 0, sequence: 0 }
const value = fc.option(fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array)))
const headers = fc.array(fc.tuple(fc.constantFrom('', 'a', 'traceparent', 'ä'.repeat(70)), value), { maxLength: 4 })

/** As they stand in a record of a real batch. */
function asInRecord(headers: readonly (readonly [string, Buffer | null])[]): Buffer {
  const batch = encodeRecordBatch([{ key: null, value: Buffer.from('x'), headers }], identity, 0)
  const walk = new RecordWalk(batch, 0, [], 1_000_000)
  assert.ok(walk.next())
  return walk.headers()
}

test('a header is found as it was written, the last of several', () => {
  fc.assert(
    fc.property(headers, written => {
      const last = written.findLast(([name]) => name === 'traceparent')?.[1]
      assert.deepEqual(headerOf(asInRecord(written), 'traceparent') ?? null, last ?? null)
    }),
  )
})

test('bytes that are no headers have none, and headers that are cut off are none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), bytes => headerOf(Buffer.from(bytes), 'a name') === undefined),
  )
  const whole = asInRecord([['traceparent', Buffer.from('00-11-22-00')]])
  for (let length = 0; length < whole.length; length++) {
    assert.equal(headerOf(whole.subarray(0, length), 'traceparent'), undefined, `${length} bytes`)
  }
  assert.equal(headerOf(Buffer.alloc(1_000, 0xff), 'traceparent'), undefined)
})
