/**
 * What the tables say of each partition: every lineage with where it stands, its rules and what was declared lost. Read
 * in one short snapshot; whoever wants more of the same moment reads it with the same connection before `use` returns.
 */
import type pg from 'pg'
import { checkMigrated } from '../../postgres/migrate.ts'
import { ruleColumns } from '../../postgres/rules.ts'
import { UnfitDatabase } from '../../postgres/unfit-database.ts'
import type { RulesFrom } from '../recount/recount.ts'

/** One unbroken history of a partition's log. */
export interface History {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly startOffset: number
  /** Everything before it has a fate. */
  readonly nextOffset: number
  readonly clockMs: number
  readonly state: 'open' | 'halted' | 'closed'
  readonly halt: string | null
  readonly counted: number
  /** In the order of their offsets. */
  readonly rules: readonly RulesFrom[]
  /** Offsets [from, to) that an operator declared lost. */
  readonly lost: readonly { readonly from: number; readonly to: number }[]
  /** It began with the window of the lineage before. */
  readonly inherits: boolean
}

export interface Books {
  /** In the order of partition and lineage. */
  readonly histories: readonly History[]
  /** The secret that event ids are hashed with. */
  readonly idKey: Buffer
  /** When the snapshot was taken, ISO 8601. */
  readonly asOf: string
}

/**
 * Runs `use` in the snapshot that the books were read in.
 * @throws UnfitDatabase when the tables are not there, of another version, or of another topic.
 */
export async function withBooks<T>(
  pool: pg.Pool,
  topic: string,
  use: (books: Books, client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let failed: Error | undefined
  try {
    await refuseOtherTables(client)
    await client.query('begin isolation level repeatable read read only')
    const result = await use(await readBooks(client, topic), client)
    await client.query('commit')
    return result
  } catch (error) {
    failed = error as Error
    throw error
  } finally {
    client.release(failed) // a connection in the middle of a transaction is of no use to the next
  }
}

async function refuseOtherTables(client: pg.PoolClient): Promise<void> {
  const missing = await checkMigrated(client)
  if (missing[0]?.startsWith('0001-')) {
    throw new UnfitDatabase('there are no tables yet; ./footfall setup makes them')
  }
  if (missing.length > 0) throw new UnfitDatabase(`the tables lack ${missing.join(', ')}; ./footfall setup applies it`)
}

async function readBooks(client: pg.PoolClient, topic: string): Promise<Books> {
  const { rows } = await client.query<{ topic: string; idKey: Buffer; asOf: string }>(
    `select topic, id_key as "idKey", to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "asOf"
       from installation`,
  )
  const installed = rows[0]
  if (installed === undefined) throw new UnfitDatabase('nothing was counted into this database yet')
  if (installed.topic !== topic) {
    throw new UnfitDatabase(
      `this database counts the topic ${installed.topic}, KAFKA_TOPIC_USER_ACTIVITIES is ${topic}: set it back`,
    )
  }
  return { histories: await readHistories(client), idKey: installed.idKey, asOf: installed.asOf }
}

async function readHistories(client: pg.PoolClient): Promise<History[]> {
  const ledger = await client.query<Omit<History, 'rules' | 'lost' | 'inherits'>>(
    `select topic_id as "topicId", partition, lineage, start_offset::float8 as "startOffset",
            next_offset::float8 as "nextOffset", clock_ms::float8 as "clockMs", state, halt_reason as halt,
            counted::float8 as counted
       from partition_ledger order by partition, lineage`,
  )
  const rules = await client.query<RulesFrom & Key>(
    `select topic_id as "topicId", partition, lineage, from_offset::float8 as "fromOffset", ${ruleColumns}
       from partition_rules join rules on version = rules_version order by from_offset`,
  )
  // A decision declares the offsets before the one at which the row goes on.
  const lost = await client.query<Key & { from: number; to: number }>(
    `select to_topic_id as "topicId", partition, to_lineage as lineage, (to_offset - lost)::float8 as "from",
            to_offset::float8 as "to"
       from partition_decisions where lost > 0 order by to_offset`,
  )
  return ledger.rows.map((row, i) => {
    const before = ledger.rows[i - 1]
    const inherits = before?.partition === row.partition && before.topicId === row.topicId
    return { ...row, rules: ofRow(rules.rows, row), lost: ofRow(lost.rows, row), inherits }
  })
}

interface Key {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
}

const ofRow = <T extends Key>(all: readonly T[], { topicId, partition, lineage }: Key): T[] =>
  all.filter(one => one.topicId === topicId && one.partition === partition && one.lineage === lineage)
