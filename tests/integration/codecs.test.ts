import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type CompressionAlgorithmValue, type MessageToProduce, ProduceAcks, Producer } from '@platformatic/kafka'
import { LogReader } from '../../src/kafka/reader.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
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
import { closing, connect, freshDatabase, freshTopic, settingsFor, sharedKafka, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { carryOut } from '../support/resume.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

for (const [bits, codec] of codecs.entries()) {
  test(`records compressed with ${codec} by a Node client and by Kafka's own Java code are counted`, async t => {
    // The broker compresses what comes otherwise, as Java clients do it; what comes so it keeps as it is.
    const topic = await freshTopic(2, { 'compression.type': codec === 'none' ? 'uncompressed' : codec })
    const database = await freshDatabase()
    const sent = events(0, 2_000)
    const ours = sent.slice(0, 1_000).map((event, i) => ({ ...dressed(event, i), topic, partition: 0 }))
    await produce(t, ours, codec)
    const theirs = sent.slice(1_000).map((event, i) => ({ ...dressed(event, i), partition: 1 }))
    await sendForeign(
      t,
      topic,
      theirs.map(({ key = null, ...rest }) => ({ ...rest, key })),
    )
    const tombstones = [0, 1].map(partition => ({ topic, partition, key: Buffer.from('gone') }))
    await produce(t, tombstones, codec)
    for (const partition of [0, 1]) assert.equal(await codecOf(t, topic, partition), bits)

    await startCounting(t, { topic, database })
    const client = await connect(t, database)
    await untilRead(client, 2_002)
    assert.deepEqual(await countedTable(client), recount(sent))
    assert.deepEqual(await fates(client), { counted: 2_000, duplicate: 0, rejected: 0, skipped: 2 })
    await assertBalanced(client)
  })
}

test('records of 8 MB are read, good and bad ones, and small partitions go on beside them', async t => {
  const topic = await freshTopic(4, { 'max.message.bytes': '10000000' })
  const database = await freshDatabase()
  const small = events(0, 4_000)
  const large = events(4_000, 4)
  const bad = Buffer.from(randomBytes(3_900_000).toString('hex'))
  const record = (value: Buffer, partition: number) => ({ topic, value, partition })
  for (const event of large) {
    const value = bytesOf({ ...event, pad: randomBytes(4_000_000).toString('base64') + 'x'.repeat(2_000_000) })
    await produce(t, [record(value, 0)], 'none')
  }
  await produce(t, [record(bad, 0)], 'none')
  await produce(
    t,
    small.map((event, i) => record(bytesOf(event), i % 4)),
    'none',
  )

  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(client, 4_005)
  assert.deepEqual(await countedTable(client), recount([...small, ...large]))
  const { rows } = await client.query('select reason, value from rejects')
  assert.equal(rows.length, 1)
  assert.equal(rows[0].reason, 'not_json')
  assert.ok(rows[0].value.equals(bad), 'kept byte for byte')
  await assertBalanced(client)
})

test('a batch that inflates beyond CONSUMER_MAX_BATCH_BYTES halts its partition, and the others go on', async t => {
  const topic = await freshTopic(codecs.length)
  const database = await freshDatabase()
  const pad = 'x'.repeat(3_000_000)
  const good = (at: number) => codecs.flatMap((_, partition) => record(eventOf(100 * at + partition), partition))
  const record = (event: object, partition: number) => ({ topic, partition, value: bytesOf(event) })
  await produce(t, good(0), 'none')
  for (const [partition, codec] of codecs.entries()) {
    if (codec !== 'none') await produce(t, [record({ ...eventOf(50 + partition), pad }, partition)], codec)
  }
  await produce(t, good(1), 'none')

  const client = await connect(t, database)
  const small = await startCounting(t, { topic, database, settings: { CONSUMER_MAX_BATCH_BYTES: '1048576' } })
  await until(async () => (await ledger(client)).filter(row => row.state === 'halted').length === 4, 20_000, 'halted')
  const standing = (await ledger(client)).map(row => `${row.next_offset} ${row.state} ${row.halt_reason}`)
  assert.deepEqual(standing, ['2 open null', ...Array(4).fill('1 halted too_large')])
  assert.deepEqual(await countedTable(client), recount([...codecs.map((_, p) => eventOf(p)), eventOf(100)]))
  await assertBalanced(client)

  const place = { topic, database }
  const haltedAt = async () =>
    (await client.query('select halted_at::text as at from partition_ledger where partition = 1')).rows[0].at
  const before = await haltedAt()
  await carryOut(place, './footfall partitions resume 1') // seen by a program whose limit is higher than the consumer's
  await until(async () => ![null, before].includes(await haltedAt()), 20_000, 'the consumer halts it again')
  const tight = { ...place, settings: { CONSUMER_MAX_BATCH_BYTES: '1048576' } }
  await carryOut(tight, './footfall partitions resume 2 --accept-loss 1-2')
  await until(async () => (await ledger(client))[2]!.next_offset === 3, 20_000, 'it goes on behind the loss')
  await small.stop()
  await startCounting(t, place)
  await carryOut(place, './footfall partitions resume all')
  await untilRead(client, 2 + 4 * 3)
  const large = [1, 3, 4].map(partition => eventOf(50 + partition))
  const read = [...codecs.flatMap((_, p) => [eventOf(p), eventOf(100 + p)]), ...large]
  assert.deepEqual(await countedTable(client), recount(read))
  assert.deepEqual(
    (await ledger(client)).map(({ lost }) => lost),
    [0, 0, 1, 0, 0],
  )
  await assertBalanced(client)
})

test('a limit that is lower than a batch which was counted already stops nothing', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const client = await connect(t, database)
  await produce(t, [{ topic, partition: 0, value: bytesOf({ ...eventOf(0), pad: 'x'.repeat(3_000_000) }) }], 'gzip')
  const first = await startCounting(t, { topic, database })
  await untilRead(client, 1)
  await first.stop()
  await produce(t, [{ topic, partition: 0, value: bytesOf(eventOf(1)) }], 'gzip')
  await startCounting(t, { topic, database, settings: { CONSUMER_MAX_BATCH_BYTES: '1048576' } })
  await untilRead(client, 2)
})

const events = (from: number, count: number): Sent[] => Array.from({ length: count }, (_, i) => eventOf(from + i))

/** A message as clients send them: with and without key, with none, one or many headers, one of them without value. */
function dressed(event: Sent, i: number) {
  const headers: Record<string, string> = {}
  for (let n = 0; n < i % 4; n++) headers[`header ${n}`] = 'v'.repeat((i * n) % 300)
  const key = i % 3 === 0 ? undefined : Buffer.from(event.user_id)
  return { value: bytesOf(event), headers, ...(key && { key }) }
}

type Message = MessageToProduce<Buffer, Buffer, string, string>

async function produce(t: TestContext, messages: readonly Message[], codec: CompressionAlgorithmValue): Promise<void> {
  const producer = new Producer<Buffer, Buffer, string, string>({
    clientId: 'tests',
    bootstrapBrokers: [sharedKafka().address],
    serializers: { headerKey: text, headerValue: text },
  })
  closing(t, () => producer.close())
  await producer.send({ messages: [...messages], compression: codec, acks: ProduceAcks.ALL })
}

const text = (value?: string) => Buffer.from(value ?? '')

/** What the first record batch of a partition is compressed with, as the log tells. */
async function codecOf(t: TestContext, topic: string, partition: number): Promise<number> {
  const config = parseConfig(settingsFor(sharedKafka(), await freshDatabase(), topic))
  const reader = new LogReader(config, createLog('tests', 'silent'))
  closing(t, () => reader.close())
  const { id } = (await reader.topic())!
  const { records } = await reader.look({ topicId: id, partition, offset: 0, tail: undefined })
  return records.readInt16BE(21) & 7
}
