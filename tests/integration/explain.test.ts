/** `explain` on a real Kafka and PostgreSQL: the events add up to the number, or it says what is missing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { explain } from '../../src/evidence/trace/explain.ts'
import { type ExplainReport, parseRow } from '../../src/evidence/trace/explain-report.ts'
import { withTools } from '../../src/evidence/trace/trace-tools.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { type Place, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka } from '../support/environment.ts'
import { bytesOf, eventOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { openScene } from '../support/scene.ts'
import { run } from '../support/tool.ts'
import { deleteRecords } from '../support/trim.ts'

const settingsOf = ({ topic, database, kafka = sharedKafka() }: Place) => settingsFor(kafka, database, topic)

interface Key {
  readonly user_id: string
  readonly item_id: string
  readonly date: string
}

function explained(place: Place, { user_id, item_id, date }: Key, seconds = 30): Promise<ExplainReport> {
  const row = parseRow(user_id, item_id, date)
  assert.ok(typeof row === 'object')
  return withTools(parseConfig(settingsOf(place)), 'explain', tools =>
    explain(tools, row, { seconds, isThorough: true, limit: 1_000 }),
  )
}

const keyOf = ({ user_id, item_id, timestamp }: { user_id: string; item_id: string; timestamp: string }): Key => ({
  user_id,
  item_id,
  date: timestamp.slice(0, 10),
})

const largest = async (client: pg.Client, count: number): Promise<Key[]> => {
  const { rows } = await client.query<Key>(
    `select user_id, item_id, date::text as date from daily_user_item_summary
      order by view_count + click_count + purchase_count desc limit $1`,
    [count],
  )
  return rows
}

const sum = ({ view, click, purchase }: { view: number; click: number; purchase: number }) => view + click + purchase

test('the events of all partitions add up to the number, with duplicates and ids of other items told apart', async t => {
  const place = { topic: await freshTopic(3), database: await freshDatabase() }
  const event = { ...eventOf(1), event_id: 'one' }
  const other = { ...event, item_id: uuidOf('another item') }
  const records = [
    [
      event,
      event,
      { ...event, event_id: 'two' },
      { ...event, user_id: event.user_id.toUpperCase(), event_id: 'three' },
    ],
    [other, event, { ...event, event_id: 'four' }], // the id was claimed for the other item first
    [{ ...eventOf(1) }, { ...eventOf(1), timestamp: '2001-01-01T00:00:00Z' }, { ...eventOf(1), activity_type: 'buy' }],
  ]
  const messages = records.flatMap((events, partition) => events.map(one => ({ value: bytesOf(one), partition })))
  await sendForeign(t, place.topic, messages)
  const client = await connect(t, place.database)
  await startCounting(t, place)
  await untilRead(client, 10)

  const report = await explained(place, keyOf(event))
  assert.deepEqual(
    report.events.map(({ position, fate, duplicate_of }) => [position, fate, duplicate_of]),
    [
      ['0:0', 'counted', null],
      ['0:1', 'duplicate', '0:0'],
      ['0:2', 'counted', null],
      ['0:3', 'counted', null],
      ['1:1', 'duplicate', '1:0'],
      ['1:2', 'counted', null],
      ['2:0', 'counted', null],
    ],
  )
  assert.deepEqual([report.verdict, report.found, report.missing], ['equal', report.number, []])
  assert.equal(sum(report.found), 5)

  const { user_id, item_id, date } = keyOf(event)
  const words = [user_id.toUpperCase(), item_id, date]
  const told = await run(t, 'explain', settingsOf(place), [...words, '--json'])
  assert.equal(told.code, 0, told.said)
  assert.deepEqual({ ...JSON.parse(told.said), as_of: '' }, { ...report, as_of: '' })
  const stranger = await explained(place, { user_id: uuidOf('a stranger'), item_id, date })
  assert.deepEqual([stranger.number, stranger.verdict, stranger.events], [null, 'equal', []])

  await client.query('update daily_user_item_summary set view_count = view_count + 1')
  assert.equal((await explained(place, keyOf(event))).verdict, 'differs')
  await client.query('update daily_user_item_summary set view_count = view_count - 1')
  await deleteRecords(place.topic, 0, 3)
  const trimmed = await explained(place, keyOf(event))
  assert.equal(trimmed.verdict, 'incomplete')
  assert.deepEqual(trimmed.missing, [{ partition: 0, lineage: 1, from: 0, to: 3, why: 'the log begins at 3' }])
  const late = await explained(place, keyOf(event), 0)
  assert.deepEqual([late.verdict, late.missing.length], ['incomplete', 4])
})

test("where append times are the senders', duplicates are told by the clock that the consumer follows", async t => {
  const place = {
    topic: await freshTopic(1, {
      'message.timestamp.type': 'CreateTime',
      'message.timestamp.after.max.ms': '9223372036854775807',
    }),
    database: await freshDatabase(),
  }
  const event = { ...eventOf(0), event_id: 'one' }
  const nowMs = Date.now()
  // A sender that is 100 days ahead moves the clock by an hour: the id is still remembered.
  const sent = [nowMs, nowMs + 100 * 86_400_000, nowMs].map((ms, n) => ({
    value: bytesOf(n === 1 ? { ...eventOf(1), timestamp: new Date(ms).toISOString() } : event),
    timestamp: String(ms),
    partition: 0,
  }))
  await sendForeign(t, place.topic, sent)
  const client = await connect(t, place.database)
  await startCounting(t, place)
  await untilRead(client, 3)
  const { verdict, events, untold } = await explained(place, keyOf(event))
  assert.deepEqual([verdict, events.map(({ fate }) => fate), untold], ['equal', ['counted', 'duplicate'], 0])
})

test('while events flow and consumers are killed, every sum is the number of its snapshot', async t => {
  const scene = await openScene(t)
  const client = await connect(t, scene.database)
  let consumer = scene.start('one')
  await scene.untilMore(4_000, 'counting began')
  for (let round = 0; round < 3; round++) {
    await consumer.kill()
    consumer = scene.start('one')
    const rows = await largest(client, 2)
    await scene.untilMore(1_000, 'counting goes on')
    for (const row of rows) {
      const report = await explained(scene, row)
      assert.deepEqual([report.verdict, report.found], ['equal', report.number], JSON.stringify(report.missing))
      assert.ok(sum(report.found) > 3)
    }
  }
  await consumer.stop()
})
