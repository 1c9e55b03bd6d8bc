/**
 * The tables, brought up to date: every file of migrations/ once, in order, each in one transaction with the row that
 * remembers it. Many roles may start at once; a session lock lets one of them do the work and the others find it done.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { projectRoot } from '../runtime/config.ts'
import { NewerDatabase, UnfitDatabase } from './unfit-database.ts'

interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
  readonly sha256: string
}

/** A connection, or a pool where no session is needed. */
type Queries = Pick<pg.ClientBase, 'query'>

const oldestServer = 140_000
const migrationsFolder = join(projectRoot, 'migrations')

/** Any fixed number of our own: "footfall" as its first four letters. */
const lockKey = 0x666f6f74
const lockPollMs = 100
const lockWaitMs = 60_000

/** A later migration may rewrite a large table. */
const migrationTimeoutMs = 600_000

/**
 * Applies what is missing. When nothing is, it only reads, so that a role without rights to create tables can call it.
 * @param folder of numbered files, `0001-name.sql`.
 * @returns the names of what was applied now, and what a person should know about the server's settings.
 * @throws UnfitDatabase when the server is too old, not UTF8, has an edited migration or one this version does not know.
 */
export async function migrate(
  client: pg.ClientBase,
  folder = migrationsFolder,
): Promise<{ applied: string[]; notes: string[] }> {
  const notes = await checkServer(client)
  if ((await checkMigrated(client, folder)).length === 0) return { applied: [], notes }
  await takeLock(client)
  try {
    await client.query(
      `create table if not exists schema_migrations (
         version integer primary key,
         name text not null,
         sha256 text not null,
         applied_at timestamptz not null default now()
       )`,
    )
    const missing = missingOf(readMigrations(folder), await readApplied(client))
    for (const migration of missing) await apply(client, migration)
    return { applied: missing.map(migration => migration.name), notes }
  } finally {
    // A connection that was lost has lost its lock too.
    await client.query('select pg_advisory_unlock($1)', [lockKey]).catch(() => {})
  }
}

/**
 * For a role without rights to migrate.
 * @returns the names of the migrations that somebody has yet to apply; none when the tables are as this version needs.
 * @throws UnfitDatabase as {@link migrate} does.
 */
export async function checkMigrated(client: Queries, folder = migrationsFolder): Promise<string[]> {
  const known = await client.query<{ exists: boolean }>(`select to_regclass('schema_migrations') is not null as exists`)
  const applied = known.rows[0]!.exists ? await readApplied(client) : []
  return missingOf(readMigrations(folder), applied).map(migration => migration.name)
}

/** @returns what is not as it should be. @throws UnfitDatabase when the server cannot be used. */
export async function checkServer(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<Record<'version' | 'number' | 'encoding' | 'fsync' | 'commit', string>>(
    `select current_setting('server_version') as version, current_setting('server_version_num') as number,
       current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
       (select reset_val from pg_settings where name = 'synchronous_commit') as commit`,
  )
  const server = rows[0]!
  if (Number(server.number) < oldestServer) {
    throw new UnfitDatabase(`PostgreSQL ${server.version} is too old: Footfall needs 14 or newer`)
  }
  if (server.encoding !== 'UTF8') {
    throw new UnfitDatabase(
      `the database is encoded in ${server.encoding}: create it with "encoding 'UTF8' template template0"`,
    )
  }
  const notes = []
  if (server.fsync === 'off') notes.push('fsync is off: a power loss can destroy or lose counts that were committed')
  if (server.commit === 'off') {
    notes.push('synchronous_commit is off by default: Footfall sets it on for its own writes, others lose theirs')
  }
  return notes
}

function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder)
    .filter(file => file.endsWith('.sql'))
    .sort()
  return files.map((file, index) => {
    const version = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(file)?.[1])
    if (version !== index + 1) throw new Error(`migrations/${file} does not continue 0001, 0002, ...`)
    // A checkout with Windows line ends is the same migration.
    const sql = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n')
    return { version, name: file.slice(0, -'.sql'.length), sql, sha256: createHash('sha256').update(sql).digest('hex') }
  })
}

type Applied = Pick<Migration, 'version' | 'name' | 'sha256'>

async function readApplied(client: Queries): Promise<Applied[]> {
  const { rows } = await client.query<Applied>('select version, name, sha256 from schema_migrations order by version')
  return rows
}

function missingOf(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  for (const [index, { version, name, sha256 }] of applied.entries()) {
    const migration = migrations[version - 1]
    if (migration === undefined) {
      throw new NewerDatabase(`the database has ${name}, which this version does not know: run a newer Footfall`)
    }
    if (migration.sha256 !== sha256) {
      throw new UnfitDatabase(`migrations/${migration.name}.sql was edited after it was applied: restore the file`)
    }
    if (version !== index + 1) throw new UnfitDatabase(`schema_migrations lacks version ${index + 1}: restore its row`)
  }
  return migrations.slice(applied.length)
}

/** Asked for again and again rather than waited for, so that no statement timeout ends the wait. */
async function takeLock(client: pg.ClientBase): Promise<void> {
  for (let waitedMs = 0; waitedMs < lockWaitMs; waitedMs += lockPollMs) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [lockKey])
    if (rows[0]!.taken) return
    await pause(lockPollMs)
  }
  throw new UnfitDatabase(
    `another session has held the migration lock for ${lockWaitMs / 1000} s: look for it in pg_locks (advisory)`,
  )
}

async function apply(client: pg.ClientBase, { version, name, sql, sha256 }: Migration): Promise<void> {
  const file = { text: sql, query_timeout: migrationTimeoutMs }
  await client.query('begin')
  try {
    await client.query(
      `select set_config(name, $1, true) from pg_settings where name in ('statement_timeout', 'transaction_timeout')`,
      [String(migrationTimeoutMs)],
    )
    await client.query(file)
    await client.query('insert into schema_migrations (version, name, sha256) values ($1, $2, $3)', [
      version,
      name,
      sha256,
    ])
    await client.query('commit')
  } catch (error) {
    // Whether it failed or the connection is lost, the server undoes it; a lost COMMIT is reread by the next call.
    await client.query('rollback').catch(() => {})
    throw error
  }
}
