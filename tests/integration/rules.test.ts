/** A change of rules is one transaction over every partition, and shows before what it does to each. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { install } from '../../src/consumer/install.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type Config, parseConfig } from '../../src/runtime/config.ts'
import { carryOutRules, planRules, type RulesPlan } from '../../src/upkeep/setup/change-rules.ts'
import { connect, freshDatabase, settingsFor, sharedKafka, until } from '../support/environment.ts'

const topicId = '00000000-0000-4000-8000-000000000001'
const hourMs = 3_600_000

interface Scene {
  readonly client: pg.Client
  readonly plan: (rules: Partial<Config['rules']>) => Promise<RulesPlan>
  readonly change: (rules: Partial<Config['rules']>) => Promise<void>
  readonly config: Config
}

/** Tables with rules, and ledger rows: 0 open at 50, 1 halted at 7, 2 open at 0 in its second lineage. */
async function openScene(t: TestContext): Promise<Scene> {
  const database = await freshDatabase()
  const client = await connect(t, database)
  const config = parseConfig(settingsFor(sharedKafka(), database, 'events'))
  const given = (rules: Partial<Config['rules']>) => ({ ...config, rules: { ...config.rules, ...rules } })
  await migrate(client)
  await install(client, 'events', config.rules)
  await client.query(
    `insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, counted, clock_ms,
                                   rules_version, state, halt_reason)
     values ($1, 0, 1, 0, 50, 50, $2, 1, 'open', null), ($1, 1, 1, 0, 7, 7, -1, 1, 'halted', 'gap'),
            ($1, 2, 1, 0, 9, 9, -1, 1, 'closed', 'truncated'), ($1, 2, 2, 9, 9, 0, -1, 1, 'open', null)`,
    [topicId, 10 * hourMs],
  )
  await client.query(
    `insert into partition_rules select topic_id, partition, lineage, start_offset, 1 from partition_ledger`,
  )
  const plan = async (rules: Partial<Config['rules']>) => (await planRules(given(rules)))!
  return { client, config, plan, change: async rules => void (await carryOutRules(config, await plan(rules))) }
}

const held = async ({ client }: Scene) =>
  (
    await client.query(
      `select partition, lineage, from_offset::int as from, rules_version as version from partition_rules
        where rules_version > 1 order by 1, 2, 3`,
    )
  ).rows

test('rules change for open and halted partitions, not for closed lineages, and twice at one offset leaves the last', async t => {
  const scene = await openScene(t)
  await scene.change({ maxAgeDays: 10 })
  const from = (version: number) => [
    { partition: 0, lineage: 1, from: 50, version },
    { partition: 1, lineage: 1, from: 7, version },
    { partition: 2, lineage: 2, from: 9, version },
  ]
  assert.deepEqual(await held(scene), from(2))
  await scene.change({ maxAgeDays: 20 })
  assert.deepEqual(await held(scene), from(3))
  const { rows } = await scene.client.query('select rules_version from partition_ledger order by partition, lineage')
  assert.deepEqual(
    rows.map(row => row.rules_version),
    [3, 3, 1, 3],
  )
})

test('what would be forgotten is what the window lets go: segments too old, then the oldest, never the newest', async t => {
  const scene = await openScene(t)
  // Segments of 30, 30 and 50 ids, the second in two rows; the newest ids 8, 4 and 0 hours before the clock.
  await scene.client.query(
    `insert into event_ids select $1, 0, 1, segment, first, 0, newest * ${hourMs}::bigint, decode(repeat('00', 16 * ids), 'hex')
       from (values (1, 1, 2, 30), (20, 20, 5, 10), (20, 25, 6, 20), (40, 40, 10, 50)) as s(segment, first, newest, ids)`,
    [topicId],
  )
  const forgotten = async (rules: Partial<Config['rules']>) => {
    const { partitions } = await scene.plan(rules)
    assert.deepEqual(
      partitions.map(one => [one.partition, one.nextOffset, one.state]),
      [
        [0, 50, 'open'],
        [1, 7, 'halted'],
        [2, 9, 'open'],
      ],
    )
    assert.deepEqual(
      partitions.map(one => one.ids),
      [110, 0, 0],
    )
    assert.ok(partitions.slice(1).every(one => one.idsForgotten === 0))
    return partitions[0]!.idsForgotten
  }
  assert.equal(await forgotten({ windowHours: 8 }), 0)
  assert.equal(await forgotten({ windowHours: 7 }), 30)
  assert.equal(await forgotten({ windowHours: 3 }), 60)
  assert.equal(await forgotten({ windowIdsMax: 110 }), 0)
  assert.equal(await forgotten({ windowIdsMax: 109 }), 30)
  assert.equal(await forgotten({ windowIdsMax: 79 }), 60)
  assert.equal(await forgotten({ windowIdsMax: 10 }), 60)
  assert.equal(await forgotten({ windowHours: 7, windowIdsMax: 80 }), 30)
})

test('a change that is not the one that was shown, or that cannot have the ledger, changes nothing and says why', async t => {
  const scene = await openScene(t)
  const shown = await scene.plan({ maxAgeDays: 10 })
  await scene.change({ windowHours: 5 })
  await assert.rejects(carryOutRules(scene.config, shown), /somebody else has changed the rules meanwhile; look again/)

  const other = await connect(t, { ...scene.config.postgres })
  await other.query('begin')
  await other.query('select from partition_ledger where partition = 0 for update')
  await assert.rejects(scene.change({ maxAgeDays: 10 }), /another session has held the ledger for 3 s.*try again/)
  await other.query('rollback')
  await scene.change({ maxAgeDays: 10 })
  assert.equal((await scene.client.query('select from rules')).rowCount, 3)
})

test('a partition that gets its first row while the rules change begins under the new ones', async t => {
  const scene = await openScene(t)
  const other = await connect(t, { ...scene.config.postgres })
  await other.query('begin')
  await other.query(
    `insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, rules_version)
     values ($1, 3, 1, 0, 0, 1)`,
    [topicId],
  )
  const changing = scene.change({ maxAgeDays: 10 })
  const waits = `select from pg_stat_activity
    where datname = current_database() and application_name = 'footfall setup' and wait_event_type = 'Lock'`
  await until(async () => (await scene.client.query(waits)).rowCount === 1, 2_500, 'the change waits')
  await other.query('commit')
  await changing
  assert.ok((await held(scene)).some(one => one.partition === 3 && one.version === 2))
})
