/**
 * Each stage of Footfall alone, on the same topic and machine as the contest, and the limit that follows from them.
 * Processor time is measured, not time: whatever else the machine does, a stage costs what it costs.
 */
import { Fold } from '../src/consumer/fold.ts'
import { judgeVersion } from '../src/event/judge.ts'
import { endOfAnswer } from '../src/kafka/end-of-answer.ts'
import { type Fetched, LogReader } from '../src/kafka/reader.ts'
import { RecordWalk } from '../src/kafka/records.ts'
import { type Config, parseConfig } from '../src/runtime/config.ts'
import { createLog } from '../src/runtime/log.ts'
import type { Lab } from './lab.ts'
import { cpuSeconds, ownCpuSeconds } from './machine.ts'
import { isGrown, settleAll } from './settle-stage.ts'
import type { Shape } from './shapes.ts'

/** Microseconds of processor time per event. */
export interface Stages {
  readonly topic: string
  readonly events: number
  /** How many transactions settled them: each as large as behind a backlog. */
  readonly transactions: number
  readonly rowsPerEvent: number
  readonly fetch: number
  /** Checksums, formats and inflating: all that is done with a record batch before its records are looked at. */
  readonly check: number
  /** Its records, from their bytes to the rows and ids of a batch. */
  readonly fold: number
  /** What it takes to say it to PostgreSQL. */
  readonly settle: number
  /** The broker's part of the fetch; PostgreSQL's of the settle, and of the same statements said again by themselves. */
  readonly kafka: number
  readonly postgres: number
  readonly postgresAlone: number
}

/** Enough for a transaction as large as in the contest, few enough to hold all of its events in memory. */
const eventsMax = 2_000_000

export async function stages(lab: Lab, shape: Shape): Promise<Stages> {
  const config = parseConfig(lab.settings(shape.name, 'none'))
  const { topicId, answers } = await fetchAll(config, false)
  const [ownBefore, kafkaBefore] = [ownCpuSeconds(), cpuSeconds(lab.kafka.pid)]
  await fetchAll(config, true)
  const [fetch, kafka] = [ownCpuSeconds() - ownBefore, cpuSeconds(lab.kafka.pid) - kafkaBefore]
  const events = foldAll(config, topicId, answers)
  const perEvent = (seconds: number) => (seconds / events) * 1e6
  const check = timed(() => checkAll(config, answers))
  const checkAndFold = timed(() => foldAll(config, topicId, answers))
  await settleAnew(lab, shape.name, topicId, answers)
  const settled = await settleAnew(lab, shape.name, topicId, answers)
  return {
    topic: shape.name,
    events,
    transactions: settled.transactions,
    rowsPerEvent: settled.rows / events,
    fetch: perEvent(fetch),
    check: perEvent(check),
    fold: perEvent(Math.max(0, checkAndFold - check)),
    settle: perEvent(settled.own),
    kafka: perEvent(kafka),
    postgres: perEvent(settled.postgres),
    postgresAlone: perEvent(settled.postgresAlone),
  }
}

/** The second time counts: the first is for the compiler. */
async function settleAnew(lab: Lab, topic: string, topicId: string, answers: readonly Fetched[]) {
  const settings = ['stages_a', 'stages_b'].map(database => lab.settings(topic, database))
  for (const one of settings) await lab.createDatabase(one)
  const [config, other] = settings.map(one => parseConfig(one)) as [Config, Config]
  const settled = await settleAll(lab, config, other, topicId, answers)
  for (const one of settings) await lab.dropDatabase(one['POSTGRES_DB']!)
  return settled
}

/** @param isReleased whether the memory of an answer is used for the next ones, as where it is folded at once. */
async function fetchAll(config: Config, isReleased: boolean): Promise<{ topicId: string; answers: Fetched[] }> {
  const reader = new LogReader(config, createLog('bench', 'warn'))
  const topic = (await reader.topic())!
  const next = new Map(Array.from({ length: topic.partitions }, (_, partition) => [partition, 0]))
  const answers: Fetched[] = []
  for (let events = 0; next.size > 0 && events < eventsMax; ) {
    const wants = [...next].map(([partition, offset]) => ({ topicId: topic.id, partition, offset, tail: undefined }))
    for (const answer of await reader.fetch(wants)) {
      const { partition, offset } = answer.want
      const end = endOfAnswer(answer.records)?.offset ?? offset
      events += end - offset
      if (isReleased) answer.release?.()
      else if (end > offset) answers.push(answer)
      if (end >= answer.logEnd) next.delete(partition)
      else next.set(partition, end)
    }
  }
  await reader.close()
  return { topicId: topic.id, answers }
}

function checkAll(config: Config, answers: readonly Fetched[]): void {
  for (const { records, want, aborted } of answers) {
    const walk = new RecordWalk(records, want.offset, aborted, config.consumer.batchBytesMax)
    for (let unread = walk.unread(); unread !== undefined; unread = walk.unread()) {
      walk.pass(unread.count, unread.bytes.length)
    }
  }
}

/** @returns how many events were counted. */
function foldAll(config: Config, topicId: string, answers: readonly Fetched[]): number {
  const folds = new Map<number, Fold>()
  let counted = 0
  for (const { records, want, aborted } of answers) {
    const { partition } = want
    const of = { topicId, partition, lineage: 1, rulesVersion: 1 }
    const standing = { of, nextOffset: want.offset, clockMs: -1, tail: undefined, ids: [] }
    const fold = folds.get(partition) ?? new Fold(standing, { version: 1, judgeVersion, ...config.rules }, idKey)
    folds.set(partition, fold)
    const walk = new RecordWalk(records, want.offset, aborted, config.consumer.batchBytesMax)
    fold.take(walk, Number.POSITIVE_INFINITY)
    if (walk.trouble !== undefined) throw new Error(`partition ${partition}: ${walk.trouble.detail}`)
    if (isGrown(config, folds.values())) for (const one of folds.values()) counted += one.takeBatch()?.counted ?? 0
  }
  for (const fold of folds.values()) counted += fold.takeBatch()?.counted ?? 0
  return counted
}

const idKey = Buffer.alloc(16, 7)

/** Processor seconds of the second of two goes: the first is for the compiler. */
function timed(work: () => void): number {
  work()
  const before = ownCpuSeconds()
  work()
  return ownCpuSeconds() - before
}
