import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Producer } from 'kafkajs'
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
import { closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, sendForeign } from '../support/foreign.ts'

test('G1: records of aborted transactions are skipped, two of one producer in one fetch and interleaved ones too', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const one = await transactional(t, topic)
  const other = await transactional(t, topic)

  await inTransaction(one, topic, events(0, 10), 'abort')
  await inTransaction(one, topic, events(10, 10), 'abort')
  await inTransaction(one, topic, events(20, 10), 'commit')
  // Two producers take turns in one partition; the one that goes on longer aborts, and after it the other one does.
  const first = await one.transaction()
  const second = await other.transaction()
  await first.send({ topic, messages: messages(events(30, 5)) })
  await second.send({ topic, messages: messages(events(35, 5)) })
  await first.send({ topic, messages: messages(events(40, 5)) })
  await second.commit()
  await first.send({ topic, messages: messages(events(45, 5)) })
  await first.abort()
  await inTransaction(other, topic, events(50, 10), 'abort')
  await sendForeign(t, topic, messages(events(60, 10)))

  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  const markers = 6
  await untilRead(client, 70 + markers)
  assert.deepEqual(await countedTable(client), recount([...events(20, 10), ...events(35, 5), ...events(60, 10)]))
  assert.deepEqual(await fates(client), { counted: 25, duplicate: 0, rejected: 0, skipped: 45 + markers })
  await assertBalanced(client)
})

test('G1: a transaction that takes several fetches is skipped although its abort marker comes in the last one', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const producer = await transactional(t, topic)
  const padded = (from: number) =>
    events(from, 500).map(event => ({ value: bytesOf({ ...event, pad: 'x'.repeat(1_000) }) }))
  const long = await producer.transaction()
  for (let i = 0; i < 8; i++) await long.send({ topic, messages: padded(i * 500) })
  await long.abort()
  const kept = await producer.transaction()
  for (let i = 0; i < 8; i++) await kept.send({ topic, messages: padded(i * 500) })
  await kept.commit()

  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(client, 8_002)
  assert.deepEqual(await countedTable(client), recount(events(0, 4_000)))
  assert.deepEqual(await fates(client), { counted: 4_000, duplicate: 0, rejected: 0, skipped: 4_002 })
  await assertBalanced(client)
})

test('G1: nothing behind an open transaction is counted before its end is known', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await until(async () => (await ledger(client)).length === 2, 20_000, 'both partitions are opened')
  const producer = await transactional(t, topic)

  for (const [round, end] of (['abort', 'commit', 'abort'] as const).entries()) {
    const before = await ledgerOf(client, 0)
    const open = await producer.transaction()
    await open.send({ topic, messages: messages(events(0, 10)) })
    await sendForeign(t, topic, messages(events(10, 10)))
    // What is sent to the other partition afterwards arrives by a fetch that asked for this one as well.
    for (let i = 0; i < 3; i++) {
      await sendForeign(t, topic, messages(events(20 + i, 1), 1))
      const sent = 3 * round + i + 1
      await until(async () => (await ledgerOf(client, 1)).next_offset === sent, 10_000, 'the other partition goes on')
    }
    assert.deepEqual(await ledgerOf(client, 0), before, 'nothing is passed over')
    await open[end]()
    await until(async () => (await ledgerOf(client, 0)).next_offset === 21 * (round + 1), 10_000, 'it goes on')
  }

  const plain = [...events(10, 10), ...events(20, 3)]
  assert.deepEqual(await countedTable(client), recount([...plain, ...plain, ...plain, ...events(0, 10)]))
  assert.deepEqual(await fates(client), { counted: 49, duplicate: 0, rejected: 0, skipped: 20 + 3 })
  await assertBalanced(client)
})

const events = (from: number, count: number): Sent[] => Array.from({ length: count }, (_, i) => eventOf(from + i))

const messages = (events: readonly Sent[], partition = 0) =>
  events.map(event => ({ key: null, value: bytesOf(event), partition }))

async function transactional(t: TestContext, topic: string): Promise<Producer> {
  const producer = foreignClient().producer({
    transactionalId: `${topic} ${Math.random()}`,
    maxInFlightRequests: 1,
    idempotent: true,
    allowAutoTopicCreation: false,
    createPartitioner: () => () => 0,
  })
  await producer.connect()
  closing(t, () => producer.disconnect())
  return producer
}

async function inTransaction(producer: Producer, topic: string, sent: readonly Sent[], end: 'abort' | 'commit') {
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: messages(sent) })
  await transaction[end]()
}

async function ledgerOf(client: pg.Client, partition: number) {
  return (await ledger(client)).find(row => row.partition === partition)!
}
