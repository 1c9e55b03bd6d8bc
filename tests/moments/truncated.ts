/**
 * A log loses its tail and grows again, as after an unclean election or on an older disk. Where counted records went,
 * the partition halts as truncated, also where the log is as long as before or longer, and goes on where it departs;
 * where only records went that nobody had counted, nothing halts.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Producer } from 'kafkajs'
import type pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'
import type { Running } from '../../src/runtime/lifecycle.ts'
import type { Dice } from '../fuzz/dice.ts'
import { ledger, type Place, type Sent, startCounting } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, inLifetime, type Lifetime, until } from '../support/environment.ts'
import { bytesOf } from '../support/events.ts'
import { foreignProducer } from '../support/foreign.ts'
import { batchesOf, type Files, kafkaOverFiles } from '../support/kafka-files.ts'
import { carryOut } from '../support/resume.ts'
import { verified } from '../support/verifying.ts'
import type { Moment } from './moment.ts'
import { assertCounted, eventAt } from './stage.ts'
import type { Tally } from './tally.ts'
import { assertNothingDiffers } from './unproven.ts'

/** One for each try: a Kafka is stopped and started once for all of them. */
const partitionsMax = 16
const deadlineMs = 60_000

const whens = ['while it was counted', 'while nobody counted'] as const
const lengths = ['shorter than', 'as long as', 'longer than'] as const
const spared = 'while nobody counted, of what nobody had counted: no halt'

export const truncated: Moment = {
  name: 'truncated',
  about: 'a log loses record batches at its end, and others are written in their place',
  span: 'which of 2 to 8 record batches is the first to go; how far it grows again, and from 0 to 1.5 s after its return',
  outcomes: [...whens.flatMap(when => lengths.map(length => `${when}, ${length} what was counted`)), spared],
  lanes: 1,
  play: async (lifetime, dice, tries, tally) => {
    const kafka = await kafkaOverFiles(lifetime)
    for (let at = 0; at < tries.length; at += partitionsMax) {
      const partitions = tries.slice(at, at + partitionsMax).length
      await inLifetime(round => playRound(round, kafka, dice, partitions, tally))
    }
  },
}

/** One partition. */
interface Log {
  readonly partition: number
  /** Record batches as they were written, those that the stopped consumer had counted first. */
  readonly batches: readonly (readonly Sent[])[]
  readonly early: number
  /** How many of them stay. */
  readonly kept: number
  /** What is written behind those, and how long after Kafka is back. */
  readonly regrown: readonly Sent[]
  readonly afterMs: number
}

async function playRound(
  lifetime: Lifetime,
  kafka: Files,
  dice: Dice,
  partitions: number,
  tally: Tally,
): Promise<void> {
  const logs = Array.from({ length: partitions }, (_, partition) => drawLog(dice, partition))
  const topic = await freshTopic(partitions, {}, kafka)
  const sides = [await openSide(lifetime, topic, kafka), await openSide(lifetime, topic, kafka)] as const
  const [running, stopped] = sides
  await running.start()
  const first = await stopped.start()
  const write = (which: (log: Log) => readonly (readonly Sent[])[]) => writeAll(lifetime, topic, kafka, logs, which)
  await write(log => log.batches.slice(0, log.early))
  for (const side of sides) await untilAt(side.client, logs.map(earlyEnd))
  await first.stop()
  await write(log => log.batches.slice(log.early))
  await untilAt(running.client, logs.map(end))

  await kafka.stop()
  for (const log of logs) {
    const segment = kafka.segment(topic, log.partition)
    segment.write(Buffer.concat(batchesOf(segment.bytes).slice(0, log.kept)))
  }
  await kafka.start()
  const producer = await foreignProducer(lifetime, kafka)
  const startMs = performance.now()
  await Promise.all(
    logs.map(async log => {
      await pause(log.afterMs)
      await send(producer, topic, log.partition, log.regrown)
    }),
  )
  await stopped.start()
  await judge(running, logs, end, 0, tally, startMs)
  await judge(stopped, logs, earlyEnd, 1, tally, performance.now())
}

function drawLog(dice: Dice, partition: number): Log {
  const early = 1 + dice.below(4)
  const count = early + 1 + dice.below(4)
  let offset = 0
  const batches = Array.from({ length: count }, () =>
    Array.from({ length: 5 + dice.below(60) }, () => eventAt(partition, offset++)),
  )
  const kept = 1 + dice.below(count - 1)
  const at = lengthOf(batches.slice(0, kept))
  const [theirs, all] = [lengthOf(batches.slice(0, early)), lengthOf(batches)]
  // Shorter than before, as long as either consumer had counted, or longer.
  const until = [at + 1 + dice.below(all - at - 1), Math.max(at + 1, theirs), all, all + 1 + dice.below(80)][
    dice.below(4)
  ]!
  const gone = batches.slice(kept).flat()
  // Some of what the log lost is sent again.
  const regrown = Array.from({ length: until - at }, (_, i) =>
    i % 5 === 4 ? gone[i % gone.length]! : eventAt(partition, 100_000 + i),
  )
  return { partition, batches, early, kept, regrown, afterMs: dice.below(1_500) }
}

const lengthOf = (batches: readonly (readonly Sent[])[]): number => batches.flat().length
const end = ({ batches }: Log): number => lengthOf(batches)
const earlyEnd = ({ batches, early }: Log): number => lengthOf(batches.slice(0, early))
const cut = ({ batches, kept }: Log): number => lengthOf(batches.slice(0, kept))
const newEnd = (log: Log): number => cut(log) + log.regrown.length

/** A database and the consumer that counts into it. */
interface Side {
  readonly place: Place
  readonly client: pg.Client
  readonly start: () => Promise<Running>
}

async function openSide(lifetime: Lifetime, topic: string, kafka: Files): Promise<Side> {
  const database = await freshDatabase()
  const client = await connect(lifetime, database)
  await migrate(client)
  const place = { topic, database, kafka, settings: { KAFKA_CONSUMER_GROUP: database.database } }
  return { place, client, start: () => startCounting(lifetime, place) }
}

async function writeAll(
  lifetime: Lifetime,
  topic: string,
  kafka: Files,
  logs: readonly Log[],
  which: (log: Log) => readonly (readonly Sent[])[],
): Promise<void> {
  const producer = await foreignProducer(lifetime, kafka)
  await Promise.all(
    logs.map(async log => {
      for (const batch of which(log)) await send(producer, topic, log.partition, batch)
    }),
  )
}

/** In one record batch. */
async function send(producer: Producer, topic: string, partition: number, events: readonly Sent[]): Promise<void> {
  await producer.send({ topic, messages: events.map(event => ({ partition, value: bytesOf(event) })), acks: -1 })
}

/** @param counted how far a log was counted when it lost its tail. @param when of this side, as an index. */
async function judge(
  { place, client }: Side,
  logs: readonly Log[],
  counted: (log: Log) => number,
  when: 0 | 1,
  tally: Tally,
  startMs: number,
): Promise<void> {
  const expected = logs.filter(log => cut(log) < counted(log))
  const halts = expected.map(log => `${log.partition} truncated ${cut(log)}-${counted(log) - 1}`)
  await until(async () => (await haltsOf(client)).length >= halts.length, deadlineMs, `${halts.length} logs are halted`)
  tally.took('halted, all partitions of a round', performance.now() - startMs)
  await untilAt(
    client,
    logs.map(log => (expected.includes(log) ? counted(log) : newEnd(log))),
  )
  assert.deepEqual(await haltsOf(client), halts)
  await assertCounted(
    client,
    logs.map(log => historyOf(log, counted(log), false)),
  )
  if (halts.length > 0) await carryOut(place, './footfall partitions resume all --new-lineage')
  await untilAt(client, logs.map(newEnd))
  await assertCounted(
    client,
    logs.map(log => historyOf(log, counted(log), true)),
  )
  assertNothingDiffers(await verified(place))
  for (const log of logs) tally.hit(outcomeOf(log, counted(log), when))
}

/** What is counted of a partition, in this order. */
function historyOf(log: Log, counted: number, isResumed: boolean): Sent[] {
  const old = log.batches.flat()
  if (cut(log) >= counted) return [...old.slice(0, cut(log)), ...log.regrown]
  return [...old.slice(0, counted), ...(isResumed ? log.regrown : [])]
}

function outcomeOf(log: Log, counted: number, when: 0 | 1): string {
  if (cut(log) >= counted) return spared
  const length = newEnd(log) < counted ? 0 : newEnd(log) === counted ? 1 : 2
  return `${whens[when]}, ${lengths[length]} what was counted`
}

async function haltsOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ halt: string }>(
    `select partition || ' ' || halt_reason || ' ' || halt_from || '-' || halt_to as halt
       from partition_ledger where state = 'halted' order by partition`,
  )
  return rows.map(({ halt }) => halt)
}

/** Waits until the current lineage of each partition stands there. */
async function untilAt(client: pg.Client, ends: readonly number[]): Promise<void> {
  const next = async () => (await ledger(client)).filter(({ state }) => state !== 'closed').map(row => row.next_offset)
  const isThere = async () => (await next()).join() === ends.join()
  await until(isThere, deadlineMs, `the partitions stand at ${ends.join()}`).catch(async error => {
    throw new Error(`${(error as Error).message}; they stand at ${(await next()).join()}`)
  })
}
