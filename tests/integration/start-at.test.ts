/** `setup --start-at`: a database counts what comes after the start that was said, and the start is said before the first count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../src/runtime/config.ts'
import { carryOutStart } from '../../src/upkeep/setup/start-at.ts'
import {
  assertBalanced,
  countedTable,
  ledger,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic, settingsFor, sharedKafka, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, leadersOf, sendForeign } from '../support/foreign.ts'
import { readLog, startLoad } from '../support/load.ts'
import { run } from '../support/tool.ts'
import { deleteRecords } from '../support/trim.ts'

const message = (n: number, partition: number, atMs?: number) => ({
  key: null,
  partition,
  value: bytesOf(eventOf(n)),
  ...(atMs !== undefined && { timestamp: String(atMs) }),
})
const messages = (from: number, count: number, partition: number) =>
  Array.from({ length: count }, (_, i) => message(from + i, partition))
const events = (from: number, count: number) => Array.from({ length: count }, (_, i) => eventOf(from + i))

test('latest under load counts what comes after, and another database on the same topic counts all of it', {
  timeout: 60_000,
}, async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const settings = settingsFor(sharedKafka(), database, topic)
  const load = await startLoad(t, topic, n => eventOf(n), { partitions: 2 })
  await until(() => load.sent.length > 500, 10_000, 'there is a log')

  const said = await run(t, 'setup', settings, ['--start-at', 'latest', '--yes', '--json'])
  assert.equal(said.code, 0, said.said)
  const starts: readonly number[] = JSON.parse(said.said).partitions.map(
    (one: { startOffset: number }) => one.startOffset,
  )
  assert.ok(starts.length === 2 && starts.every(start => start > 0))
  await startCounting(t, { topic, database })
  const other = await freshDatabase()
  await startCounting(t, { topic, database: other, settings: { KAFKA_CONSUMER_GROUP: `${topic}-2` } })
  await until(() => load.sent.length > 2_000, 20_000, 'events arrive')
  await load.stop()

  const log = (await readLog(t, topic)).map(({ value, ...place }) => ({
    ...place,
    event: JSON.parse(String(value)) as Sent,
  }))
  const after = log.filter(({ partition, offset }) => offset >= starts[partition]!)
  assert.ok(after.length > 0 && after.length < log.length)
  for (const [counted, records] of [
    [database, after],
    [other, log],
  ] as const) {
    const client = await connect(t, counted)
    await untilRead(client, records.length)
    assert.deepEqual(await countedTable(client), recount(records.map(({ event }) => event)))
    await assertBalanced(client)
  }
  const doctor = await run(t, 'doctor', settings)
  assert.match(
    doctor.said,
    /! start of counting +latest, as \S+@\S+ said on .*: partition 0 from offset \d+, partition 1 from/,
  )
})

test('a time begins each partition at its first record from then on, or at its end', async t => {
  const topic = await freshTopic(2, { 'message.timestamp.type': 'CreateTime' })
  const database = await freshDatabase()
  const settings = settingsFor(sharedKafka(), database, topic)
  const startMs = Date.now() - 3_600_000
  await sendForeign(
    t,
    topic,
    Array.from({ length: 10 }, (_, n) => message(n, 0, startMs + n * 60_000)),
  )
  await sendForeign(
    t,
    topic,
    Array.from({ length: 5 }, (_, n) => message(10 + n, 1, startMs - n)),
  )
  const at = (ms: number) => run(t, 'setup', settings, ['--start-at', new Date(ms).toISOString(), '--yes'])

  const early = await at(Date.now() + 60_000)
  assert.equal(early.code, 2)
  assert.match(early.said, /which is yet to come/)
  const said = await at(startMs + 4 * 60_000 - 1)
  assert.equal(said.code, 0, said.said)
  assert.match(said.said, /partition 0: offset 4, never counts the 4 from 0 to 3; 6 wait to be counted\n/)
  assert.match(said.said, /partition 1: offset 5, never counts the 5 from 0 to 4; 0 wait to be counted\n/)

  await startCounting(t, { topic, database })
  await sendForeign(t, topic, messages(15, 5, 1))
  const client = await connect(t, database)
  await untilRead(client, 11)
  assert.deepEqual(await countedTable(client), recount([...events(4, 6), ...events(15, 5)]))
})

test('offsets are refused when they are not in the log, may be said again until something is counted, and not after', {
  timeout: 60_000,
}, async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const settings = settingsFor(sharedKafka(), database, topic)
  await sendForeign(t, topic, [...messages(0, 100, 0), ...messages(100, 100, 1)])
  await deleteRecords(topic, 0, 10)
  const say = (words: string, ...more: string[]) => run(t, 'setup', settings, ['--start-at', words, ...more])
  const client = await connect(t, database)
  const starts = async () => (await ledger(client)).map(row => row.start_offset)

  const [wrong, unsure] = await Promise.all([say('0:9,1:101', '--yes'), say('0:60,1:0')])
  assert.equal(wrong.code, 1)
  assert.match(wrong.said, /offset 9 is not in partition 0: it has 10 to 100; offset 101 is not in partition 1/)
  assert.equal(unsure.code, 2)
  assert.match(
    unsure.said,
    /partition 0: offset 60, never counts the 50 from 10 to 59; 40 wait[\s\S]*nobody is there to ask/,
  )
  assert.deepEqual(await starts(), [])

  assert.equal((await say('0:60,1:0', '--yes')).code, 0)
  assert.deepEqual(await starts(), [60, 0])
  assert.equal((await say('latest', '--yes')).code, 0)
  const running = await startCounting(t, { topic, database })
  const { rows } = await client.query('select from_offset::int from partition_rules order by partition')
  assert.deepEqual(rows, [{ from_offset: 100 }, { from_offset: 100 }])
  // It holds both partitions at 100 and has counted nothing: the ledger tells it at its next record.
  await until(async () => (await client.query('select from partition_watch')).rowCount === 2, 20_000, 'it holds both')
  assert.equal((await say('0:70,1:40', '--yes')).code, 0)
  await running.stop()
  await deleteRecords(topic, 0, 80)
  await startCounting(t, { topic, database })
  await untilRead(client, 20 + 60)
  assert.deepEqual(await starts(), [80, 40])
  assert.deepEqual(await countedTable(client), recount([...events(80, 20), ...events(140, 60)]))

  const shown = { topicId: topic, partitions: [] }
  await assert.rejects(
    carryOutStart(parseConfig(settings), shown, 'latest'),
    /partition 0 is counted up to offset 100 already/,
  )
  await assertBalanced(client)
})

test('a start that is said again under a running consumer is where it counts from, and a partition added later is counted from 0', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const settings = settingsFor(sharedKafka(), database, topic)
  await sendForeign(t, topic, messages(0, 100, 0))
  assert.equal((await run(t, 'setup', settings, ['--start-at', 'latest', '--yes'])).code, 0)
  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await until(async () => (await client.query('select from partition_watch')).rowCount === 1, 20_000, 'it holds it')
  assert.equal((await run(t, 'setup', settings, ['--start-at', '0:90', '--yes'])).code, 0)
  await untilRead(client, 10)
  const admin = foreignClient().admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
  await leadersOf(admin, topic, 2)
  await sendForeign(t, topic, [...messages(100, 10, 0), ...messages(110, 10, 1)])
  await untilRead(client, 30)
  assert.deepEqual(await countedTable(client), recount(events(90, 30)))
  assert.deepEqual(
    (await ledger(client)).map(row => row.start_offset),
    [90, 0],
  )
})
