import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeVersion } from '../../../../src/event/judge.ts'
import { originHeader } from '../../../../src/event/origin.ts'
import { repairOf } from '../../../../src/evidence/rejects/repair.ts'
import type { LedgerRow, StoredReject } from '../../../../src/evidence/rejects/stored.ts'
import { encodeRecordBatch } from '../../../../src/kafka/record-batch.ts'
import { RecordWalk } from '../../../../src/kafka/records.ts'

const nowMs = Date.parse('2026-06-01T00:00:00Z')
const topicId = '0b0e2c1a-7f0f-4d3b-9a53-2f2a6f1d2c11'
const event = {
  user_id: '11111111-1111-1111-1111-111111111111',
  item_id: 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
  activity_type: 'view',
  timestamp: '2026-05-31T00:00:00Z',
}
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

function headersOf(headers: readonly (readonly [string, Buffer | null])[]): Buffer {
  const identity = { producerId: 1n, producerEpoch: 0, sequence: 0 }
  const walk = new RecordWalk(
    encodeRecordBatch([{ key: null, value: Buffer.from('x'), headers }], identity, 0),
    0,
    [],
    1_000,
  )
  assert.ok(walk.next())
  return Buffer.from(walk.headers())
}

const reject: StoredReject = {
  ...{ topicId, partition: 3, lineage: 2, offset: 7, reason: 'too_old', pointer: '/timestamp', detail: '' },
  ...{ key: Buffer.from('k'), value: bytesOf(event), appendMs: nowMs, rejectedMs: nowMs, state: 'open' },
  headers: headersOf([
    ['a', Buffer.from('1')],
    [originHeader, Buffer.from('older')],
    ['a', null],
  ]),
  ...{ repairedTopicId: null, repairedLineage: null, repairedOffset: null, repairedAs: null },
  ...{ originTopicId: null, originLineage: null, originOffset: null },
  ...{ label: null, labelNote: null, labelledBy: null, labelledMs: null },
}
const current: LedgerRow = {
  ...{ topicId, partition: 3, lineage: 2, state: 'open', version: 1, judgeVersion },
  ...{ maxAgeDays: 400, maxAheadMinutes: 60, windowHours: 24, windowIdsMax: 1_000_000 },
}
const why = (...args: Parameters<typeof repairOf>) => {
  const repair = repairOf(...args)
  return repair.is === 'ready' ? 'ready' : repair.why
}

test('a repair has key, bytes and headers of its origin, which it names in place of any other', () => {
  const repair = repairOf(reject, current, nowMs, undefined)
  assert.deepEqual(repair, {
    is: 'ready',
    record: {
      key: Buffer.from('k'),
      value: reject.value,
      partition: 3,
      headers: [
        ['a', Buffer.from('1')],
        ['a', null],
        [originHeader, Buffer.from(`${topicId}/3/2/7`)],
      ],
    },
  })
})

test('what would be rejected again, cannot be patched, or would not be known as a repair, is not sent', () => {
  assert.match(why(reject, { ...current, maxAgeDays: 0 }, nowMs, undefined), /rejected again, too_old at \/timestamp/)
  assert.match(why(reject, current, nowMs, { user_id: 'me' }), /rejected again, not_uuid at \/user_id/)
  assert.match(why({ ...reject, value: Buffer.from('[]') }, current, nowMs, { a: 1 }), /no JSON object/)
  assert.match(why({ ...reject, value: Buffer.from([0x7b, 0xff]) }, current, nowMs, { a: 1 }), /no JSON object/)
  const deep = Buffer.from(`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)
  assert.match(
    why({ ...reject, value: deep }, current, nowMs, { b: 1 }),
    /nested too deeply|rejected again|no JSON object/,
  )
  assert.match(why(reject, undefined, nowMs, undefined), /no partition 3 any more/)
  assert.match(
    why(reject, { ...current, judgeVersion: 1 }, nowMs, undefined),
    /consumer of this version has to run first/,
  )
  assert.match(why(reject, { ...current, judgeVersion: judgeVersion + 1 }, nowMs, undefined), /run the newer one/)
  assert.match(why({ ...reject, state: 'attempt' }, current, nowMs, undefined), /repair that one/)
  assert.match(why({ ...reject, headers: Buffer.from([4]) }, current, nowMs, undefined), /headers cannot be read/)
  assert.deepEqual(
    repairOf({ ...reject, state: 'repaired', repairedAs: 'counted' }, current, nowMs, undefined).is,
    'done',
  )
  assert.equal(why({ ...reject, state: 'discarded' }, current, nowMs, { item_id: event.user_id }), 'ready')
})
