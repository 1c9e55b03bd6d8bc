import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventBatches, type Load } from '../../../bench/event-batches.ts'
import { shapeOf } from '../../../bench/shapes.ts'
import { type Event, judge } from '../../../src/event/judge.ts'
import { RecordWalk } from '../../../src/kafka/records.ts'

const nowMs = Date.parse('2026-11-22T10:00:00Z')
const limits = { maxAgeDays: 400, maxAheadMinutes: 60 }

/** What the consumer sees of a load, batch by batch. */
function judged(load: Load, recordsPerBatch: number): Event[] {
  const next = eventBatches(load, nowMs)
  const events: Event[] = []
  for (let made = 0; made < load.events; made += recordsPerBatch) {
    const walk = new RecordWalk(next(Math.min(recordsPerBatch, load.events - made)), 0, [], 1 << 20)
    while (walk.next()) {
      const verdict = judge(walk.bytes, walk.valueStart, walk.valueEnd, nowMs, limits)
      assert.ok(!('reason' in verdict), JSON.stringify(verdict))
      events.push(verdict)
    }
    assert.equal(walk.trouble, undefined)
  }
  return events
}

test('every event of a load is counted: its batches are whole, its values are events of one day', () => {
  for (const ids of [true, false]) {
    const events = judged({ events: 1_000, pairs: 300, ids }, 300)
    assert.equal(events.length, 1_000)
    assert.deepEqual([...new Set(events.map(event => event.day))], [Math.floor(nowMs / 86_400_000) - 1])
    assert.equal(new Set(events.map(event => event.eventId)).size, ids ? 1_000 : 1)
    assert.equal(new Set(events.map(event => event.activity)).size, 3)
  }
})

test('a load has exactly its pairs, whether they recur or not', () => {
  for (const pairs of [1, 7, 300, 999, 1_000]) {
    const events = judged({ events: 1_000, pairs, ids: false }, 77)
    assert.equal(new Set(events.map(({ userId, itemId }) => userId + itemId)).size, pairs)
  }
})

test('a batch may have one record, or more than the offsets that one byte can tell', () => {
  assert.equal(judged({ events: 3, pairs: 2, ids: true }, 1).length, 3)
  assert.equal(judged({ events: 9_000, pairs: 2, ids: true }, 9_000).length, 9_000)
})

test('the same load and seed give the same bytes, another seed gives others', () => {
  const load = { events: 100, pairs: 10, ids: true }
  const bytes = (seed: number) => eventBatches(load, nowMs, seed)(100)
  assert.deepEqual(bytes(1), bytes(1))
  assert.notDeepEqual(bytes(1), bytes(2))
})

test('the name of a topic says what lies in it, and a name that says nothing is refused', () => {
  assert.deepEqual(shapeOf('uniq-ids-lz4', 1_000), {
    name: 'uniq-ids-lz4',
    events: 200,
    pairs: 200,
    ids: true,
    codec: 'lz4',
  })
  assert.equal(shapeOf('hot', 500).pairs, 500)
  assert.throws(() => shapeOf('hot-lz4-ids', 1_000), /no topic/)
})
