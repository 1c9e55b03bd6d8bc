/** G3: an event that is sent again counts once, for as long as its id is in the window. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import {
  assertBalanced,
  countedTable,
  fates,
  ledger,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

test('G3: every event sent three times is counted once, and so it is when it is sent again after a restart', async t => {
  const topic = await freshTopic(3)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const events = Array.from({ length: 3_000 }, (_, n) => eventOf(n, 'once-'))
  const send = (times: readonly Sent[]) =>
    sendForeign(
      t,
      topic,
      times.map(event => ({ key: event.user_id.toLowerCase(), value: bytesOf(event) })),
    )

  const first = await startCounting(t, { topic, database })
  // Twice in a row, and once more when all others were sent; a user may be written in capitals.
  const capitals = events.map(event => ({ ...event, user_id: event.user_id.toUpperCase() }))
  await send([...events.flatMap(event => [event, event]), ...capitals])
  await untilRead(client, 9_000)
  assert.deepEqual(await countedTable(client), recount(events))
  assert.deepEqual(await fates(client), { counted: 3_000, duplicate: 6_000, rejected: 0, skipped: 0 })
  const byPartition = await ledger(client)
  assert.ok(byPartition.every(row => row.duplicate === 2 * row.counted && row.counted > 0))

  await first.stop()
  await startCounting(t, { topic, database })
  await send(events)
  await untilRead(client, 12_000)
  assert.deepEqual(await countedTable(client), recount(events))
  assert.deepEqual(await fates(client), { counted: 3_000, duplicate: 9_000, rejected: 0, skipped: 0 })
  await assertBalanced(client)
})

test('G3: the same id counts for each user by himself, and without an id every record counts', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const events = [1, 2, 3].map(n => ({ ...eventOf(n), event_id: 'same' }))
  const plain = [eventOf(1), eventOf(1), eventOf(1)]
  await startCounting(t, { topic, database })
  await sendForeign(
    t,
    topic,
    [...events, ...events, ...plain].map(event => ({ value: bytesOf(event) })),
  )
  await untilRead(client, 9)
  assert.deepEqual(await fates(client), { counted: 6, duplicate: 3, rejected: 0, skipped: 0 })
  assert.deepEqual(await countedTable(client), recount([...events, ...plain]))
})

test('G3: ids leave by the clock of the log and by their number, from memory and from the table, over restarts', async t => {
  const { send, restart, segments, client } = await windowOf(t, { DEDUPE_WINDOW_HOURS: '1', DEDUPE_MAX_IDS: '65536' })
  const minute = 60_000

  assert.deepEqual(await send(0, range(0, 100)), { counted: 100, duplicate: 0 })
  assert.deepEqual(await send(9 * minute, range(50, 150)), { counted: 50, duplicate: 50 })
  assert.deepEqual(await segments(), [{ rows: 'many', ids: 150 }])

  // Ten minutes past its first id a segment is closed, by the next new id, and merged.
  assert.deepEqual(await send(10 * minute, range(149, 200)), { counted: 50, duplicate: 1 })
  assert.deepEqual(await segments(), [
    { rows: 'one', ids: 150 },
    { rows: 'one', ids: 50 },
  ])

  // The newest id of the first segment is of minute 9: it stays until minute 69 is over.
  await restart()
  assert.deepEqual(await send(69 * minute, range(0, 200)), { counted: 0, duplicate: 200 })
  await restart()
  assert.deepEqual(await send(69 * minute + 1, range(140, 200)), { counted: 10, duplicate: 50 })
  assert.deepEqual(await segments(), [
    { rows: 'one', ids: 50 },
    { rows: 'one', ids: 10 },
  ])

  // One id above the maximum, and the oldest segment leaves.
  assert.deepEqual(await send(70 * minute, range(1_000, 1_000 + 65_536 - 60)), { counted: 65_476, duplicate: 0 })
  assert.deepEqual(await send(70 * minute, range(150, 200)), { counted: 0, duplicate: 50 })
  assert.deepEqual(await send(70 * minute, range(0, 1)), { counted: 1, duplicate: 0 })
  assert.deepEqual(await segments(), [{ rows: 'many', ids: 65_487 }])
  await restart()
  assert.deepEqual(await send(70 * minute, range(150, 190)), { counted: 40, duplicate: 0 })
  const remembered = [...range(140, 150), ...range(1_000, 1_100)]
  assert.deepEqual(await send(70 * minute, remembered), { counted: 0, duplicate: 110 })
  // Nine more and the only segment is full; the next id opens another, and the maximum leaves no room for both.
  assert.deepEqual(await send(70 * minute, range(200, 209)), { counted: 9, duplicate: 0 })
  assert.deepEqual(await segments(), [{ rows: 'many', ids: 65_536 }])
  assert.deepEqual(await send(70 * minute, range(209, 210)), { counted: 1, duplicate: 0 })
  assert.deepEqual(await segments(), [{ rows: 'one', ids: 1 }])
  await assertBalanced(client)
})

/** A topic with the sender's time, one partition, and a consumer: what becomes of ids sent at certain times. */
async function windowOf(t: TestContext, settings: Record<string, string>) {
  const topic = await freshTopic(1, { 'message.timestamp.type': 'CreateTime' })
  const database = await freshDatabase()
  const client = await connect(t, database)
  const startMs = Date.now() - 86_400_000
  const timestamp = new Date(startMs).toISOString()
  let consumer = await startCounting(t, { topic, database, settings })
  let records = 0
  let before = { counted: 0, duplicate: 0 }
  return {
    client,
    /** Sends an event with each id, appended so long after the start. @returns the fates of these. */
    async send(afterMs: number, ids: readonly number[]) {
      const messages = ids.map(id => ({
        value: bytesOf({ ...eventOf(0), timestamp, event_id: `id-${id}` }),
        timestamp: String(startMs + afterMs),
      }))
      await sendForeign(t, topic, messages)
      records += ids.length
      await untilRead(client, records)
      const { counted, duplicate } = await fates(client)
      const now = { counted: counted - before.counted, duplicate: duplicate - before.duplicate }
      before = { counted, duplicate }
      return now
    },
    async restart() {
      await consumer.stop()
      consumer = await startCounting(t, { topic, database, settings })
    },
    segments: () => storedSegments(client),
  }
}

/** How many rows hold a segment depends on the batches while it is open; afterwards it is one. */
async function storedSegments(client: pg.Client): Promise<{ rows: string; ids: number }[]> {
  const { rows } = await client.query(
    `select case count(*) when 1 then 'one' else 'many' end as rows, (sum(length(ids)) / 16)::int as ids from event_ids group by segment order by segment`,
  )
  return rows
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n)
}
