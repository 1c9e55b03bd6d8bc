/** G2, G4 and G7: what the consumer's statements do to other rows than their own, which no load meets for certain. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reject } from '../../src/consumer/batch.ts'
import { type Delta, rowsOf } from '../../src/consumer/delta.ts'
import type { PostgresStore } from '../../src/consumer/postgres-store.ts'
import { diceOf } from '../fuzz/dice.ts'
import { connect, until } from '../support/environment.ts'
import { uuidOf } from '../support/events.ts'
import { freshStore, topicId } from '../support/fresh-store.ts'
import { proxyPostgres } from '../support/proxy.ts'
import { someKernel } from '../support/some-kernel.ts'

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

test('new rows are inserted; where some are there already none is lost, and all are counted', async t => {
  const { client, database, batchOf, storeOf } = await freshStore(t)
  const heard: string[] = []
  const proxy = await proxyPostgres(t, database, sql => {
    if (sql.includes('new_rows')) heard.push(sql)
    return 'forward'
  })
  const settled = async (store: PostgresStore, from: number, users: readonly string[]) => {
    const tail = (at: number) => (at === 0 ? undefined : { epoch: 0, crc: at })
    const batch = { ...(await batchOf(0)), from, after: tail(from), to: from + users.length, counted: users.length }
    const one = { ...batch, tail: tail(batch.to)!, delta: deltaOf(users) }
    assert.equal((await store.settle([one])).get(one), 'settled')
    return batch.to
  }
  const users = Array.from({ length: 9_000 }, (_, n) => uuidOf(`new user ${n}`))
  const before = storeOf(proxy.database)
  let at = await settled(before, 0, users.slice(0, 3_000))
  at = await settled(before, at, users.slice(1_000, 6_000)) // 2,000 of them are known to be there
  assert.deepEqual(heard, ['savepoint new_rows', 'savepoint new_rows'])
  const restarted = storeOf(proxy.database)
  at = await settled(restarted, at, users.slice(8_000))
  await settled(restarted, at, users.slice(5_000)) // of them 1,000 are known, and 1,000 are there without being known
  assert.deepEqual(heard.slice(2), ['savepoint new_rows', 'savepoint new_rows', 'rollback to savepoint new_rows'])
  const { rows } = await client.query<{ user_id: string; views: number }>(
    'select user_id, view_count::int as views from daily_user_item_summary',
  )
  const views = new Map(rows.map(row => [row.user_id, row.views]))
  const isTwice = (n: number) => (n >= 1_000 && n < 3_000) || (n >= 5_000 && n < 6_000) || n >= 8_000
  assert.deepEqual(views, new Map(users.map((user, n) => [user, isTwice(n) ? 2 : 1])))
})

test('what is copied is the delta: keys, days and counts', async t => {
  const { client, store, batchOf } = await freshStore(t)
  const kernel = someKernel()
  const dice = diceOf('copied rows')
  for (let n = 0; n < 9_000; n++) {
    const [userId, itemId] = [uuidOf(`user ${dice.below(2_000)}`), uuidOf(`item ${dice.below(2)}`)]
    const day = dice.pick([-1, 0, 10_956, 10_957, 20_000])
    kernel.add({ userId, itemId, day, activity: dice.pick(['view', 'click', 'purchase']), eventId: undefined })
  }
  const delta = kernel.takeRows()
  const batch = { ...(await batchOf(0)), to: 9_000, counted: 9_000, delta }
  assert.equal((await store.settle([batch])).get(batch), 'settled')
  const { rows } = await client.query(
    `select user_id as "userId", date - date '1970-01-01' as day, item_id as "itemId", view_count::int as view,
            click_count::int as click, purchase_count::int as purchase
       from daily_user_item_summary order by 1, 2, 3`,
  )
  assert.deepEqual(rows, [...rowsOf(delta)])
})

for (const deed of ['lose', 'lose answer', 'silence'] as const) {
  test(`a connection that is lost over a COPY fails the settle, which is done again: ${deed}`, async t => {
    const { client, database, batchOf, storeOf } = await freshStore(t)
    let left = 1
    const proxy = await proxyPostgres(t, database, sql => (sql.startsWith('copy') && left-- > 0 ? deed : 'forward'))
    const users = Array.from({ length: 20_000 }, (_, n) => uuidOf(`new user ${n}`))
    const batch = { ...(await batchOf(0)), to: users.length, counted: users.length, delta: deltaOf(users) }
    const store = storeOf(proxy.database)
    await assert.rejects(store.settle([batch]), { kind: 'connection' })
    assert.equal((await store.settle([batch])).get(batch), 'settled')
    const { rows } = await client.query('select sum(view_count)::int as views from daily_user_item_summary')
    assert.deepEqual(rows, [{ views: users.length }])
  })
}

test('two consumers that insert the same new rows at the same time both count', async t => {
  const { client, database, batchOf, storeOf } = await freshStore(t)
  const rows = deltaOf(Array.from({ length: 5_000 }, (_, n) => uuidOf(`new user ${n}`)))
  const settling = [0, 1].map(async partition => {
    const batch = { ...(await batchOf(partition)), to: 5_000, counted: 5_000, delta: rows }
    return (await storeOf(database).settle([batch])).get(batch)
  })
  assert.deepEqual(await Promise.all(settling), ['settled', 'settled'])
  const { rows: found } = await client.query(
    'select view_count::int as views, count(*)::int as rows from daily_user_item_summary group by 1',
  )
  assert.deepEqual(found, [{ views: 2, rows: 5_000 }])
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
