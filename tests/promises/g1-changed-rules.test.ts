/** G1 and G6: the fate of a record is decided by the rules that are recorded for its offset, also when they change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertBalanced,
  countedTable,
  fates,
  ledger,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { readLog, startLoad } from '../support/load.ts'
import { run } from '../support/tool.ts'

const partitions = 2
const msPerDay = 86_400_000

test('G1: rules that change under load hold from a recorded offset of each partition, and no consumer of the old ones counts on', {
  timeout: 60_000,
}, async t => {
  const topic = await freshTopic(partitions)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const before = settingsFor(sharedKafka(), database, topic)
  const after = { ...before, MAX_EVENT_AGE_DAYS: '1' }
  // Events of three days: of the next rules, only today's are good.
  const load = await startLoad(t, topic, n => eventOf(n), { partitions })
  const old = [await startCounting(t, { topic, database }), await startCounting(t, { topic, database })]
  await until(async () => (await ledger(client)).length === partitions, 20_000, 'both partitions are counted')
  await until(async () => (await fates(client)).counted > 2_000, 20_000, 'it counts')

  const change = await run(t, 'setup', after, ['--change-rules', '--yes'])
  assert.equal(change.code, 0, change.said)
  assert.match(
    change.said,
    /MAX_EVENT_AGE_DAYS: 400 -> 1\n {4}Events older than 1 days are rejected; such as were counted/,
  )
  for (const { ended } of old) {
    await assert.rejects(ended, {
      message:
        'the rules were changed while this consumer ran: MAX_EVENT_AGE_DAYS from 400 to 1. Start it again with what is ' +
        'in force now',
    })
  }
  const again = await run(t, 'consumer', before)
  assert.equal(again.code, 1)
  assert.match(
    again.said,
    /MAX_EVENT_AGE_DAYS is 400, the counts are made under 1\. Set them back .*setup --change-rules/,
  )

  for (let i = 0; i < 2; i++) await startCounting(t, { topic, database, settings: { MAX_EVENT_AGE_DAYS: '1' } })
  await until(async () => (await fates(client)).rejected > 500, 20_000, 'it counts by the new rules')
  await load.stop()
  const log = await readLog(t, topic)
  await untilRead(client, log.length)

  const { rows: starts } = await client.query(
    `select partition, from_offset::int as from, max_age_days as days, operating_user, database_user
       from partition_rules join rules on version = rules_version order by 1, 2`,
  )
  assert.deepEqual(
    starts.map(({ partition, days }) => [partition, days]),
    [0, 1].flatMap(partition => [400, 1].map(days => [partition, days])),
  )
  for (const { operating_user, database_user } of starts) {
    assert.match(operating_user, /^\S+@\S+$/)
    assert.equal(database_user, database.user)
  }
  const said = [...change.said.matchAll(/^ {2}partition (\d+) from offset (\d+)$/gm)].map(match =>
    match.slice(1).map(Number),
  )
  const changed = starts.filter(({ days }) => days === 1)
  assert.deepEqual(
    said,
    changed.map(({ partition, from }) => [partition, from]),
  )
  assert.ok(changed.every(({ from }) => from > 0))

  const records = log.map(({ partition, offset, value }) => ({
    partition,
    offset,
    event: JSON.parse(String(value)) as Sent,
  }))
  const todayMs = Math.max(...records.map(({ event }) => Date.parse(event.timestamp)))
  const isGood = ({ partition, offset, event }: (typeof records)[number]) =>
    offset < changed.find(one => one.partition === partition)!.from || todayMs - Date.parse(event.timestamp) < msPerDay
  const good = records.filter(isGood)
  assert.deepEqual(await countedTable(client), recount(good.map(({ event }) => event)))
  assert.deepEqual(await fates(client), {
    counted: good.length,
    duplicate: 0,
    rejected: log.length - good.length,
    skipped: 0,
  })
  await assertBalanced(client)
})

test('G3: a shorter window forgets the ids that it says it would, and a longer one brings none back', async t => {
  // Senders' own times, so that hours pass within a second.
  const topic = await freshTopic(1, { 'message.timestamp.type': 'CreateTime' })
  const database = await freshDatabase()
  const client = await connect(t, database)
  const startMs = Date.now() - 12 * 3_600_000
  const send = (hours: readonly number[], hour: number) =>
    sendForeign(
      t,
      topic,
      hours.map(n => ({
        value: bytesOf({ ...eventOf(n, 'id-'), timestamp: new Date(startMs).toISOString() }),
        timestamp: String(startMs + (hour === -1 ? n : hour) * 3_600_000),
      })),
    )
  const settings = settingsFor(sharedKafka(), database, topic)
  const untilCounted = async (windowHours: number, records: number) => {
    const consumer = await startCounting(t, { topic, database, settings: { DEDUPE_WINDOW_HOURS: String(windowHours) } })
    await untilRead(client, records)
    await consumer.stop()
  }
  await send([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], -1)
  await untilCounted(24, 11)
  const shorter = { ...settings, DEDUPE_WINDOW_HOURS: '3' }

  const unsure = await run(t, 'setup', shorter, ['--change-rules'])
  assert.equal(unsure.code, 2)
  assert.match(
    unsure.said,
    /partition 0: offset 11; forgets 7 of 11 event ids at its next record[\s\S]*to do it all the same: --yes/,
  )
  assert.equal((await client.query('select from rules')).rowCount, 1)
  assert.equal((await run(t, 'setup', shorter, ['--change-rules', '--yes'])).code, 0)
  await send([0, 9], 10)
  await untilCounted(3, 13)
  assert.deepEqual(await fates(client), { counted: 12, duplicate: 1, rejected: 0, skipped: 0 })

  const longer = { ...settings, DEDUPE_WINDOW_HOURS: '24' }
  assert.match(
    (await run(t, 'setup', longer, ['--change-rules', '--yes'])).said,
    /the window is full 21 hours from now/,
  )
  await send([1, 8], 10)
  await untilCounted(24, 15)
  assert.deepEqual(await fates(client), { counted: 13, duplicate: 2, rejected: 0, skipped: 0 })
  await assertBalanced(client)
})
