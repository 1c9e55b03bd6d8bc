/** `trace` on a real Kafka and PostgreSQL: each kind of record by position, duplicates with their original, by user and id. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Place, startCounting, untilRead } from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic, settingsFor, sharedKafka, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, leadersOf, sendForeign } from '../support/foreign.ts'
import { resumed } from '../support/resume.ts'
import { run } from '../support/tool.ts'
import { copyAt, traced } from '../support/tracing.ts'
import { deleteRecords } from '../support/trim.ts'

const settingsOf = ({ topic, database }: Place) => settingsFor(sharedKafka(), database, topic)

test('each kind of record is told by its position, with what became of it and why', async t => {
  const place = { topic: await freshTopic(), database: await freshDatabase() }
  const event = { ...eventOf(1), event_id: 'one' }
  const send = (values: readonly (string | Buffer | null)[]) =>
    sendForeign(
      t,
      place.topic,
      values.map(value => ({ value, partition: 0 })),
    )
  await send([bytesOf(eventOf(0)), bytesOf(event), bytesOf(event), '{"user_id": 7}', null])
  await transactions(t, place.topic)
  const client = await connect(t, place.database)
  const counting = await startCounting(t, place)
  await untilRead(client, 9)
  await counting.stop()
  await send([bytesOf(eventOf(2)), bytesOf({ ...event, user_id: event.user_id.toUpperCase() })])

  const row = { user_id: event.user_id, date: event.timestamp.slice(0, 10), item_id: event.item_id }
  const told = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11].map(offset => copyAt(place, `0:${offset}`)))
  assert.deepEqual(
    told.map(({ fate, is_committed }) => `${fate} ${is_committed}`),
    [
      ...['counted true', 'counted true', 'duplicate true', 'rejected true', 'skipped true'],
      ...['counted true', 'skipped true', 'skipped true', 'skipped true'],
      ...['waiting false', 'beyond_end false'],
    ],
  )
  assert.deepEqual(told[1]!.row, row)
  assert.deepEqual([told[2]!.duplicate_of, told[2]!.row, told[2]!.event?.event_id], ['0:1', null, 'one'])
  assert.deepEqual([told[3]!.reject?.reason, told[3]!.reject?.pointer], ['missing_member', '/item_id'])
  assert.match(told[4]!.why, /null/)
  assert.match(told[6]!.why, /control/)
  assert.match(told[7]!.why, /rolled back/)
  assert.ok(told.slice(0, 6).every(({ appended }) => Math.abs(Date.parse(appended!) - Date.now()) < 600_000))
  assert.deepEqual(new Set(told.map(({ rules_version }) => rules_version)), new Set([1, null]))
  assert.equal((await copyAt(place, '7:0')).fate, 'no_such_partition')

  const copies = await traced(place, { user: event.user_id, eventId: 'one' }, 30)
  assert.deepEqual(
    copies.copies.map(({ position, fate }) => `${position} ${fate}`),
    ['0:10 waiting', '0:2 duplicate', '0:1 counted'],
  )
  assert.ok(copies.is_complete)
  const quick = await traced(place, { user: event.user_id.toUpperCase(), eventId: 'one' })
  assert.deepEqual(
    quick.copies.map(({ position, fate, duplicate_of }) => [position, fate, duplicate_of]),
    [
      ['0:2', 'duplicate', '0:1'],
      ['0:1', 'counted', null],
    ],
  )
  assert.ok(!quick.is_complete)

  await deleteRecords(place.topic, 0, 4)
  assert.equal((await copyAt(place, '0:1')).fate, 'trimmed')
  assert.equal((await copyAt(place, '0:3')).fate, 'rejected', 'its reject is kept')
})

test('what waits behind a halt, and what was declared lost, is told so', async t => {
  const place = { topic: await freshTopic(), database: await freshDatabase() }
  const send = (from: number, count: number) =>
    sendForeign(
      t,
      place.topic,
      Array.from({ length: count }, (_, n) => ({ value: bytesOf(eventOf(from + n, 'id-')), partition: 0 })),
    )
  await send(0, 10)
  const client = await connect(t, place.database)
  const counting = await startCounting(t, place)
  await untilRead(client, 10)
  await counting.stop()
  await send(10, 20)
  await deleteRecords(place.topic, 0, 15)
  await startCounting(t, place)
  await until(async () => (await copyAt(place, '0:20')).why.includes('halted (trimmed)'), 20_000, 'it is halted')
  assert.equal((await copyAt(place, '0:12')).fate, 'waiting')
  await resumed(t, place, '0', '--accept-loss', '10-15')
  await until(async () => (await copyAt(place, '0:29')).fate === 'counted', 20_000, 'it goes on')
  assert.deepEqual(
    (await Promise.all(['0:9', '0:10', '0:14', '0:15'].map(position => copyAt(place, position)))).map(
      ({ fate }) => fate,
    ),
    ['trimmed', 'lost', 'lost', 'counted'],
  )
})

test('in a recreated topic a position is told of both lineages, and a number says what the log has lost', async t => {
  const place = { topic: await freshTopic(), database: await freshDatabase() }
  const event = eventOf(1)
  await sendForeign(t, place.topic, [{ value: bytesOf(event), partition: 0 }])
  const client = await connect(t, place.database)
  const counting = await startCounting(t, place)
  await untilRead(client, 1)
  await counting.stop()
  const admin = foreignClient().admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  await admin.deleteTopics({ topics: [place.topic] })
  const topics = [{ topic: place.topic, numPartitions: 1, replicationFactor: 1 }]
  await until(() => admin.createTopics({ topics }), 20_000, 'the topic is created again')
  await leadersOf(admin, place.topic, 1)
  await sendForeign(t, place.topic, [{ value: bytesOf(event), partition: 0 }])
  assert.deepEqual(
    (await traced(place, { position: '0:0' })).copies.map(({ fate, lineage }) => [fate, lineage]),
    [
      ['waiting', null],
      ['closed', 1],
    ],
  )
  await startCounting(t, place)
  await until(
    async () => (await client.query(`select from partition_ledger where state = 'halted'`)).rowCount === 1,
    20_000,
    'it is halted',
  )
  await resumed(t, place, 'all', '--new-lineage')
  await until(async () => (await copyAt(place, '0:0')).fate === 'counted', 20_000, 'it goes on')
  assert.deepEqual(
    (await traced(place, { position: '0:0' })).copies.map(({ fate, lineage }) => [fate, lineage]),
    [
      ['counted', 2],
      ['closed', 1],
    ],
  )
  const row = [event.user_id, event.item_id, event.timestamp.slice(0, 10)]
  const { code, said } = await run(t, 'explain', settingsOf(place), [...row, '--json'])
  const { verdict, number, found, missing } = JSON.parse(said)
  assert.deepEqual([code, verdict, number.view, found.view], [1, 'incomplete', 2, 1])
  assert.deepEqual(missing, [{ partition: 0, lineage: 1, from: 0, to: 1, why: 'its log is not the one there is now' }])
})

async function transactions(t: TestContext, topic: string): Promise<void> {
  const producer = foreignClient().producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  closing(t, () => producer.disconnect())
  for (const end of ['commit', 'abort'] as const) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: bytesOf(eventOf(5)), partition: 0 }] })
    await transaction[end]()
  }
}
