import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'
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
import { connect, freshDatabase, freshName, freshTopic, ownPostgres, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { carryOut } from '../support/resume.ts'

test('G5: PostgreSQL killed and gone for a while delays the counts and changes none, and rejects nothing', async t => {
  const postgres = await ownPostgres(t)
  const topic = await freshTopic(2)
  const database = await freshDatabase(postgres)
  await startCounting(t, { topic, database })
  const first = await connect(t, database)
  for (let round = 0; round < 3; round++) {
    await sendForeign(t, topic, messages(round * 1_000, 1_000))
    if (round === 0) await untilRead(first, 1_000)
    await postgres.kill()
    await sendForeign(t, topic, messages(10_000 + round * 1_000, 1_000))
    await postgres.start()
  }
  const client = await connect(t, database)
  await untilRead(client, 6_000)
  assert.deepEqual(await countedTable(client), recount([...events(0, 3_000), ...events(10_000, 3_000)]))
  assert.deepEqual(await fates(client), { counted: 6_000, duplicate: 0, rejected: 0, skipped: 0 })
  await assertBalanced(client)
})

for (const [what, forbid, allow] of [
  [
    'a read-only database',
    (name: string) => `alter database ${name} set default_transaction_read_only = on`,
    (name: string) => `alter database ${name} reset default_transaction_read_only`,
  ],
  [
    'a table that may not be written',
    (_: string, user: string) => `revoke insert on daily_user_item_summary from ${user}`,
    (_: string, user: string) => `grant insert on daily_user_item_summary to ${user}`,
  ],
  [
    'a table that is not there',
    () => 'alter table event_ids rename to elsewhere',
    () => 'alter table elsewhere rename to event_ids',
  ],
] as const) {
  test(`G5: ${what} makes the consumer wait, and it goes on when that is mended`, async t => {
    const topic = await freshTopic(2)
    const owner = await freshDatabase()
    const client = await connect(t, owner)
    await migrate(client)
    const user = await counter(client)
    await startCounting(t, { topic, database: { ...owner, user, password: user } })
    await sendForeign(t, topic, messages(0, 100))
    await untilRead(client, 100)

    const { rows } = await client.query<{ rollbacks: string }>(rollbacks)
    await client.query(forbid(owner.database, user))
    await disconnectOthers(client)
    await sendForeign(t, topic, messages(100, 900))
    // What fails is rolled back. Three failures of one batch were enough to try each partition alone.
    await until(
      async () => Number((await client.query(rollbacks)).rows[0].rollbacks) > Number(rows[0]!.rollbacks) + 4,
      20_000,
      'it tries again and again',
    )
    assert.deepEqual(await fates(client), { counted: 100, duplicate: 0, rejected: 0, skipped: 0 })
    await client.query(allow(owner.database, user))
    await disconnectOthers(client)

    await untilRead(client, 1_000)
    assert.deepEqual(await countedTable(client), recount(events(0, 1_000)))
    assert.deepEqual(await fates(client), { counted: 1_000, duplicate: 0, rejected: 0, skipped: 0 })
    assert.ok((await ledger(client)).every(row => row.state === 'open'))
    await assertBalanced(client)
  })
}

test('G5: a batch that PostgreSQL refuses for its data halts its partition alone, in the end the others are counted', async t => {
  const topic = await freshTopic(3)
  const database = await freshDatabase()
  const client = await connect(t, database)
  await sendForeign(t, topic, messages(0, 300, 3))
  const first = await startCounting(t, { topic, database })
  await untilRead(client, 300)
  await first.stop()

  const full = eventOf(1_000_000, 'full-')
  const date = full.timestamp.slice(0, 10)
  await client.query(
    `insert into daily_user_item_summary values ($1, $2, $3, 9223372036854775807, 9223372036854775807, 9223372036854775807)`,
    [unheard, date, unheard],
  )
  const before = await countedTable(client)
  const refused = { ...full, user_id: unheard, item_id: unheard, timestamp: `${date}T00:00:00Z` }
  await sendForeign(t, topic, [{ key: null, value: bytesOf(refused), partition: 1 }, ...messages(300, 300, 3)])
  for (const sent of [600, 900]) {
    const running = await startCounting(t, { topic, database })
    await until(
      async () => {
        const rows = await ledger(client)
        return rows[1]!.state === 'halted' && rows[0]!.counted + rows[2]!.counted === (2 * sent) / 3
      },
      20_000,
      'the others go on',
    )
    await running.stop()
    if (sent === 600) await sendForeign(t, topic, messages(600, 300, 3))
  }
  const { counted, halt_reason, next_offset } = (await ledger(client))[1]!
  assert.deepEqual([counted, halt_reason, next_offset], [100, 'refused', 100])
  const expected = recount(events(0, 900).filter((_, i) => i % 3 !== 1 || i < 300))
  const key = `${unheard}|${date}|${unheard}`
  expected.set(key, before.get(key)!)
  assert.deepEqual(await countedTable(client), expected)
  assert.deepEqual((await client.query('select from rejects')).rowCount, 0)

  const place = { topic, database }
  await startCounting(t, place)
  // Only the one record is at fault: what else was in its batch is counted.
  await carryOut(place, './footfall partitions resume 1 --accept-loss 100-101')
  await untilRead(client, 901)
  const all = recount(events(0, 900))
  all.set(key, before.get(key)!)
  assert.deepEqual(await countedTable(client), all)
  const { lost, state } = (await ledger(client))[1]!
  assert.deepEqual([lost, state], [1, 'open'])
})

const unheard = 'ffffffff-ffff-4fff-8fff-ffffffffffff'

const events = (from: number, count: number): Sent[] =>
  Array.from({ length: count }, (_, i) => eventOf(from + i, 'id-'))

const messages = (from: number, count: number, partitions = 2) =>
  events(from, count).map((event, i) => ({ key: null, value: bytesOf(event), partition: i % partitions }))

const rollbacks = 'select xact_rollback as rollbacks from pg_stat_database where datname = current_database()'

/** A user who may write all tables and owns none; his password is his name. */
async function counter(client: pg.Client): Promise<string> {
  const user = freshName('counter')
  await client.query(`create role ${user} login password '${user}'`)
  await client.query(`grant select, insert, update, delete on all tables in schema public to ${user}`)
  return user
}

async function disconnectOthers(client: pg.Client): Promise<void> {
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`,
  )
}
