/** The tables are made once, whoever comes first, and only from the files that made them before. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { connectWriter } from '../../src/postgres/connect.ts'
import { checkMigrated, migrate } from '../../src/postgres/migrate.ts'
import { awaitTables } from '../../src/postgres/tables.ts'
import { UnfitDatabase } from '../../src/postgres/unfit-database.ts'
import { projectRoot } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import {
  closing,
  connect,
  type Database,
  freshDatabase,
  freshName,
  ownPostgres,
  until,
} from '../support/environment.ts'

async function writer(t: TestContext, postgres: Database): Promise<pg.Client> {
  const client = await connectWriter({ postgres }, 'footfall tests')
  closing(t, () => client.end())
  return client
}

/** A copy of migrations/ that a test may spoil. */
function folderOf(t: TestContext, more: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-migrations-'))
  closing(t, () => rmSync(folder, { recursive: true }))
  cpSync(join(projectRoot, 'migrations'), folder, { recursive: true })
  for (const [name, sql] of Object.entries(more)) writeFileSync(join(folder, name), sql)
  return folder
}

const first = '0001-counts-and-ledger'

test('four roles that start at once make the tables once, and a fifth finds them done', async t => {
  const database = await freshDatabase()
  const clients = await Promise.all([1, 2, 3, 4].map(() => writer(t, database)))
  assert.ok((await checkMigrated(clients[0]!)).includes(first))

  const results = await Promise.all(clients.map(client => migrate(client)))

  const applied = results.flatMap(result => result.applied)
  assert.equal(applied[0], first)
  assert.equal(new Set(applied).size, applied.length)
  assert.deepEqual((await migrate(clients[0]!)).applied, [])
  assert.deepEqual(await checkMigrated(clients[1]!), [])
  const { rows } = await clients[2]!.query('select name from schema_migrations order by version')
  assert.deepEqual(
    rows.map(row => row.name as string),
    applied,
  )
  const locks = await clients[3]!.query(`select from pg_locks where locktype = 'advisory' and database =
    (select oid from pg_database where datname = current_database())`)
  assert.equal(locks.rowCount, 0)
})

test('a migration that fails leaves nothing of itself, and the next call goes on there', async t => {
  const client = await writer(t, await freshDatabase())
  const last = (await checkMigrated(client)).length
  const name = `${String(last + 1).padStart(4, '0')}-more.sql`
  const folder = folderOf(t, { [name]: 'create table more (a integer); select 1 / 0;' })

  await assert.rejects(migrate(client, folder), { code: '22012' })

  assert.equal((await client.query(`select to_regclass('more') as more`)).rows[0].more, null)
  assert.deepEqual(await checkMigrated(client, folder), [name.slice(0, -4)])
  writeFileSync(join(folder, name), 'create table more (a integer);')
  assert.deepEqual((await migrate(client, folder)).applied, [name.slice(0, -4)])
})

test('an edited migration is refused, other line ends are none', async t => {
  const client = await writer(t, await freshDatabase())
  const alone = mkdtempSync(join(tmpdir(), 'footfall-migrations-'))
  closing(t, () => rmSync(alone, { recursive: true }))
  writeFileSync(join(alone, '0001-a.sql'), 'create table a (b integer);\n')
  await migrate(client, alone)

  writeFileSync(join(alone, '0001-a.sql'), 'create table a (b integer);\r\n')
  assert.deepEqual(await checkMigrated(client, alone), [])

  writeFileSync(join(alone, '0001-a.sql'), 'create table a (b bigint);\n')
  const edited = (error: Error) => error instanceof UnfitDatabase && /0001-a\.sql was edited/.test(error.message)
  await assert.rejects(migrate(client, alone), edited)
  await assert.rejects(checkMigrated(client, alone), edited)
})

test('a database that is newer than this version is refused', async t => {
  const client = await writer(t, await freshDatabase())
  await migrate(client)
  const version = (await client.query('select max(version) as last from schema_migrations')).rows[0].last + 1
  await client.query(`insert into schema_migrations (version, name, sha256) values ($1, '9999-later', 'x')`, [version])

  await assert.rejects(migrate(client), (error: Error) => {
    return error instanceof UnfitDatabase && /9999-later.*run a newer Footfall/.test(error.message)
  })
})

test('a database that is not UTF8 is refused, naming how to make one', async t => {
  const database = await freshDatabase()
  const name = freshName('latin')
  const admin = await connect(t, database)
  await admin.query(`create database ${name} encoding 'LATIN1' template template0 locale 'C'`)
  closing(t, () => admin.query(`drop database ${name} with (force)`))

  const client = await writer(t, { ...database, database: name })

  await assert.rejects(migrate(client), (error: Error) => {
    return error instanceof UnfitDatabase && /encoded in LATIN1/.test(error.message)
  })
})

test('a role without rights says so once and waits until another has made the tables', async t => {
  const database = await freshDatabase()
  const owner = await writer(t, database)
  const user = freshName('limited')
  await owner.query(`create role ${user} login password 'limited'`)
  closing(t, () => owner.query(`drop owned by ${user}; drop role ${user}`))
  const lines: Record<string, unknown>[] = []
  const log = createLog('tests', 'info', line => lines.push(JSON.parse(line)))
  const stopped = new AbortController()
  closing(t, () => stopped.abort())

  const limited = { postgres: { ...database, user, password: 'limited' } }
  const waiting = awaitTables(limited, 'footfall tests', log, stopped.signal)
  await until(() => lines.length > 0, 5_000, 'the role says what it waits for')
  await migrate(owner)
  await owner.query(`grant select on all tables in schema public to ${user}`)
  await waiting

  const said = lines.filter(line => line['event'] === 'tables_awaited')
  assert.match(String(said[0]!['why']), /lacks a right .*footfall setup/)
  assert.equal(said[0]!['sqlState'], '42501')
  assert.equal(new Set(said.map(line => line['why'])).size, said.length)
  assert.doesNotMatch(JSON.stringify(lines), /"limited"/)
})

test('a role waits for a PostgreSQL that is down, and stops waiting when it is told to', async t => {
  const server = await ownPostgres(t, { fsync: 'off', synchronous_commit: 'off' })
  const database = await freshDatabase(server)
  await server.kill()
  const lines: Record<string, unknown>[] = []
  const log = createLog('tests', 'info', line => lines.push(JSON.parse(line)))
  const stopped = new AbortController()
  const told = new AbortController()
  closing(t, () => stopped.abort())

  const config = { postgres: database }
  const waiting = awaitTables(config, 'footfall tests', log, stopped.signal)
  const abandoned = awaitTables(config, 'footfall tests', createLog('tests', 'silent'), told.signal)
  await until(() => lines.length > 0, 5_000, 'the role says what it waits for')
  told.abort()
  await abandoned
  await server.start()
  await waiting

  assert.match(String(lines[0]!['why']), /ECONNREFUSED/)
  const notes = lines.filter(({ event }) => event === 'postgres_differs').map(({ why }) => String(why))
  assert.ok(notes.some(note => note.startsWith('fsync is off')))
  assert.ok(notes.some(note => note.startsWith('synchronous_commit is off')))
  const client = await writer(t, database)
  assert.equal((await client.query('show synchronous_commit')).rows[0].synchronous_commit, 'on')
})
