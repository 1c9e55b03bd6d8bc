/**
 * Each stage of Footfall alone, on the same topic and machine as the contest, and the limit that follows from them.
 * Processor time is measured, not time: whatever else the machine does, a stage costs what it costs.
 */
import { addEvent, type Delta } from '../src/consumer/delta.ts'
import { IdHash } from '../src/consumer/id-hash.ts'
import { Window } from '../src/consumer/window.ts'
import { type Event, judge } from '../src/event/judge.ts'
import { type Fetched, LogReader } from '../src/kafka/reader.ts'
import { RecordWalk } from '../src/kafka/records.ts'
import { type Config, parseConfig } from '../src/runtime/config.ts'
import { createLog } from '../src/runtime/log.ts'
import type { Lab } from './lab.ts'
import { cpuSeconds, ownCpuSeconds } from './machine.ts'
import { settleAll } from './settle-stage.ts'
import type { Shape } from './shapes.ts'

/** Microseconds of processor time per event. */
export interface Stages {
  readonly topic: string
  readonly events: number
  /** Records that one transaction settles here: as many as the shipped settings allow to wait. */
  readonly batchRecords: number
  readonly rowsPerEvent: number
  readonly fetch: number
  readonly walk: number
  readonly judge: number
  readonly window: number
  readonly delta: number
  /** What it takes to say it to PostgreSQL. */
  readonly settle: number
  /** The broker's part of the fetch; PostgreSQL's of the settle, and of the same statements said again by themselves. */
  readonly kafka: number
  readonly postgres: number
  readonly postgresAlone: number
}

/** Enough for a stage to take its time, few enough to hold all of its events in memory. */
const eventsMax = 300_000

export async function stages(lab: Lab, shape: Shape): Promise<Stages> {
  const configs = ['stages_a', 'stages_b'].map(database => lab.settings(shape.name, database))
  for (const settings of configs) await lab.createDatabase(settings)
  const [config, other] = configs.map(settings => parseConfig(settings)) as [Config, Config]
  const kafkaBefore = cpuSeconds(lab.kafka.pid)
  const [topicId, answers, fetch] = await fetchAll(config)
  const kafka = cpuSeconds(lab.kafka.pid) - kafkaBefore
  const events: { event: Event; offset: number }[] = []
  walkAll(config, answers, walk => {
    const event = judged(walk, config)
    if (event !== undefined) events.push({ event, offset: walk.offset })
  })
  const perEvent = (seconds: number) => (seconds / events.length) * 1e6
  const walk = timed(() => walkAll(config, answers, () => {}))
  const walkAndJudge = timed(() => walkAll(config, answers, walk => void judged(walk, config)))
  const window = timed(() => claimAll(config, events))
  const delta = timed(() => addAll(config, events))
  const settled = await settleAll(lab, config, other, topicId, answers)
  for (const settings of configs) await lab.dropDatabase(settings['POSTGRES_DB']!)
  return {
    topic: shape.name,
    events: events.length,
    batchRecords: config.consumer.pendingRecordsMax,
    rowsPerEvent: settled.rows / events.length,
    fetch: perEvent(fetch),
    walk: perEvent(walk),
    judge: perEvent(Math.max(0, walkAndJudge - walk)),
    window: perEvent(window),
    delta: perEvent(delta),
    settle: perEvent(settled.own),
    kafka: perEvent(kafka),
    postgres: perEvent(settled.postgres),
    postgresAlone: perEvent(settled.postgresAlone),
  }
}

async function fetchAll(config: Config): Promise<[topicId: string, answers: Fetched[], cpuSeconds: number]> {
  const reader = new LogReader(config, createLog('bench', 'warn'))
  const topic = (await reader.topic())!
  const next = new Map(Array.from({ length: topic.partitions }, (_, partition) => [partition, 0]))
  const answers: Fetched[] = []
  const before = ownCpuSeconds()
  for (let events = 0; next.size > 0 && events < eventsMax; ) {
    const wants = [...next].map(([partition, offset]) => ({ topicId: topic.id, partition, offset, tail: undefined }))
    for (const answer of await reader.fetch(wants)) {
      const { partition, offset } = answer.want
      const end = endOf(answer, offset)
      events += end - offset
      if (end > offset) answers.push(answer)
      if (end >= answer.logEnd) next.delete(partition)
      else next.set(partition, end)
    }
  }
  const cpu = ownCpuSeconds() - before
  await reader.close()
  return [topic.id, answers, cpu]
}

/** The offset after its last whole record batch. */
function endOf({ records }: Fetched, from: number): number {
  let end = from
  for (let at = 0; at + 27 <= records.length; at += 12 + records.readInt32BE(at + 8)) {
    if (at + 12 + records.readInt32BE(at + 8) > records.length) break
    end = Number(records.readBigInt64BE(at)) + records.readInt32BE(at + 23) + 1
  }
  return end
}

function walkAll(config: Config, answers: readonly Fetched[], use: (walk: RecordWalk) => void): void {
  for (const { records, want, aborted } of answers) {
    const walk = new RecordWalk(records, want.offset, aborted, config.consumer.batchBytesMax)
    while (walk.next()) use(walk)
    if (walk.trouble !== undefined) throw new Error(`partition ${want.partition}: ${walk.trouble.detail}`)
  }
}

function judged(walk: RecordWalk, config: Config): Event | undefined {
  const verdict = judge(walk.bytes, walk.valueStart, walk.valueEnd, walk.appendMs, config.rules)
  return 'reason' in verdict ? undefined : verdict
}

function claimAll(config: Config, events: readonly { event: Event; offset: number }[]): void {
  const hash = new IdHash(Buffer.alloc(16, 7))
  const window = new Window(config.rules, [])
  for (const { event, offset } of events) {
    if (event.eventId === undefined) continue
    hash.hash(event.userId, event.eventId)
    window.claim(hash.words, offset, 0)
  }
}

function addAll(config: Config, events: readonly { event: Event }[]): void {
  let delta: Delta = new Map()
  for (let i = 0; i < events.length; i++) {
    if (i % config.consumer.pendingRecordsMax === 0) delta = new Map()
    addEvent(delta, events[i]!.event)
  }
}

/** Processor seconds of the second of two goes: the first is for the compiler. */
function timed(work: () => void): number {
  work()
  const before = ownCpuSeconds()
  work()
  return ownCpuSeconds() - before
}
