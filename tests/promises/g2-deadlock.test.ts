/** G2: consumers that count into the same rows from different partitions wait for each other, but never in a circle. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { assertBalanced, countedTable, fates, recount, type Sent, untilRead } from '../support/counting.ts'
import { connect, type Database, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { startHeard } from '../support/heard.ts'

const records = 60_000
const users = Array.from({ length: 50 }, (_, n) => uuidOf(`user ${n}`))
const items = Array.from({ length: 60 }, (_, n) => uuidOf(`item ${n}`))

/** 3,000 rows, met by the two partitions in different orders. */
function event(n: number): Sent {
  const row = (Math.floor(n / 2) * (n % 2 === 0 ? 7_919 : 104_729)) % 3_000
  return { ...eventOf(0), user_id: users[row % 50]!, item_id: items[Math.floor(row / 50)]! }
}

test('G2: two consumers counting into the same 3,000 rows from two partitions never deadlock', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const events = Array.from({ length: records }, (_, n) => event(n))
  // Small batches: many transactions, which overlap all the time.
  const settings = { CONSUMER_MAX_PENDING_RECORDS: '1000' }
  const consumers = [
    await startHeard(t, { topic, database, settings }),
    await startHeard(t, { topic, database, settings }),
  ]
  const isShared = () => consumers.every(consumer => consumer.assigned().length === 1)
  await until(isShared, 30_000, 'each has one partition')
  await sendForeign(
    t,
    topic,
    events.map((one, n) => ({ value: bytesOf(one), partition: n % 2 })),
  )

  await untilRead(client, records)
  assert.deepEqual(await countedTable(client), recount(events))
  assert.equal((await fates(client)).counted, records)
  await assertBalanced(client)
  // A backend has told its numbers for certain when it has ended.
  await Promise.all(consumers.map(consumer => consumer.stop()))
  await until(() => isAlone(client, database), 5_000, 'the consumers closed their connections')
  const { rows } = await client.query('select deadlocks::int from pg_stat_database where datname = $1', [
    database.database,
  ])
  assert.equal(rows[0].deadlocks, 0)
})

async function isAlone(client: pg.Client, { database }: Database): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_stat_activity where datname = $1', [database])
  return rowCount === 1
}
