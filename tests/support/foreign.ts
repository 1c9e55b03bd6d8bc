/** kafkajs: a client that shares no code with ours, as the world's producers do not. */
import kafkajs, { type Admin, type KafkaConfig, type Message, type Producer } from 'kafkajs'
import { type Address, closing, type Lifetime, sharedKafka, until } from './environment.ts'

const { Kafka, logLevel } = kafkajs

// It warns about its own default, which this test does not rest on.
process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'

export type Security = Pick<KafkaConfig, 'ssl' | 'sasl'>

export const foreignClient = (kafka: Address = sharedKafka(), security: Security = {}) =>
  new Kafka({
    clientId: 'foreign',
    brokers: [kafka.address],
    logLevel: logLevel.NOTHING,
    retry: { retries: 20 },
    ...security,
  })

/** Reads so many records of a topic from its beginning. */
export async function readForeign(
  test: Lifetime,
  topic: string,
  records: number,
  kafka: Address,
  security: Security,
): Promise<Buffer[]> {
  const consumer = foreignClient(kafka, security).consumer({ groupId: `reading-${topic}`, maxWaitTimeInMs: 100 })
  closing(test, () => consumer.disconnect())
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const values: Buffer[] = []
  await consumer.run({ eachMessage: async ({ message }) => void values.push(message.value!) })
  await until(() => values.length >= records, 20_000, `${records} records of ${topic} were read`)
  return values
}

/** Idempotent, because kafkajs sends a whole request again when one partition of it has no leader yet. */
export async function foreignProducer(test: Lifetime, kafka: Address = sharedKafka()): Promise<Producer> {
  const producer = foreignClient(kafka).producer({ allowAutoTopicCreation: false, idempotent: true })
  await producer.connect()
  closing(test, () => producer.disconnect())
  return producer
}

/** Sends in batches of 1,000, and returns when all are acknowledged. */
export async function sendForeign(
  test: Lifetime,
  topic: string,
  messages: readonly Message[],
  kafka: Address = sharedKafka(),
): Promise<void> {
  const producer = await foreignProducer(test, kafka)
  for (let at = 0; at < messages.length; at += 1_000) {
    await producer.send({ topic, messages: messages.slice(at, at + 1_000), acks: -1 })
  }
}

/** Waits until a topic has so many partitions and each can be written: brokers learn of a change a moment later. */
export async function leadersOf(admin: Admin, topic: string, partitions: number): Promise<void> {
  await until(
    async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      const leaders = topics[0]!.partitions.filter(({ leader }) => leader >= 0)
      return leaders.length === partitions
    },
    20_000,
    `${partitions} partitions of ${topic}`,
  )
}
