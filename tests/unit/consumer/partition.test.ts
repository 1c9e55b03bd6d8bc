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

test('what follows an answer is asked for before that is folded, and is folded when it is', () => {
  const partition = new Partition(0)
  const standing = { of, nextOffset: 5, clockMs: -1, tail: undefined, ids: [] }
  partition.opened(new Fold(standing, rules, Buffer.alloc(16)), undefined, undefined)
  const batch = (baseOffset: number, count: number) => {
    const records = Array.from({ length: count }, () => ({ key: null, value: null, headers: [], timestampMs: 0 }))
    return encodeBatch({ baseOffset, records, epoch: 3 })
  }
  const heard = { aborted: [], logStart: 0, logEnd: 20, askedMs: 0, isSilent: false }
  // The last batch is cut off: what is whole ends at 9.
  const records = Buffer.concat([batch(5, 2), batch(7, 2), batch(9, 2).subarray(0, -1)])
  partition.receive({ ...heard, records, want: partition.want() }, 1_000, 0)

  assert.ok(partition.wantsRecords)
  const ahead = partition.want()
  assert.deepEqual([ahead.offset, ahead.tail?.epoch], [9, 3])
  partition.receive({ ...heard, records: batch(5, 2), want: { ...ahead, offset: 5 } }, 1_000, 0) // an old one
  assert.ok(partition.wantsRecords)
  partition.receive({ ...heard, records: batch(9, 3), want: ahead }, 1_000, 0)
  assert.equal(partition.wantsRecords, false, 'one is enough')
  assert.equal(partition.advance(100, 1_000, 0), 4)
  assert.ok(partition.hasRecords && partition.wantsRecords, 'what follows is there')
  assert.equal(partition.want().offset, 12)
  assert.equal(partition.advance(100, 1_000, 0), 3)
  assert.equal(partition.hasRecords, false)
  assert.equal(partition.want().offset, 12)
})

test('where nothing follows yet, or something is wrong there, it is not asked for again before its time has come', () => {
  for (const said of [{}, { trouble: { reason: 'recreated', from: 6, to: 6, detail: '' } as const }]) {
    const partition = new Partition(0)
    const standing = { of, nextOffset: 5, clockMs: -1, tail: undefined, ids: [] }
    partition.opened(new Fold(standing, rules, Buffer.alloc(16)), undefined, undefined)
    const records = encodeBatch({ baseOffset: 5, records: [{ key: null, value: null, headers: [], timestampMs: 0 }] })
    const heard = { aborted: [], logStart: 0, logEnd: 20, askedMs: 0, isSilent: false }
    partition.receive({ ...heard, records, want: partition.want() }, 1_000, 0)
    partition.receive({ ...heard, ...said, records: Buffer.alloc(0), want: partition.want() }, 1_000, 0)
    assert.equal(partition.wantsRecords, false)
    assert.equal(partition.trouble, undefined, 'what was received before is good')
    partition.advance(100, 1_000, 0)
    assert.ok(partition.wantsRecords)
    assert.equal(partition.want().offset, 6)
  }
})
