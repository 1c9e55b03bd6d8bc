/** A topic, a database, and the record of what was sent, so that every try can be held against a plain recount. */
import assert from 'node:assert/strict'
import type { Producer } from 'kafkajs'
import type pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'
import { assertBalanced, countedTable, fates, once, recount, type Sent, untilRead } from '../support/counting.ts'
import {
  type Address,
  connect,
  type Database,
  freshDatabase,
  freshTopic,
  type Lifetime,
  sharedKafka,
} from '../support/environment.ts'
import { bytesOf, eventOf, uuidOf } from '../support/events.ts'
import { foreignProducer } from '../support/foreign.ts'
import { differencesOf, verified } from '../support/verifying.ts'

export interface Stage {
  readonly topic: string
  readonly database: Database
  readonly kafka: Address
  readonly client: pg.Client
  /**
   * Sends so many more records to a partition: some have an id, some are sent twice, some are bad. Returns when they
   * are acknowledged.
   * @param whose users of this name only; everybody's rows are the same otherwise.
   */
  readonly send: (partition: number, count: number, whose?: string) => Promise<void>
  /** What lies in each partition's log, by offset. */
  readonly sent: readonly Sent[][]
  /** Waits until all of it has a fate, and holds the tables against a plain recount. */
  readonly check: () => Promise<void>
  /** Has `verify` recount the log. */
  readonly prove: () => Promise<void>
}

export const bad = 'like'
const readDeadlineMs = 40_000

/** Makes topic, database and tables. */
export async function openStage(lifetime: Lifetime, partitions: number, kafka = sharedKafka()): Promise<Stage> {
  const topic = await freshTopic(partitions, {}, kafka)
  const database = await freshDatabase()
  const client = await connect(lifetime, database)
  await migrate(client)
  const producer = await foreignProducer(lifetime, kafka)
  const sent: Sent[][] = Array.from({ length: partitions }, () => [])
  return {
    topic,
    database,
    kafka,
    client,
    sent,
    send: (partition, count, whose) => send(producer, topic, partition, sent[partition]!, count, whose),
    check: async () => {
      await untilRead(client, sent.flat().length, readDeadlineMs)
      await assertCounted(client, sent)
    },
    prove: async () => {
      const report = await verified({ topic, database, kafka })
      assert.deepEqual([report.verdict, differencesOf(report), report.unproven], ['proven', [], []])
    },
  }
}

/** All partitions count into the same rows, unless users are named; no id is in two of them. */
async function send(
  producer: Producer,
  topic: string,
  partition: number,
  log: Sent[],
  count: number,
  whose: string | undefined,
): Promise<void> {
  const from = log.length
  const events = Array.from({ length: count }, (_, i) => eventAt(partition, from + i, whose))
  // What is sent again is one of the same send, so that it has the same user.
  for (let i = 13; i < count; i += 20) events[i] = events[i - 1]!
  await producer.send({ topic, messages: events.map(event => ({ partition, value: bytesOf(event) })), acks: -1 })
  log.push(...events)
}

export function eventAt(partition: number, offset: number, whose?: string): Sent {
  const event = eventOf(offset, offset % 2 === 0 ? `${partition}-` : undefined)
  const user = whose === undefined ? event.user_id : uuidOf(`${whose} ${offset % 10}`)
  return { ...event, user_id: user, ...(offset % 25 === 3 && { activity_type: bad }) }
}

/** @param sent by partition, in the order of its log. */
export async function assertCounted(client: pg.Client, sent: readonly (readonly Sent[])[]): Promise<void> {
  const all = sent.flat()
  const good = sent.map(log => log.filter(({ activity_type }) => activity_type !== bad))
  const counted = good.flatMap(once)
  assert.deepEqual(await countedTable(client), recount(counted))
  assert.deepEqual(await fates(client), {
    counted: counted.length,
    duplicate: good.flat().length - counted.length,
    rejected: all.length - good.flat().length,
    skipped: 0,
  })
  await assertBalanced(client)
}
