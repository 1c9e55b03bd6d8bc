/** The consumer's store over real tables, and batches that no fold has made. */
import type { Batch } from '../../src/consumer/batch.ts'
import { PostgresStore } from '../../src/consumer/postgres-store.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { closing, connect, type Database, freshDatabase, type Lifetime } from './environment.ts'

export const topicId = '00000000-0000-4000-8000-000000000001'

/** An empty database with a store, and batches of topic {@link topicId} for it; all are closed after the test. */
export async function freshStore(t: Lifetime) {
  const database = await freshDatabase()
  const client = await connect(t, database)
  await migrate(client)
  const storeOf = (postgres: Database) => {
    const one = new PostgresStore({ postgres })
    closing(t, () => one.close())
    return one
  }
  const store = storeOf(database)
  await store.install('events', { maxAgeDays: 400, maxAheadMinutes: 60, windowHours: 1, windowIdsMax: 6 })
  /** One of a partition, from its beginning and with nothing in it. */
  const batchOf = async (partition: number): Promise<Batch> => ({
    of: (await store.open(topicId, partition, 0)).standing.of,
    ...{
      from: 0,
      to: 0,
      counted: 0,
      duplicate: 0,
      rejected: 0,
      skipped: 0,
      rejectBytes: 0,
      clockMs: 0,
      firstAppendMs: -1,
    },
    after: undefined,
    tail: { epoch: 0, crc: 1 },
    delta: new Uint32Array(0),
    minutes: [],
    entersMinute: false,
    window: { pieces: [], closed: [], oldest: undefined },
    rejects: [],
    repairs: [],
  })
  return { client, store, storeOf, database, batchOf }
}
