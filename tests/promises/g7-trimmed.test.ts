import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import {
  assertBalanced,
  countedTable,
  ledger,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, sendForeign } from '../support/foreign.ts'
import { carryOut, halts } from '../support/resume.ts'
import { deleteRecords } from '../support/trim.ts'

test('G7: records deleted past our position while no consumer ran halt that partition alone, also after a restart', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  await sendForeign(t, topic, [...messages(0, 100, 0), ...messages(100, 100, 1)])
  const client = await connect(t, database)
  const first = await startCounting(t, { topic, database })
  await untilRead(client, 200)
  await first.stop()
  await sendForeign(t, topic, [...messages(200, 100, 0), ...messages(300, 100, 1)])
  await deleteRecords(topic, 0, 150)
  await deleteRecords(topic, 1, 100) // all that was counted and not one more: nothing is lost

  for (const sent of [100, 200]) {
    const running = await startCounting(t, { topic, database })
    await until(async () => (await rowOf(client, 1)).next_offset === 100 + sent, 20_000, 'the other goes on')
    await until(async () => (await rowOf(client, 0)).state === 'halted', 20_000, 'it is halted')
    await sendForeign(t, topic, [...messages(300 + sent, 100, 1), ...messages(0, 10, 0)])
    await until(async () => (await rowOf(client, 1)).next_offset === 200 + sent, 20_000, 'the other goes on')
    const { next_offset, counted, state, halt_reason } = await rowOf(client, 0)
    assert.deepEqual([next_offset, counted, state, halt_reason], [100, 100, 'halted', 'trimmed'])
    await running.stop()
  }
  const { rows } = await client.query('select halt_from::int, halt_to::int from partition_ledger where partition = 0')
  assert.deepEqual(rows, [{ halt_from: 100, halt_to: 149 }])
  assert.deepEqual(await countedTable(client), recount([...events(0, 200), ...events(300, 300)]))
  await assertBalanced(client)

  const place = { topic, database }
  await startCounting(t, place)
  await deleteRecords(topic, 0, 160) // retention does not wait for a person
  await carryOut(place, [...(await halts(place)).values()][0]!.waysOut[0]!.command)
  await until(async () => (await rowOf(client, 0)).next_offset === 220, 20_000, 'it goes on behind the loss')
  const { lost, counted, state } = await rowOf(client, 0)
  assert.deepEqual([lost, counted, state], [60, 160, 'open'])
  // The two rounds sent 200 more, to the other partition; in this one 160 to 199 are events 260 to 299.
  const read = [...events(0, 200), ...events(300, 300), ...events(260, 40), ...events(0, 10), ...events(0, 10)]
  assert.deepEqual(await countedTable(client), recount(read))
  await assertBalanced(client)
})

test('G7: records deleted in front of a running consumer halt that partition alone', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  await sendForeign(t, topic, [...messages(0, 100, 0), ...messages(100, 100, 1)])
  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(client, 200)
  const unended = await openTransaction(t, topic) // holds the consumer at 100 while records gather before it
  await sendForeign(t, topic, messages(0, 100, 0))
  await deleteRecords(topic, 0, 150)
  await until(async () => (await rowOf(client, 0)).state === 'halted', 20_000, 'it is halted')
  await unended.abort()
  await sendForeign(t, topic, messages(200, 100, 1))
  await until(async () => (await rowOf(client, 1)).next_offset === 200, 20_000, 'the other goes on')
  assert.equal((await rowOf(client, 0)).halt_reason, 'trimmed')
  assert.deepEqual(await countedTable(client), recount(events(0, 300)))
  await assertBalanced(client)
})

test('G7: a partition halts while another one still has far to go', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  await sendForeign(t, topic, messages(0, 100, 1))
  const first = await startCounting(t, { topic, database })
  await untilRead(client, 100)
  await first.stop()
  const backlog = 150_000
  const sent = messages(0, 1_000, 0)
  for (let i = 0; i < backlog; i += 10_000) await sendForeign(t, topic, Array(10).fill(sent).flat())
  await sendForeign(t, topic, messages(0, 100, 1))
  await deleteRecords(topic, 1, 150)
  await startCounting(t, { topic, database })
  const row = await until(
    async () => {
      const [other, troubled] = await ledger(client)
      return troubled?.state === 'halted' && other
    },
    20_000,
    'it is halted',
  )
  assert.ok(row.next_offset < backlog, `the other one was at ${row.next_offset} of ${backlog}`)
  await until(async () => (await rowOf(client, 0)).next_offset === backlog, 20_000, 'the other goes on')
  await assertBalanced(client)
})

test('G7: while nothing is counted an earliest start moves with the start of the log, also under a running consumer', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const unended = await openTransaction(t, topic)
  await sendForeign(t, topic, messages(0, 100, 0))
  const first = await startCounting(t, { topic, database })
  await until(async () => (await ledger(client)).length === 2, 20_000, 'both partitions are opened')
  await deleteRecords(topic, 0, 30)
  await until(async () => (await rowOf(client, 0)).start_offset === 30, 20_000, 'the start moves')
  await first.stop()
  await deleteRecords(topic, 0, 60)
  await startCounting(t, { topic, database })
  await until(async () => (await rowOf(client, 0)).start_offset === 60, 20_000, 'the start moves again')
  await unended.abort()
  await until(async () => (await rowOf(client, 0)).next_offset === 102, 20_000, 'it counts')
  const { start_offset, counted, skipped, state } = await rowOf(client, 0)
  assert.deepEqual([start_offset, counted, skipped, state], [60, 41, 1, 'open'])
  // Offset 0 was the transaction's record, so offset 60 is event 59.
  assert.deepEqual(await countedTable(client), recount(events(59, 41)))
  await assertBalanced(client)
  const { rows } = await client.query('select from_offset::int from partition_rules where partition = 0')
  assert.deepEqual(rows, [{ from_offset: 60 }])
})

const events = (from: number, count: number): Sent[] => Array.from({ length: count }, (_, i) => eventOf(from + i))

const messages = (from: number, count: number, partition: number) =>
  events(from, count).map(event => ({ key: null, value: bytesOf(event), partition }))

const rowOf = async (client: pg.Client, partition: number) =>
  (await ledger(client)).find(row => row.partition === partition)!

/** One record in partition 0, and no consumer comes past it until the transaction ends. */
async function openTransaction(t: TestContext, topic: string) {
  const producer = foreignClient().producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  closing(t, () => producer.disconnect())
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: messages(9, 1, 0) })
  return transaction
}
