import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fold } from '../../../src/consumer/fold.ts'
import { Partition } from '../../../src/consumer/partition.ts'
import { encodeBatch } from '../../support/encode-log.ts'

const rules = { version: 1, judgeVersion: 2, maxAgeDays: 1, maxAheadMinutes: 60, windowHours: 1, windowIdsMax: 9 }
const of = { topicId: 'topic', partition: 0, lineage: 1, rulesVersion: 1 }

test('an answer to a question that was asked for another place or topic is not taken', () => {
  const partition = new Partition(0)
  const standing = { of, nextOffset: 5, clockMs: -1, tail: undefined, ids: [] }
  partition.opened(new Fold(standing, rules, Buffer.alloc(16)), undefined, undefined)
  const records = encodeBatch({ baseOffset: 5, records: [{ key: null, value: null, headers: [], timestampMs: 0 }] })
  const heard = { records, aborted: [], logStart: 0, logEnd: 6, askedMs: 0, isSilent: false }
  const want = partition.want()
  for (const other of [
    { ...want, offset: 4 },
    { ...want, topicId: 'the one before' },
  ]) {
    partition.receive({ ...heard, want: other }, 1_000, 0)
    assert.equal(partition.hasRecords, false)
  }
  partition.receive({ ...heard, want }, 1_000, 0)
  assert.equal(partition.hasRecords, true)
})
