/** G2, G4 and G7: what the consumer's statements do to other rows than their own, which no load meets for certain. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Batch, Reject } from '../../src/consumer/batch.ts'
import type { Delta } from '../../src/consumer/delta.ts'
import { PostgresStore } from '../../src/consumer/postgres-store.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { closing, connect, freshDatabase, until } from '../support/environment.ts'
import { someKernel } from '../support/some-kernel.ts'

const topicId = '00000000-0000-4000-8000-000000000001'
const first = '11111111-1111-4111-8111-111111111111'
const last = '99999999-9999-4999-8999-999999999999'

/** One view of each user, the last one first. */
const delta = deltaOf([last, first])

test('a settle waits for the first of its rows before it has locked the last, whichever event came first', async t => {
  const { client, store, database, batchOf } = await freshStore(t)
  const [holder, asker] = [await connect(t, database), await connect(t, database)]
  const batch = await batchOf(0)
  const views = { ...batch, to: 2, counted: 2, delta }
  await store.settle([views]) // both rows are there now

  await holder.query('begin')
  await holder.query('select from daily_user_item_summary where user_id = $1 for update', [first])
  const next = { ...views, from: 2, to: 4, after: batch.tail, tail: { epoch: 0, crc: 2 } }
  const settled = store.settle([next])
  const isWaiting = async () => {
    const { rowCount } = await client.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rowCount === 1
  }
  await until(isWaiting, 2_000, 'the settle waits for the first row')
  await asker.query('select from daily_user_item_summary where user_id = $1 for update nowait', [last])
  await holder.query('rollback')
  assert.equal((await settled).get(next), 'settled')
})

test('a repair is written to the reject of its own partition, and not to others at the same offset', async t => {
  const { client, store, batchOf } = await freshStore(t)
  const batches = [await batchOf(0), await batchOf(1)].map(batch => ({ ...batch, to: 1, rejected: 1, rejects: [bad] }))
  await store.settle(batches)
  const { of, tail } = batches[0]!
  const repair = { origin: { ...of, offset: 0 }, offset: 1, as: 'duplicate' } as const
  const batch = { ...(await batchOf(0)), from: 1, to: 2, duplicate: 1, after: tail, repairs: [repair] }
  assert.equal((await store.settle([batch])).get(batch), 'settled')
  const { rows } = await client.query('select repaired_as from rejects order by partition')
  assert.deepEqual(rows, [{ repaired_as: 'duplicate' }, { repaired_as: null }])
})

test('of a topic that was created again the partitions that it lacks are halted, and those that it has are not', async t => {
  const { client, store, batchOf } = await freshStore(t)
  for (const partition of [0, 1, 2]) await batchOf(partition)
  await store.haltGone(topicId, 0)
  await store.haltGone(topicId.replace(/1$/, '2'), 2)
  const { rows } = await client.query<{ state: string }>('select state from partition_ledger order by partition')
  assert.deepEqual(
    rows.map(({ state }) => state),
    ['open', 'open', 'halted'],
  )
})

const bad: Reject = {
  ...{ reason: 'not_json', pointer: '', detail: 'for this test', offset: 0, appendMs: 0 },
  ...{ key: null, value: Buffer.from('{'), headers: Buffer.from([0]), origin: undefined },
}

function deltaOf(users: readonly string[]): Delta {
  const kernel = someKernel()
  for (const userId of users) {
    kernel.add({ userId, itemId: first, day: 20_000, activity: 'view', eventId: undefined })
  }
  return kernel.takeRows()
}

async function freshStore(t: TestContext) {
  const database = await freshDatabase()
  const client = await connect(t, database)
  await migrate(client)
  const store = new PostgresStore({ postgres: database })
  closing(t, () => store.close())
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
    delta: deltaOf([]),
    window: { pieces: [], closed: [], oldest: undefined },
    rejects: [],
    repairs: [],
  })
  return { client, store, database, batchOf }
}
