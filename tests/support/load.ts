/** A steady load in the background, and the log of it as a foreign client reads it back. */
import { setTimeout as pause } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import type { Sent } from './counting.ts'
import { type Address, closing, type Lifetime, sharedKafka, until } from './environment.ts'
import { bytesOf } from './events.ts'

export interface Load {
  /** Everything acknowledged so far. */
  readonly sent: readonly Sent[]
  /** Sends nothing more; returns when all is acknowledged. */
  readonly stop: () => Promise<void>
}

const tickMs = 20

/**
 * Sends events number 0, 1, 2 ... until it is stopped, to the partitions in turn. What was not acknowledged is sent
 * again for as long as it takes: after a crash of Kafka a record may therefore stand in the log twice.
 */
export async function startLoad(
  test: Lifetime,
  topic: string,
  event: (n: number) => Sent,
  { perSecond = 2_000, partitions = 2, kafka = sharedKafka() },
): Promise<Load> {
  // Many quick attempts: a patient client would not send for seconds after Kafka is back.
  const retry = { initialRetryTime: 50, maxRetryTime: 300, retries: 1_000 }
  const producer = client(kafka, retry).producer({ allowAutoTopicCreation: false, retry })
  await producer.connect()
  const sent: Sent[] = []
  let stopping = false
  const send = async () => {
    for (let tick = 0; !stopping; tick++) {
      const events = Array.from({ length: Math.round((perSecond * tickMs) / 1_000) }, (_, i) => event(sent.length + i))
      const messages = events.map(one => ({ value: bytesOf(one), partition: tick % partitions }))
      await producer.send({ topic, messages, acks: -1 })
      sent.push(...events)
      await pause(tickMs)
    }
  }
  const sending = send()
  sending.catch(() => {}) // `stop` hears of it
  const stop = async () => {
    stopping = true
    await sending
  }
  closing(test, async () => {
    stopping = true
    await producer.disconnect()
    await sending.catch(() => {})
  })
  return { sent, stop }
}

export interface Logged {
  readonly partition: number
  readonly offset: number
  readonly value: Buffer
}

/** Every record of the topic that can be read now. */
export async function readLog(test: Lifetime, topic: string, kafka: Address = sharedKafka()): Promise<Logged[]> {
  const foreign = client(kafka, { retries: 20 })
  const admin = foreign.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const total = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  const consumer = foreign.consumer({ groupId: `reading-${topic}`, maxWaitTimeInMs: 100 })
  closing(test, () => consumer.disconnect())
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const records: Logged[] = []
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { offset, value } of batch.messages) {
        records.push({ partition: batch.partition, offset: Number(offset), value: value! })
      }
    },
  })
  await until(() => records.length >= total, 20_000, `the log of ${topic} was read, ${total} records`)
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

function client(kafka: Address, retry: object) {
  const { Kafka, logLevel } = kafkajs
  return new Kafka({ clientId: 'load', brokers: [kafka.address], logLevel: logLevel.NOTHING, retry })
}
