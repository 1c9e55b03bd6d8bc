/** The log is the record: an older backup of PostgreSQL is brought up to date by counting on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertBalanced,
  countedTable,
  fates,
  ledger,
  once,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import { putBack, restoreDump, takeDump } from '../support/dump.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { startHeard } from '../support/heard.ts'
import { readLog, startLoad } from '../support/load.ts'
import { resumed } from '../support/resume.ts'
import { run } from '../support/tool.ts'
import { deleteRecords } from '../support/trim.ts'

const events = (from: number, count: number) => Array.from({ length: count }, (_, i) => eventOf(from + i, 'id-'))
const messages = (from: number, count: number, partition: number) =>
  events(from, count).map(event => ({ key: null, value: bytesOf(event), partition }))

test('a backup taken under load, restored while the old database is still counted into, comes to the counts of the whole log', {
  timeout: 90_000,
}, async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  // Of every other 800, each tenth is one of the 800 before, also across the backup; each fiftieth is bad.
  const load = await startLoad(
    t,
    topic,
    n => {
      const isAgain = n % 10 === 3 && Math.floor(n / 800) % 2 === 1
      const event = eventOf(isAgain ? n - 800 : n, 'id-')
      return n % 50 === 7 ? { ...event, activity_type: 'like' } : event
    },
    { partitions: 2 },
  )
  const first = await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await until(async () => (await fates(client)).counted > 2_000, 20_000, 'it counts')
  const dump = await takeDump(client)
  const dumped = JSON.parse(dump.get('partition_ledger')!) as { next_offset: number }[]
  const { counted, duplicate } = await fates(client)
  const more = async () => {
    const now = await fates(client)
    return now.counted > counted + 1_000 && now.duplicate > duplicate + 40
  }
  await until(more, 20_000, 'it counts on')

  const restored = await freshDatabase()
  const second = await connect(t, restored)
  await restoreDump(second, dump)
  assert.deepEqual((await ledger(second)).map(row => row.next_offset).sort(), dumped.map(row => row.next_offset).sort())
  await assertBalanced(second)
  // Of the same group: while both run they share the partitions, and neither database is complete.
  await startCounting(t, { topic, database: restored })
  await until(async () => (await second.query('select from partition_watch')).rowCount! > 0, 20_000, 'both count')
  await load.stop()
  await first.stop()

  const log = await readLog(t, topic)
  await untilRead(second, log.length)
  const sent = log.map(({ partition, value }) => ({ ...(JSON.parse(String(value)) as Sent), partition }))
  const good = sent.filter(event => event.activity_type !== 'like')
  const each = [0, 1].flatMap(partition => once(good.filter(event => event.partition === partition)))
  assert.deepEqual(await countedTable(second), recount(each))
  assert.deepEqual(await fates(second), {
    counted: each.length,
    duplicate: good.length - each.length,
    rejected: log.length - good.length,
    skipped: 0,
  })
  await assertBalanced(second)
  await assertBalanced(client)
  // Numbers that the database gives go on after those of the backup.
  const after = { ...settingsFor(sharedKafka(), restored, topic), MAX_EVENT_AGE_DAYS: '300' }
  const changed = await run(t, 'setup', after, ['--change-rules', '--yes'])
  assert.equal(changed.code, 0, changed.said)
})

test('a backup from before what the log still holds halts, and says what is lost', { timeout: 60_000 }, async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const first = await startCounting(t, { topic, database })
  await sendForeign(t, topic, [...messages(0, 100, 0), ...messages(100, 100, 1)])
  await untilRead(client, 200)
  const dump = await takeDump(client)
  await sendForeign(t, topic, [...messages(200, 100, 0), ...messages(300, 100, 1)])
  await untilRead(client, 400)
  await first.stop()
  await deleteRecords(topic, 0, 150)

  const restored = await freshDatabase()
  const second = await connect(t, restored)
  await restoreDump(second, dump)
  const place = { topic, database: restored }
  await startCounting(t, place)
  const halted = async () => (await ledger(second)).find(row => row.state === 'halted')
  const { partition, next_offset, halt_reason, lost } = await until(halted, 20_000, 'it is halted')
  assert.deepEqual([partition, next_offset, halt_reason, lost], [0, 100, 'trimmed', 0])
  const { said } = await run(t, 'status', settingsFor(sharedKafka(), restored, topic))
  assert.match(said, /partition 0 is HALTED, trimmed: offsets 100 to 149 were deleted before they were read/)

  await resumed(t, place, '0', '--accept-loss', '100-150')
  await untilRead(second, 400)
  assert.deepEqual(await countedTable(second), recount([...events(0, 200), ...events(250, 150)]))
  assert.deepEqual(
    (await ledger(second)).map(row => row.lost),
    [50, 0],
  )
})

test('a consumer that runs while its database is put back counts what the backup lacks, and stops when it is another one', {
  timeout: 60_000,
}, async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const consumer = await startHeard(t, { topic, database })
  const expect = async (count: number) => {
    await untilRead(client, 2 * count)
    assert.deepEqual(await countedTable(client), recount([...events(0, count), ...events(1_000, count)]))
    await assertBalanced(client)
  }
  const send = (from: number) => sendForeign(t, topic, [...messages(from, 100, 0), ...messages(1_000 + from, 100, 1)])
  await send(0)
  await expect(100)
  const dump = await takeDump(client)
  await send(100)
  await expect(200)

  // Also when nothing more is sent.
  await putBack(client, dump)
  await expect(200)
  await send(200)
  await expect(300)

  // As it was before the first record: there is no row of any partition.
  await putBack(
    client,
    new Map([...dump].map(([name, rows]) => [name, /^(rules|installation)$/.test(name) ? rows : '[]'])),
  )
  await send(300)
  await expect(400)

  const emptied = new Map([...dump].map(([name]) => [name, '[]']))
  await putBack(client, emptied)
  await assert.rejects(
    consumer.ended,
    /another database has been put in the place of the one that this consumer started/,
  )
  assert.deepEqual(await ledger(client), [])
  await startCounting(t, { topic, database })
  await expect(400)
})
