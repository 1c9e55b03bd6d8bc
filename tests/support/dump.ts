/**
 * A backup as pg_dump makes it, which the embedded PostgreSQL does not bring: every table in one snapshot, and put back
 * with triggers off, then the sequences.
 */
import type pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'

/** Table -> its rows as JSON, in which bytes, times and large numbers stand as PostgreSQL writes them. */
export type Dump = ReadonlyMap<string, string>

export async function takeDump(client: pg.Client): Promise<Dump> {
  await client.query('begin isolation level repeatable read read only')
  const tables = await client.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'schema_migrations'`,
  )
  const dump = new Map<string, string>()
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ rows: string }>(
      `select coalesce(json_agg(t), '[]')::text as rows from ${name} t`,
    )
    dump.set(name, rows[0]!.rows)
  }
  await client.query('commit')
  return dump
}

/** Into an empty database. */
export async function restoreDump(client: pg.Client, dump: Dump): Promise<void> {
  await migrate(client)
  await putBack(client, dump)
}

/** In the place of what is there, in one transaction, as `pg_restore --clean --single-transaction` does. */
export async function putBack(client: pg.Client, dump: Dump): Promise<void> {
  await client.query('begin')
  await client.query('set local session_replication_role = replica')
  await client.query(`truncate ${[...dump.keys()].join(', ')}`)
  for (const [name, rows] of dump) {
    await client.query(
      `insert into ${name} overriding system value select * from json_populate_recordset(null::${name}, $1)`,
      [rows],
    )
  }
  const sequences = await client.query<{ table: string; column: string }>(
    `select table_name as table, column_name as column from information_schema.columns
      where table_schema = 'public' and is_identity = 'YES'`,
  )
  for (const { table, column } of sequences.rows) {
    await client.query(
      `select setval(pg_get_serial_sequence($1, $2), max) from (select max(${column}) from ${table}) m where max > 0`,
      [table, column],
    )
  }
  await client.query('commit')
}
