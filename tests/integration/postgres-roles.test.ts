/** A role for each process, as docs/postgres-roles.sql and docs/postgres-grants.sql make them: enough, and no more. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import pg from 'pg'
import { PostgresStore } from '../../src/consumer/postgres-store.ts'
import { label } from '../../src/evidence/rejects/label.ts'
import { connectWriter } from '../../src/postgres/connect.ts'
import { sqlState } from '../../src/postgres/fault.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { rightsOf } from '../../src/postgres/rights.ts'
import { changeRules, readRules } from '../../src/postgres/rules.ts'
import { parseConfig, projectRoot } from '../../src/runtime/config.ts'
import { freePort } from '../../src/stack/port.ts'
import { examinePostgres } from '../../src/upkeep/doctor/postgres.ts'
import { assertBalanced, fates, untilRead } from '../support/counting.ts'
import {
  type Address,
  closing,
  connect,
  type Database,
  freshDatabase,
  freshTopic,
  ownPostgres,
  type Role,
  roleProcess,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { listenTo } from '../support/live.ts'

const sqlOf = (name: string) => readFileSync(join(projectRoot, 'docs', name), 'utf8')
const rolesSql = sqlOf('postgres-roles.sql')
const grantsSql = sqlOf('postgres-grants.sql')
const roles = ['owner', 'consumer', 'api', 'reader', 'verifier'] as const
type RoleName = (typeof roles)[number]
const password = 'hush-hush'

/** A server of our own: roles belong to the whole server. */
let server: Address

interface Place {
  readonly admin: pg.Client
  readonly as: (role: RoleName) => Database
}

/** A database in which an administrator has run the first file. */
async function place(t: TestContext): Promise<Place> {
  const database = await freshDatabase(server)
  const admin = await connect(t, database)
  await admin.query(rolesSql)
  await admin.query(rolesSql) // again does no harm
  for (const role of roles) await admin.query(`alter role footfall_${role} password '${password}'`)
  return { admin, as: role => ({ ...database, user: `footfall_${role}`, password }) }
}

/** One in which the tables are made and granted besides. */
async function madePlace(t: TestContext): Promise<Place> {
  const made = await place(t)
  const owner = await connectWriter({ postgres: made.as('owner') })
  await migrate(owner)
  await owner.query(grantsSql)
  await owner.query(grantsSql)
  await owner.end()
  return made
}

before(async t => {
  server = await ownPostgres(t as TestContext)
})

test('the owner makes the tables, a consumer counts and an API answers, each as its own role; until then they wait', async t => {
  const { admin, as } = await place(t)
  const topic = await freshTopic()
  const port = String(await freePort())
  const run = (verb: string, role: RoleName) =>
    roleProcess(t, verb, { ...settingsFor(sharedKafka(), as(role), topic), API_PORT: port })
  const consumer = run('consumer', 'consumer')
  const api = run('api', 'api')
  const says = (role: Role, why: RegExp) =>
    until(() => role.output.some(line => line.includes('"tables_awaited"') && why.test(line)), 30_000, `${why}`)
  for (const role of [consumer, api]) {
    await says(role, /lacks a right .*schema public.*: run \.\/footfall setup as the owner of the tables/)
  }
  const early = run('setup', 'consumer')
  await early.ended
  const setup = run('setup', 'owner')
  assert.deepEqual([(await setup.ended).code, setup.errors], [0, []])
  for (const role of [consumer, api]) await says(role, /lacks a right .*schema_migrations.*docs\/postgres-grants\.sql/)
  const owner = await connect(t, as('owner'))
  await owner.query(grantsSql)

  const count = 2_000
  const events = Array.from({ length: count }, (_, n) => ({ value: bytesOf(eventOf(n, 'id-')), partition: 0 }))
  await sendForeign(t, topic, [...events, ...events.slice(0, 10), { value: Buffer.from('no JSON'), partition: 0 }])
  await untilRead(owner, count + 11)
  assert.deepEqual(await fates(owner), { counted: count, duplicate: 10, rejected: 1, skipped: 0 })
  await assertBalanced(owner)

  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${url}/readyz`)).ok, 15_000, 'the API is ready')
  const answer = await fetch(`${url}/api/user-activity-summary/${eventOf(0).user_id}`)
  assert.equal(answer.status, 200)
  const live = await listenTo(t, url)
  await live.hear('state', ({ state, ledger }) => state === 'live' && ledger.counted === String(count))
  for (const name of ['activity', 'busiest', 'rejects']) await live.hear(name)
  live.leave()
  const reader = await connect(t, as('reader'))
  const { rows } = await reader.query(
    'select sum(view_count + click_count + purchase_count)::int from daily_user_item_summary',
  )
  assert.deepEqual(rows, [{ sum: count }])

  const verify = run('verify', 'verifier')
  assert.equal((await verify.ended).code, 0, [...verify.output, ...verify.errors].join('\n'))
  assert.match(verify.output.join('\n'), /A checkpoint was recorded/)

  const status = run('status', 'owner')
  assert.equal((await status.ended).code, 0, status.errors.join('\n'))
  for (const { ended, errors } of [early, run('status', 'consumer')]) {
    assert.equal((await ended).code, 1)
    assert.match(errors.join('\n'), /permission denied .*: footfall_consumer may not do this, set POSTGRES_USER to/)
  }
  await Promise.all([consumer.stop(), api.stop()])
  const { rows: users } = await admin.query(
    `select distinct owner from (select tableowner as owner from pg_tables where schemaname = 'public') as tables`,
  )
  assert.deepEqual(users, [{ owner: 'footfall_owner' }])
})

test('as its role a consumer can also begin elsewhere, halt, read origins, put a newer judge in force, and say what it watches', async t => {
  const { admin, as } = await madePlace(t)
  const store = new PostgresStore({ postgres: as('consumer') })
  closing(t, () => store.close())
  await store.install('events', parseConfig({}).rules)
  const topicId = '11111111-1111-4111-8111-111111111111'
  const [first, second] = [await store.open(topicId, 0, 0), await store.open(topicId, 1, 0)]
  assert.equal(await store.moveStart(first.standing, 5), true)
  const { of, nextOffset } = second.standing
  const known = await store.origins({ of, nextOffset }, { ...of, offset: 0 })
  assert.equal(known?.repaired.size, 0)
  const halt = { reason: 'gap', from: 0, to: 1, detail: 'for this test' } as const
  assert.equal(await store.halt(second.standing, halt), true)
  await store.haltGone('22222222-2222-4222-8222-222222222222', 0)
  const client = await connectWriter({ postgres: as('consumer') })
  closing(t, () => client.end())
  const rules = (await readRules(client))!
  const raised = await changeRules(client, rules, { ...rules, judgeVersion: rules.judgeVersion + 1 }, 'this test')
  assert.equal(raised?.length, 2)
  await store.watch('somebody', [{ partition: 0, logStart: 5, logEnd: 5, msAgo: 0 }])
  await store.watch('somebody', [{ partition: 0, logStart: 5, logEnd: 6, msAgo: 0 }])
  await admin.query('revoke insert on partition_watch from footfall_consumer')
  await assert.rejects(
    store.watch('somebody', []),
    /permission denied for table partition_watch: run docs\/postgres-grants\.sql/,
  )
  for (const perMinute of [1, 2]) {
    await store.noteBusiest('somebody', [{ kind: 'user', id: topicId, perMinute }])
    await store.noteBusiest('another', [])
  }
})

test('every table is in the file of grants, and what it grants is what src/postgres/rights.ts says', async t => {
  const { admin } = await madePlace(t)
  for (const table of await tablesOf(admin)) {
    assert.match(grantsSql, new RegExp(`\\b${table}\\b`), `docs/postgres-grants.sql does not mention ${table}`)
    for (const process of ['consumer', 'api', 'reader', 'verifier'] as const) {
      const { rows } = await admin.query(
        `select lower(privilege_type) as right from aclexplode((select relacl from pg_class where oid = $1::regclass))
          where grantee = $2::regrole order by 1`,
        [table, `footfall_${process}`],
      )
      assert.deepEqual(
        rows.map(row => row.right),
        [...allowed(process, table)].sort(),
        `${process} on ${table}`,
      )
    }
  }
})

test('with the grants of an admin the API may label rejects, and change nothing else of them', async t => {
  const { admin, as } = await madePlace(t)
  await admin.query(
    `insert into rules (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max) values (2, 1, 1, 1, 65536);
     insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, rejected, rules_version)
       select gen_random_uuid(), 0, 1, 0, 1, 1, version from rules;
     insert into rejects (topic_id, partition, lineage, "offset", reason, pointer, detail, value, headers, append_ms)
       select topic_id, 0, 1, 0, 'empty', '', '', '', '\\x00', 0 from partition_ledger`,
  )
  const selection = { by: 'positions', positions: [{ partition: 0, offset: 0 }], lineage: undefined } as const
  const discard = (role: RoleName) => {
    const config = parseConfig(settingsFor(sharedKafka(), as(role), 'events'))
    return label(config, selection, { isUndo: false, isDryRun: false, note: 'why', by: 'this test' })
  }
  const refusal = /permission denied .*rejects: footfall_api may not do this, set POSTGRES_USER to the owner/
  await assert.rejects(discard('api'), refusal)
  const owner = await connect(t, as('owner'))
  await owner.query(sqlOf('postgres-grants-admin.sql'))
  assert.equal((await discard('api')).groups[0]!.outcome, 'discarded')
  const api = await connect(t, as('api'))
  for (const change of ["reason = 'x'", 'repaired_offset = 1', 'value = null', "label = null, detail = 'x'"]) {
    assert.equal(await stateOf(api, `update rejects set ${change}`), '42501', change)
  }
  assert.equal(await stateOf(api, 'delete from rejects'), '42501')
  await owner.query(grantsSql)
  await assert.rejects(discard('api'), refusal, 'the other file takes it back')
})

test('whatever else a role tries is refused', async t => {
  const { admin, as } = await madePlace(t)
  const tables = await tablesOf(admin)
  assert.ok(tables.length >= 10)
  for (const role of ['consumer', 'api', 'reader', 'verifier'] as const) {
    const client = await connect(t, as(role))
    for (const table of tables) {
      const column = (
        await admin.query('select attname from pg_attribute where attrelid = $1::regclass and attnum = 1', [table])
      ).rows[0].attname
      for (const [right, statement] of [
        ['select', `select from ${table}`],
        ['insert', `insert into ${table} default values`],
        ['update', `update ${table} set ${column} = default`],
        ['delete', `delete from ${table}`],
        ['truncate', `truncate ${table}`],
        ['', `drop table ${table}`],
        ['', `alter table ${table} add column more integer`],
        ['', `alter table ${table} owner to footfall_${role}`],
        ['', `alter table ${table} disable trigger all`],
        ['', `create index on ${table} (${column})`],
        ['', `create rule none as on insert to ${table} do instead nothing`],
        ['', `lock table ${table} in access exclusive mode`],
        ['', `comment on table ${table} is 'mine'`],
      ] as const) {
        const mayLock = right === '' && statement.startsWith('lock') && mayChange(role, table)
        const state = await stateOf(client, statement)
        const isAllowed = mayLock || (right !== '' && allowed(role, table).includes(right))
        assert.equal(state !== '42501', isAllowed, `footfall_${role}: ${statement}: ${state}`)
      }
    }
    for (const statement of [
      'create table mine (a integer)',
      'create temporary table mine (a integer)',
      'create view mine as select 1',
      'create function mine() returns integer language sql as $$ select 1 $$',
      'create sequence mine',
      'create schema mine',
      'create role mine',
      `alter role footfall_${role} superuser`,
      `alter role footfall_owner password 'mine'`,
      'set role footfall_owner',
      'set session authorization footfall_owner',
      'grant footfall_owner to current_user',
      'drop schema public cascade',
      'alter schema public rename to mine',
      `copy (select 1) to '/tmp/footfall-mine'`,
      `copy (select 1) to program 'true'`,
      `select pg_read_file('/etc/passwd')`,
      'select from pg_authid',
      'select pg_reload_conf()',
    ]) {
      assert.equal(await stateOf(client, statement), '42501', `footfall_${role}: ${statement}`)
    }
    for (const statement of [
      `drop database ${as('owner').database}`,
      'alter system set fsync = off',
      'create database mine',
    ]) {
      await assert.rejects(client.query(statement), { code: '42501' }, `footfall_${role}: ${statement}`)
    }
  }
})

test('a database that one user has made is handed over, and that user goes on meanwhile', async t => {
  const database = await freshDatabase(server)
  const admin = await connect(t, database)
  const former = { ...database, user: `former_${database.database}`, password }
  await admin.query(
    `create role ${former.user} login password '${password}'; grant create on schema public to ${former.user}`,
  )
  const before = await connectWriter({ postgres: former })
  closing(t, () => before.end())
  await migrate(before)
  await admin.query(rolesSql)
  await admin.query(`reassign owned by ${former.user} to footfall_owner; grant footfall_owner to ${former.user}`)
  await admin.query(`set role footfall_owner; ${grantsSql}`)
  await before.query('insert into installation (topic, id_key) values ($1, $2)', ['events', Buffer.alloc(16)])
  const consumer = await connect(t, { ...database, user: 'footfall_consumer', password })
  assert.deepEqual((await consumer.query('select topic from installation')).rows, [{ topic: 'events' }])
})

test('a role that nobody has named does not come in', async t => {
  const { admin, as } = await place(t)
  await admin.query(`create role stranger login password '${password}'`)
  const stranger = new pg.Client({ ...as('api'), user: 'stranger' })
  await assert.rejects(stranger.connect(), { code: '42501' })
})

test('the doctor says for which process the rights of its user are enough', async t => {
  const { admin, as } = await madePlace(t)
  const look = async (postgres: Database) => {
    const findings = await examinePostgres(parseConfig(settingsFor(sharedKafka(), postgres, 'events')))
    return findings.filter(({ about }) => about === 'rights').map(({ verdict, detail }) => `${verdict}: ${detail}`)
  }
  assert.deepEqual(await look(as('owner')), [
    'fine: those of footfall_owner are enough for consumer and api and verifier',
  ])
  assert.deepEqual(await look(as('consumer')), ['fine: those of footfall_consumer are enough for consumer'])
  assert.deepEqual(await look(as('api')), ['fine: those of footfall_api are enough for api'])
  await admin.query('revoke select on rules from footfall_api')
  const [lacks, rest] = await look(as('api'))
  assert.match(lacks!, /^note: footfall_api lacks .*api: select on rules/)
  assert.match(rest!, /^note: topic, rules and halts stand in tables that it may not read/)
  const administrator = await look({ ...as('owner'), user: 'footfall', password: 'footfall' })
  assert.match(administrator[1]!, /^note: footfall is a superuser: .*docs\/security\.md/)
})

async function tablesOf(admin: pg.Client): Promise<string[]> {
  const { rows } = await admin.query(`select tablename as name from pg_tables where schemaname = 'public' order by 1`)
  return rows.map(({ name }) => name)
}

function allowed(role: 'consumer' | 'api' | 'reader' | 'verifier', table: string): readonly string[] {
  if (role === 'reader') return table === 'daily_user_item_summary' ? ['select'] : []
  const rights: Readonly<Record<string, readonly string[]>> = rightsOf[role]
  return rights[table] ?? []
}

/** Who may update or delete may lock a table as well; PostgreSQL does not tell these apart. */
function mayChange(role: 'consumer' | 'api' | 'reader' | 'verifier', table: string): boolean {
  return ['update', 'delete'].some(right => allowed(role, table).includes(right))
}

/** What a statement comes to, which is undone whatever it was. */
async function stateOf(client: pg.Client, statement: string): Promise<string | undefined> {
  await client.query('begin')
  try {
    await client.query(statement)
    return undefined
  } catch (error) {
    return sqlState(error)
  } finally {
    await client.query('rollback')
  }
}
