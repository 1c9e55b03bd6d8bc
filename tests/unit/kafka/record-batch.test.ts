import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { encodeRecordBatch, recordBytesMax } from '../../../src/kafka/record-batch.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))
const records = fc.array(
  fc.record({
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.array(fc.tuple(fc.string(), fc.option(bytes)), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 40 },
)
const identity = { producerId: 7_000_000_001n, producerEpoch: 3, sequence: 2 ** 31 - 1 }

test("a batch reads back as it was written, by the library's reader", () => {
  fc.assert(
    fc.property(records, written => {
      const batch = readRecordsBatch(Reader.from(encodeRecordBatch(written, identity, 1_700_000_000_123)))
      assert.equal(batch.producerId, identity.producerId)
      assert.equal(batch.producerEpoch, identity.producerEpoch)
      assert.equal(batch.firstSequence, identity.sequence)
      assert.equal(batch.maxTimestamp, 1_700_000_000_123n)
      assert.equal(batch.lastOffsetDelta, written.length - 1)
      const read = batch.records.map(({ key, value, headers, offsetDelta }) => ({ key, value, headers, offsetDelta }))
      const expected = written.map(({ key, value, headers }, offsetDelta) => ({
        key,
        value,
        headers: headers.map(([name, content]) => [Buffer.from(name), content]),
        offsetDelta,
      }))
      assert.deepEqual(read, expected)
    }),
  )
})

test('length and checksum cover what they must, and no record is larger than it was announced', () => {
  fc.assert(
    fc.property(records, written => {
      const batch = encodeRecordBatch(written, identity, 0)
      assert.equal(batch.readInt32BE(8), batch.length - 12)
      assert.equal(batch.readUInt32BE(17), crc32c(batch.subarray(21)) >>> 0)
      const announced = written.reduce((sum, record) => sum + recordBytesMax(record), 61)
      assert.ok(batch.length <= announced)
    }),
  )
})
