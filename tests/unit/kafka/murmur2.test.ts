import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compatibilityPartitioner } from '@platformatic/kafka'
import fc from 'fast-check'
import { partitionOf } from '../../../src/kafka/murmur2.ts'

test('keys lie where Java clients put them', () => {
  // Four partitions; the same in kafkajs, kafka-python and librdkafka's murmur2_random.
  for (const [key, partition] of [
    ['u1', 0],
    ['u2', 2],
    ['550e8400-e29b-41d4-a716-446655440000', 3],
  ] as const) {
    assert.equal(partitionOf(Buffer.from(key), 4), partition, key)
  }
})

test("any key lies where the library's compatible partitioner puts it", () => {
  const message = { topic: 't', value: undefined }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.integer({ min: 1, max: 1_000 }), (bytes, partitions) => {
      const theirs = compatibilityPartitioner(message, Buffer.from(bytes)) % partitions
      assert.equal(partitionOf(bytes, partitions), theirs)
    }),
    { numRuns: 2_000 },
  )
})
