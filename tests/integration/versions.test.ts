/** An old and a new Footfall on one database: what goes on, what stops, and what each of them says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApi } from '../../src/api/api.ts'
import { judgeVersion } from '../../src/event/judge.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { freePort } from '../../src/stack/port.ts'
import { assertBalanced, countedTable, ledger, recount, startCounting, untilRead } from '../support/counting.ts'
import {
  closing,
  connect,
  freshDatabase,
  freshTopic,
  roleProcess,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { run } from '../support/tool.ts'
import { anotherVersion } from '../support/version.ts'

const events = (from: number, count: number) => Array.from({ length: count }, (_, i) => eventOf(from + i, 'id-'))
const messages = (from: number, count: number) =>
  events(from, count).map((event, i) => ({ key: null, value: bytesOf(event), partition: i % 2 }))

test('a newer judge puts itself in force, an older consumer beside it stops, and stays away with a clear word', {
  timeout: 90_000,
}, async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const settings = settingsFor(sharedKafka(), database, topic)
  const newer = anotherVersion({ judge: judgeVersion + 1 })
  const old = await startCounting(t, { topic, database })
  await sendForeign(t, topic, messages(0, 200))
  await untilRead(client, 200)

  const waiting = await run(t, 'doctor', settings, [], newer)
  assert.match(
    waiting.said,
    new RegExp(
      `! rules +the counts are made by version ${judgeVersion} of the judge, this program has ${judgeVersion + 1}`,
    ),
  )
  // Two at once: one of them raises it.
  const both = [1, 2].map(() => roleProcess(t, 'consumer', settings, [], newer))
  const raised = () => both.filter(({ output }) => output.some(line => line.includes('"event":"judge_raised"')))
  await until(() => raised().length > 0, 30_000, 'the newer judge is in force')
  await sendForeign(t, topic, messages(200, 200))

  await assert.rejects(
    old.ended,
    new RegExp(`the judge from version ${judgeVersion} to ${judgeVersion + 1}, which takes a Footfall that has it`),
  )
  await untilRead(client, 400)
  assert.equal(raised().length, 1)
  assert.deepEqual(await countedTable(client), recount(events(0, 400)))
  await assertBalanced(client)
  const { rows } = await client.query(
    `select partition, from_offset::int as from, judge_version as judge
       from partition_rules join rules on version = rules_version order by 1, 2`,
  )
  assert.deepEqual(
    rows,
    [0, 1].flatMap(partition => [
      { partition, from: 0, judge: judgeVersion },
      { partition, from: 100, judge: judgeVersion + 1 },
    ]),
  )

  const late = [
    run(t, 'consumer', settings),
    run(t, 'setup', settings),
    run(t, 'setup', { ...settings, MAX_EVENT_AGE_DAYS: '1' }, ['--change-rules', '--yes']),
  ]
  for (const { code, said } of await Promise.all(late)) {
    assert.equal(code, 1, said)
    assert.match(
      said,
      new RegExp(
        `judges by version ${judgeVersion}, the counts are made under version ${judgeVersion + 1}: run the newer`,
      ),
    )
  }
  assert.ok((await ledger(client)).every(row => row.next_offset === 200))
})

test('under tables that a newer version has changed an old one counts and answers on, but does not start', {
  timeout: 90_000,
}, async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const settings = settingsFor(sharedKafka(), database, topic)
  const more = 'alter table rejects add column seen_by text;'
  const newer = anotherVersion({ migrations: [more] })
  const api = await startApi(
    parseConfig({ ...settings, API_PORT: String(await freePort()) }),
    createLog('api', 'silent'),
  )
  closing(t, () => api.stop())
  const isReady = async () => (await fetch(`${api.url}/readyz`)).status === 200
  const old = await startCounting(t, { topic, database })
  await sendForeign(t, topic, messages(0, 200))
  await untilRead(client, 200)
  await until(isReady, 20_000, 'the old API is ready')

  const early = await run(t, 'status', settings, [], newer)
  assert.deepEqual(
    [early.code, /the tables lack \d{4}-later; \.\/footfall setup applies it/.test(early.said)],
    [1, true],
  )
  const applied = await run(t, 'setup', settings, [], newer)
  assert.match(applied.said, /tables: applied \d{4}-later/)
  await sendForeign(t, topic, messages(200, 200))
  await untilRead(client, 400)
  assert.ok(await isReady(), 'readers are not sent away')
  const { user_id } = eventOf(0)
  assert.equal((await fetch(`${api.url}/api/user-activity-summary/${user_id}`)).status, 200)

  const verbs = ['consumer', 'api', 'setup', 'doctor']
  const apiPort = await freePort()
  const refused = verbs.map(verb => run(t, verb, { ...settings, API_PORT: String(apiPort) }))
  for (const { code, said } of await Promise.all(refused)) {
    assert.equal(code, 1, said)
    assert.match(said, /the database has \d{4}-later, which this version does not know: run a newer Footfall/)
  }

  // One after the other: the new one beside the old one, then the new one alone.
  roleProcess(t, 'consumer', settings, [], newer)
  const owners = async () => (await client.query('select from partition_watch group by owner')).rowCount
  await until(async () => (await owners()) === 2, 30_000, 'they share the partitions')
  await sendForeign(t, topic, messages(400, 200))
  await untilRead(client, 600)
  await old.stop()
  await sendForeign(t, topic, messages(600, 200))
  await untilRead(client, 800)
  assert.deepEqual(await countedTable(client), recount(events(0, 800)))
  await assertBalanced(client)
})

test('a running consumer stops with a clear word when a newer version has taken away what it needs', {
  timeout: 60_000,
}, async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const settings = settingsFor(sharedKafka(), database, topic)
  const newer = anotherVersion({ migrations: ['alter table event_ids rename column ids to hashes;'] })
  const old = await startCounting(t, { topic, database })
  await sendForeign(t, topic, messages(0, 200))
  await untilRead(client, 200)

  assert.equal((await run(t, 'setup', settings, [], newer)).code, 0)
  await sendForeign(t, topic, messages(200, 200))
  await assert.rejects(
    old.ended,
    /the database has \d{4}-later, which this version does not know: run a newer Footfall/,
  )
  assert.ok((await ledger(client)).every(row => row.next_offset === 100))
  await assertBalanced(client)
})
