import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import kafkajs from 'kafkajs'
import type pg from 'pg'
import { startKafka } from '../../src/stack/kafka.ts'
import {
  assertBalanced,
  countedTable,
  ledger,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import { seal } from '../support/encode-log.ts'
import {
  closing,
  connect,
  freshDatabase,
  freshName,
  freshTopic,
  type Own,
  sharedFolder,
  sharedJars,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, sendForeign } from '../support/foreign.ts'

const { ConfigResourceTypes } = kafkajs

const perBatch = 30

/** What is done to the middle one of three record batches, and how its partition halts. */
const damages: readonly [name: string, damage: (batch: Buffer) => void, reason: string, from: number, to: number][] = [
  ['a bit of a record flipped', batch => flip(batch, 1_000, 0x10), 'bad_crc', 30, 59],
  ['a bit of the checksum flipped', batch => flip(batch, 17, 0x80), 'bad_crc', 30, 59],
  ['a bit of the length flipped', batch => flip(batch, 11, 0x20), 'bad_crc', 30, 59],
  ['the sign of the length flipped', batch => flip(batch, 8, 0x80), 'bad_crc', 29, 29],
  ['a bit of the base offset flipped', batch => flip(batch, 7, 0x40), 'gap', 30, 93],
  ['a format that is to come', batch => batch.writeInt8(3, 16), 'unknown_format', 30, 30],
  ['a codec that is to come', batch => void seal(set(batch, 22, 0x0f)), 'unknown_codec', 30, 59],
  ['bytes that do not inflate', batch => void seal(set(batch, 22, 0x09)), 'malformed', 30, 59],
  ['a record too few', batch => void seal(set(batch, 60, perBatch - 1)), 'gap', 30, 59],
]

test('G7 on a Kafka whose files change while it is down', async t => {
  const kafka = await kafkaOverFiles(t)

  await t.test('a damaged record batch halts its partition, for good, and the others go on', async t => {
    const partitions = damages.length + 1
    const topic = await freshTopic(partitions, {}, kafka)
    for (const from of [0, 1, 2]) await sendForeign(t, topic, messages(from, partitions), kafka)
    await kafka.stop()
    for (const [partition, [, damage]] of damages.entries()) {
      const segment = kafka.segment(topic, partition)
      damage(batchesOf(segment.bytes)[1]!)
      segment.write(segment.bytes)
    }
    await kafka.start()

    const database = await freshDatabase()
    const client = await connect(t, database)
    const sound = partitions - 1
    const expected = damages.map(([name, , reason, from, to]) => `${name}: 30 halted ${reason} ${from} ${to}`)
    for (const round of [1, 2]) {
      const running = await startCounting(t, { topic, database, kafka })
      const counted = perBatch * (2 + round)
      await until(async () => (await ledger(client))[sound]!.next_offset === counted, 20_000, 'the sound one goes on')
      await until(async () => (await haltsOf(client)).length === sound, 20_000, 'the others halt').catch(() => {})
      const halts = await haltsOf(client)
      assert.deepEqual(
        halts.map((halt, partition) => `${damages[partition]![0]}: ${halt}`),
        expected,
      )
      assert.deepEqual(
        await countedTable(client),
        recount([...eventsOf(0, partitions), ...[1, 2, 3].slice(0, 1 + round).flatMap(at => eventsIn(at, sound))]),
      )
      await assertBalanced(client)
      await running.stop()
      await sendForeign(t, topic, messages(3, partitions), kafka)
    }
  })

  await t.test('a log that lost its tail halts, also when it has grown again, and the others go on', async t => {
    const topic = await freshTopic(3, {}, kafka)
    await sendForeign(t, topic, messages(0, 3), kafka)
    await sendForeign(t, topic, messages(1, 3), kafka)
    const databases = [await freshDatabase(), await freshDatabase()] as const
    const clients = [await connect(t, databases[0]), await connect(t, databases[1])] as const
    // One consumer runs all the time, the other one is down meanwhile.
    await startCounting(t, { topic, database: databases[0], kafka })
    const settings = { KAFKA_CONSUMER_GROUP: `${topic}-other` }
    const stopped = await startCounting(t, { topic, database: databases[1], kafka, settings })
    for (const client of clients) await untilRead(client, 6 * perBatch)
    await stopped.stop()
    await kafka.stop()
    for (const partition of [0, 1]) {
      const segment = kafka.segment(topic, partition)
      segment.write(batchesOf(segment.bytes)[0]!)
    }
    await kafka.start()
    for (const at of [5, 6, 7]) await sendForeign(t, topic, only(messages(at, 3), 1), kafka)
    await sendForeign(t, topic, only(messages(2, 3), 2), kafka)
    await startCounting(t, { topic, database: databases[1], kafka, settings })

    for (const client of clients) {
      await until(async () => (await ledger(client))[2]!.next_offset === 3 * perBatch, 30_000, 'the sound one goes on')
      await until(async () => (await haltsOf(client)).length === 2, 20_000, 'the others halt')
      const [cut, grown] = await haltsOf(client)
      assert.equal(cut, '60 halted truncated 30 59')
      assert.match(grown!, /^60 halted (truncated 30 59|diverged 59 59)$/)
      const counted = [...eventsOf(0, 3), ...eventsOf(1, 3), ...eventsIn(2, 2)]
      assert.deepEqual(await countedTable(client), recount(counted))
      await assertBalanced(client)
    }
  })

  await t.test(
    'a log that was compacted meanwhile halts at the first batch that misses a record, and a compacted topic is refused',
    async t => {
      const compacted = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.01' }
      const topic = await freshTopic(2, compacted, kafka)
      const database = await freshDatabase()
      const client = await connect(t, database)
      const refused = await startCounting(t, { topic, database, kafka })
      await assert.rejects(refused.ended, /compacted/)

      const keyed = messages(0, 2).map((message, i) => ({
        ...message,
        key: `${i < 10 ? 'kept' : 'replaced'} ${i % 10}`,
      }))
      await sendForeign(t, topic, only(keyed, 0), kafka)
      const before = kafka.segment(topic, 0).bytes.length
      await until(
        async () => {
          await sendForeign(t, topic, only(keyed, 0).slice(10), kafka) // only what is not the latest segment is compacted
          return kafka.segment(topic, 0).bytes.length < before
        },
        20_000,
        'it is compacted',
      )
      const admin = foreignClient(kafka).admin()
      await admin.connect()
      closing(t, () => admin.disconnect())
      const configEntries = [{ name: 'cleanup.policy', value: 'delete' }]
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
      })
      const name = { type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy'] }
      await until(
        async () => {
          const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [name] })
          return resources[0]!.configEntries[0]!.configValue === 'delete'
        },
        10_000,
        'its policy is changed',
      )
      await sendForeign(t, topic, only(messages(0, 2), 1), kafka)
      await startCounting(t, { topic, database, kafka })
      await until(async () => (await haltsOf(client)).length === 1, 20_000, 'it is halted')
      assert.match((await haltsOf(client))[0]!, /^0 halted gap 0 /)
      await untilRead(client, perBatch)
      assert.deepEqual(await countedTable(client), recount(eventsIn(0, 1)))
    },
  )
})

/** The events of one record batch: no other has them. */
const eventsIn = (at: number, partition: number): Sent[] =>
  Array.from({ length: perBatch }, (_, i) => eventOf(at * 10_000 + partition * 100 + i))

const eventsOf = (at: number, partitions: number): Sent[] =>
  Array.from({ length: partitions }, (_, partition) => eventsIn(at, partition)).flat()

/** One record batch for each partition. */
const messages = (at: number, partitions: number) =>
  Array.from({ length: partitions }, (_, partition) =>
    eventsIn(at, partition).map(event => ({ key: null, value: bytesOf(event), partition })),
  ).flat()

const only = <T extends { readonly partition: number }>(sent: readonly T[], partition: number) =>
  sent.filter(one => one.partition === partition)

async function haltsOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    `select next_offset, state, halt_reason, halt_from, halt_to from partition_ledger
      where state <> 'open' order by partition`,
  )
  return rows.map(row => Object.values(row).join(' '))
}

function flip(batch: Buffer, at: number, bit: number): void {
  batch[at]! ^= bit
}

function set(batch: Buffer, at: number, byte: number): Buffer {
  batch[at] = byte
  return batch
}

/** The record batches of a segment file, as views of it. */
function batchesOf(segment: Buffer): Buffer[] {
  const batches: Buffer[] = []
  for (let at = 0; at < segment.length; ) {
    const end = at + 12 + segment.readInt32BE(at + 8)
    batches.push(segment.subarray(at, end))
    at = end
  }
  return batches
}

interface Files extends Pick<Own, 'host' | 'port' | 'address' | 'stop' | 'start'> {
  /** The one segment file of a partition, to be changed while Kafka is down. */
  readonly segment: (topic: string, partition: number) => { bytes: Buffer; write: (bytes: Buffer) => void }
}

async function kafkaOverFiles(test: TestContext): Promise<Files> {
  const folder = join(sharedFolder(), freshName('kafka'))
  // Compaction looks for work all the time instead of every 15 s.
  const settings = { 'log.cleaner.backoff.ms': '100' }
  const start = (port?: number) => startKafka({ folder, jars: sharedJars(), logFile: `${folder}.log`, port, settings })
  let running = await start()
  closing(test, () => running.kill())
  const { host, port, address } = running
  return {
    host,
    port,
    address,
    stop: () => running.stop(),
    start: async () => {
      running = await start(port)
    },
    segment: (topic, partition) => {
      const part = join(folder, 'data', `${topic}-${partition}`)
      const file = join(part, '00000000000000000000.log')
      return {
        bytes: readFileSync(file),
        write: bytes => {
          const isCut = bytes.length < statSync(file).size
          writeFileSync(file, bytes)
          // They point beyond the end now; Kafka makes them anew.
          if (isCut) for (const name of readdirSync(part)) if (/index$|snapshot$/.test(name)) rmSync(join(part, name))
        },
      }
    },
  }
}
