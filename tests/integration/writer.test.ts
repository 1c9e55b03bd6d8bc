import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { RecordsRefused } from '../../src/kafka/lane.ts'
import type { OutgoingRecord } from '../../src/kafka/record-batch.ts'
import { openWriter, type Writer, WriterFull } from '../../src/kafka/writer.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { freshName, freshTopic, sharedKafka, until } from '../support/environment.ts'

const flushMs = 5_000

function open(t: TestContext, topic: string, partitions: number, kafka = sharedKafka().address): Writer {
  const config = parseConfig({ KAFKA_BOOTSTRAP_SERVERS: kafka, KAFKA_TOPIC_USER_ACTIVITIES: topic })
  const writer = openWriter(config, createLog('tests', 'silent'), 'tests', partitions)
  t.after(() => writer.close(0))
  return writer
}

const record = (value: string, more: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  key: null,
  value: Buffer.from(value),
  ...more,
})

/** What kafkajs reads, by partition, in order. */
async function read(t: TestContext, topic: string, expected: number) {
  const client = new Kafka({ clientId: 'reader', brokers: [sharedKafka().address], logLevel: logLevel.NOTHING })
  const consumer = client.consumer({ groupId: freshName('reader'), maxWaitTimeInMs: 100 })
  t.after(() => consumer.disconnect())
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const found: { partition: number; value: string | undefined; headers: object }[] = []
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      found.push({ partition, value: message.value?.toString(), headers: message.headers ?? {} })
    },
  })
  await until(() => found.length >= expected, 20_000, `${expected} records of ${topic}`)
  return found
}

test('a foreign client reads keys, headers, tombstones and chosen partitions as they were sent', async t => {
  const topic = await freshTopic(3)
  const writer = open(t, topic, 3)
  const header = [['origin', Buffer.from('2/17')]] as const
  await writer.send([
    record('here', { partition: 2, headers: header }),
    { key: Buffer.from('k'), value: null, partition: 1 },
  ])
  const found = await read(t, topic, 2)
  const chosen = found.find(({ partition }) => partition === 2)!
  assert.deepEqual(chosen, { partition: 2, value: 'here', headers: { origin: Buffer.from('2/17') } })
  assert.equal(found.find(({ partition }) => partition === 1)!.value, undefined)
})

test('sends that overlap keep their order within a partition', async t => {
  const topic = await freshTopic(1)
  const writer = open(t, topic, 1)
  await Promise.all(Array.from({ length: 300 }, (_, number) => writer.send([record(String(number))])))
  const found = await read(t, topic, 300)
  assert.deepEqual(
    found.map(({ value }) => Number(value)),
    Array.from({ length: 300 }, (_, number) => number),
  )
  assert.equal(writer.books.acknowledged, 300)
})

test('a batch above the topic’s limit is sent in parts; a record above it is refused, and only that', async t => {
  const topic = await freshTopic(1, { 'max.message.bytes': '20000' })
  const writer = open(t, topic, 1)
  await writer.send(Array.from({ length: 1_000 }, (_, number) => record(`${number}`.padEnd(300, '.'))))
  await assert.rejects(writer.send([record('x'.repeat(30_000))]), (error: Error) => {
    assert.ok(error instanceof RecordsRefused)
    assert.match(error.message, /partition 0 refused 1 records: MESSAGE_TOO_LARGE/)
    return true
  })
  await writer.send([record('after')])
  const found = await read(t, topic, 1_001)
  const numbers = found.slice(0, 1_000).map(({ value }) => Number.parseInt(value!, 10))
  assert.deepEqual(
    numbers,
    Array.from({ length: 1_000 }, (_, number) => number),
  )
  assert.equal(found[1_000]!.value, 'after')
  assert.deepEqual([writer.books.acknowledged, writer.books.refused], [1_001, 1])
})

test('without a Kafka it holds 32 MiB and no more, and says what never left', async t => {
  const writer = open(t, 'nowhere', 2, '127.0.0.1:1')
  const many = Array.from({ length: 1_000 }, () => record('x'.repeat(1_000)))
  const sends: Promise<void>[] = []
  while (!writer.full) sends.push(writer.send(many))
  await assert.rejects(writer.send(many), WriterFull)
  assert.ok(sends.length > 30 && sends.length < 35)
  const results = Promise.allSettled(sends)
  const { unsent, unknown, acknowledged } = await writer.close(0)
  assert.deepEqual([unsent, unknown, acknowledged], [sends.length * 1_000, 0, 0])
  assert.ok((await results).every(({ status }) => status === 'rejected'))
})

test('closing waits for what is on its way', async t => {
  const topic = await freshTopic(4)
  const writer = open(t, topic, 4)
  const sent = writer.send(Array.from({ length: 5_000 }, (_, number) => record(`${number}`, { partition: number % 4 })))
  const books = await writer.close(flushMs)
  await sent
  assert.deepEqual([books.acknowledged, books.unknown, books.unsent], [5_000, 0, 0])
})
