/** The ledger of the topic that the settings name, and what else proofs need of one moment. */
import type pg from 'pg'
import { checkMigrated } from '../../postgres/migrate.ts'
import { UnfitDatabase } from '../../postgres/unfit-database.ts'
import { type Lineage, readLedger } from './ledger.ts'

export interface Books {
  /** In the order of partition and lineage. */
  readonly lineages: readonly Lineage[]
  /** The secret that event ids are hashed with. */
  readonly idKey: Buffer
  /** When the snapshot was taken, ISO 8601. */
  readonly asOf: string
}

/**
 * Runs `use` in the snapshot that the books were read in: short, so whoever wants more of the same moment reads it with
 * the same connection.
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
    const result = await use(await beginBooks(client, topic), client)
    await client.query('commit')
    return result
  } catch (error) {
    failed = error as Error
    throw error
  } finally {
    client.release(failed) // a connection in the middle of a transaction is of no use to the next
  }
}

/**
 * Begins a snapshot and reads the books in it; the caller ends it. @param partition only of this one.
 * @throws UnfitDatabase as `withBooks`.
 */
export async function beginBooks(client: pg.ClientBase, topic: string, partition?: number): Promise<Books> {
  await refuseOtherTables(client)
  await client.query('begin isolation level repeatable read read only')
  const { rows } = await client.query<{ topic: string; idKey: Buffer; asOf: string }>(
    `select topic, id_key as "idKey", to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "asOf"
       from installation`,
  )
  const installed = rows[0]
  if (installed === undefined) throw new UnfitDatabase('nothing was counted into this database yet')
  if (installed.topic !== topic) {
    throw new UnfitDatabase(
      `this database counts the topic ${installed.topic}, KAFKA_TOPIC_USER_ACTIVITIES is ${topic}: set it to the topic ` +
        'that was counted, or POSTGRES_DB to the database of this one',
    )
  }
  return { lineages: await readLedger(client, partition), idKey: installed.idKey, asOf: installed.asOf }
}

async function refuseOtherTables(client: pg.ClientBase): Promise<void> {
  const missing = await checkMigrated(client)
  if (missing[0]?.startsWith('0001-')) {
    throw new UnfitDatabase('there are no tables yet; ./footfall setup makes them')
  }
  if (missing.length > 0) throw new UnfitDatabase(`the tables lack ${missing.join(', ')}; ./footfall setup applies it`)
}
