/** G2: the one order in which a settle locks rows, seen from beside it. That no circle comes of it is g2-deadlock's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../../src/consumer/batch.ts'
import type { Delta } from '../../src/consumer/delta.ts'
import { PostgresStore } from '../../src/consumer/postgres-store.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { closing, connect, freshDatabase, until } from '../support/environment.ts'

const topicId = '00000000-0000-4000-8000-000000000001'
const first = '11111111-1111-4111-8111-111111111111'
const last = '99999999-9999-4999-8999-999999999999'

/** One view of each user, the last one first. */
const delta: Delta = new Map([
  [20_000, new Map([last, first].map(user => [user, new Map([[first, { view: 1, click: 0, purchase: 0 }]])]))],
])

test('a settle waits for the first of its rows before it has locked the last, whichever event came first', async t => {
  const database = await freshDatabase()
  const [client, holder, asker] = [await connect(t, database), await connect(t, database), await connect(t, database)]
  await migrate(client)
  const store = new PostgresStore({ postgres: database })
  closing(t, () => store.close())
  await store.install('events', { maxAgeDays: 400, maxAheadMinutes: 60, windowHours: 1, windowIdsMax: 6 })
  const { standing } = await store.open(topicId, 0, 0)
  const batch: Batch = {
    of: standing.of,
    ...{ from: 0, to: 2, counted: 2, duplicate: 0, rejected: 0, skipped: 0, clockMs: 0, firstAppendMs: -1 },
    after: undefined,
    tail: { epoch: 0, crc: 1 },
    delta,
    window: { pieces: [], closed: [], oldest: undefined },
    rejects: [],
    repairs: [],
  }
  await store.settle([batch]) // both rows are there now

  await holder.query('begin')
  await holder.query('select from daily_user_item_summary where user_id = $1 for update', [first])
  const next = { ...batch, from: 2, to: 4, after: batch.tail, tail: { epoch: 0, crc: 2 } }
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
