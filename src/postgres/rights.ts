/**
 * What each process needs, table by table, and nothing more. `docs/postgres-grants.sql` grants it to a role of each; a
 * test holds both together and tries everything else.
 */
import type { Client } from 'pg'

type Right = 'select' | 'insert' | 'update' | 'delete'
type Rights = Readonly<Record<string, readonly Right[]>>

/** What to do where one is missing, as after an upgrade. */
export const grantsMend = 'run docs/postgres-grants.sql as the owner of the tables'

export const rightsOf = {
  consumer: {
    schema_migrations: ['select'],
    daily_user_item_summary: ['select', 'insert', 'update'],
    installation: ['select', 'insert'],
    rules: ['select', 'insert'],
    partition_ledger: ['select', 'insert', 'update'],
    partition_rules: ['select', 'insert', 'update'],
    partition_watch: ['select', 'insert', 'update'],
    activity_minutes: ['select', 'insert', 'update', 'delete'],
    activity_days: ['select', 'insert', 'update', 'delete'],
    busiest: ['select', 'insert', 'update', 'delete'],
    event_ids: ['select', 'insert', 'delete'],
    // Reads origins of repairs, and marks them.
    rejects: ['select', 'insert', 'update'],
  },
  api: {
    schema_migrations: ['select'],
    daily_user_item_summary: ['select'],
    partition_ledger: ['select'],
    partition_watch: ['select'],
    activity_minutes: ['select'],
    activity_days: ['select'],
    busiest: ['select'],
    // For trace and explain.
    installation: ['select'],
    rules: ['select'],
    partition_rules: ['select'],
    partition_decisions: ['select'],
    event_ids: ['select'],
    rejects: ['select'],
  },
  verifier: {
    schema_migrations: ['select'],
    daily_user_item_summary: ['select'],
    installation: ['select'],
    rules: ['select'],
    partition_ledger: ['select'],
    partition_rules: ['select'],
    partition_decisions: ['select'],
    event_ids: ['select'],
    rejects: ['select'],
    checkpoints: ['select', 'insert', 'update', 'delete'],
    checkpoint_days: ['select', 'insert', 'delete'],
    checkpoint_ids: ['select', 'insert', 'delete'],
  },
} as const satisfies Readonly<Record<string, Rights>>

export type Process = keyof typeof rightsOf

/** What the user of this connection lacks to be each process, as `insert on rejects`. The tables must be there. */
export async function lackingRights(client: Client): Promise<Record<Process, string[]>> {
  const lacking: Record<Process, string[]> = { consumer: [], api: [], verifier: [] }
  for (const [process, tables] of Object.entries(rightsOf) as [Process, Rights][]) {
    const needed = Object.entries(tables).flatMap(([table, rights]) => rights.map(right => ({ table, right })))
    const { rows } = await client.query<{ lack: string }>(
      `select needed || ' on ' || name as lack from unnest($1::text[], $2::text[]) as r(name, needed)
        where not has_table_privilege(name, needed)`,
      [needed.map(({ table }) => table), needed.map(({ right }) => right)],
    )
    lacking[process] = rows.map(({ lack }) => lack)
  }
  return lacking
}
