/** Makes events: first the seeded user's eight, then a simulated population's, at a rate. */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { UserActivity } from '../event/schema.ts'
import { eventKey, eventValue } from '../event/wire.ts'
import { awaitTopic } from '../kafka/await-topic.ts'
import { openWriter, type Writer } from '../kafka/writer.ts'
import { type Config, WrongSettings } from '../runtime/config.ts'
import { type Part, startHealth } from '../runtime/health.ts'
import type { Running } from '../runtime/lifecycle.ts'
import type { Log } from '../runtime/log.ts'
import { exportMetrics, producerMetrics } from '../runtime/metrics.ts'
import { type Trace, traceparent } from '../runtime/trace.ts'
import { createPace } from './pace.ts'
import { itemId, simulate, userId } from './population.ts'
import { reportProgress } from './progress.ts'
import { reportMetrics, sendingParts, waitingParts } from './report.ts'
import { seededEvents } from './seed.ts'

export interface ProducerOptions {
  /** Exactly so many simulated events and no seeded ones, then the end. With rate 0: as fast as Kafka takes them. */
  readonly count?: number
  /** Makes the run repeatable to the byte apart from time and trace. Left out, one is drawn and logged. */
  readonly seed?: string
}

/** Fits into an event id with room for the number. */
const seedPattern = /^[A-Za-z0-9._-]{1,64}$/
/** What is on its way when we are told to stop gets this long. Below the lifecycle's 8 s. */
const flushMs = 5_000
/** One turn of the event loop makes no more, so that answers from Kafka are not kept waiting. */
const chunkMax = 2_000
/** How long to look away when Kafka takes nothing. */
const fullWaitMs = 20
const idsShown = 5

/**
 * Starts sending as soon as Kafka and the topic are there. `ended` resolves when `count` events are acknowledged and
 * rejects when waiting cannot help, as with a compacted topic.
 * @throws WrongSettings when the seed or the count cannot be used.
 */
export async function startProducer(config: Config, log: Log, options: ProducerOptions = {}): Promise<Running> {
  const problems = wrongOptions(options)
  if (problems.length > 0) throw new WrongSettings(problems)
  const stopping = new AbortController()
  exportMetrics('producer', producerMetrics)
  const state: State = { ready: () => waitingParts(undefined) }
  const health = await startHealth(config.health, () => state.ready())
  const ended = run(config, log, options, state, stopping.signal)
  ended.catch(() => {}) // whoever runs us hears of it through `ended`; stop must not fail because of it
  return {
    ended,
    async stop() {
      stopping.abort()
      await ended.catch(() => {})
      await health?.stop()
    },
  }
}

interface State {
  ready: () => Part[]
}

function wrongOptions({ count, seed }: ProducerOptions): string[] {
  const problems: string[] = []
  if (seed !== undefined && !seedPattern.test(seed)) {
    problems.push(`--seed is "${seed}"; allowed: 1 to 64 of the characters A-Z a-z 0-9 . _ -`)
  }
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
    problems.push(`--count is ${count}; allowed: a whole number from 0`)
  }
  return problems
}

async function run(
  config: Config,
  log: Log,
  options: ProducerOptions,
  state: State,
  stopping: AbortSignal,
): Promise<void> {
  const topic = await awaitTopic(config, log, stopping, why => {
    state.ready = () => waitingParts(why)
  })
  if (topic === undefined) return
  const writer = openWriter(config, log, 'producer', topic.partitions)
  const books = { given: 0, skipped: 0 }
  const give = (events: readonly UserActivity[]) => {
    books.given += events.length
    const trace: Trace = { traceId: randomBytes(16).toString('hex'), sampled: false }
    const header = ['traceparent', Buffer.from(traceparent(trace, randomBytes(8).toString('hex')))] as const
    const sent = writer.send(
      events.map(event => ({ key: eventKey(event), value: eventValue(event), headers: [header] })),
    )
    sent.then(
      () => producerMetrics.lastAcknowledgedSeconds.setToCurrentTime(),
      (error: unknown) => {
        // Closed or refused: neither is called sent, and the books at the end say how many.
        if (!stopping.aborted) log('events_refused', { why: (error as Error).message, trace_id: trace.traceId })
      },
    )
  }
  const count = () => ({
    ...books,
    books: writer.books,
    unanswered: writer.unanswered,
    trouble: writer.trouble,
  })
  state.ready = () => sendingParts(writer)
  const stopMetrics = reportMetrics(count, config.producer.eventsPerSecond)
  const stopProgress = reportProgress(count, log, process.stderr.isTTY ? process.stderr : undefined)
  try {
    if (options.count === undefined) give(seededEvents(new Date().toISOString().slice(0, 10)))
    await simulateEvents(config, log, options, writer, give, books, stopping)
    if (options.count !== undefined) await writer.flushed(stopping)
  } finally {
    const final = await writer.close(flushMs)
    stopProgress()
    stopMetrics()
    const clean = final.unknown === 0 && final.unsent === 0 && final.refused === 0
    log(clean ? 'events_sent' : 'events_uncertain', { made: books.given, ...final, skipped: books.skipped })
  }
}

async function simulateEvents(
  config: Config,
  log: Log,
  options: ProducerOptions,
  writer: Writer,
  give: (events: readonly UserActivity[]) => void,
  books: { skipped: number },
  stopping: AbortSignal,
): Promise<void> {
  const { eventsPerSecond, users, items } = config.producer
  const rate = eventsPerSecond === 0 && options.count !== undefined ? Infinity : eventsPerSecond
  if (rate === 0) {
    log('simulation_off')
    await new Promise(resolve => stopping.addEventListener('abort', resolve, { once: true }))
    return
  }
  const seed = options.seed ?? randomBytes(6).toString('hex')
  announce(log, { seed, given: options.seed !== undefined, rate: eventsPerSecond, users, items, count: options.count })
  const next = simulate({ users, items }, seed)
  const pace = createPace(rate, performance.now())
  let left = options.count ?? Infinity
  while (left > 0 && !stopping.aborted) {
    const due = writer.full ? 0 : Math.min(left, chunkMax, pace.due(performance.now()))
    if (due > 0) {
      const timestamp = new Date().toISOString()
      give(Array.from({ length: due }, () => next(timestamp)))
      pace.made(due)
      left -= due
    }
    books.skipped = pace.skipped
    const waitMs = writer.full ? fullWaitMs : pace.waitMs(performance.now())
    if (left > 0) await wait(waitMs, undefined, { signal: stopping }).catch(() => {})
  }
}

function announce(
  log: Log,
  run: { seed: string; given: boolean; rate: number; users: number; items: number; count: number | undefined },
): void {
  const { given, ...facts } = run
  log('simulation_started', facts)
  if (given) log('simulation_repeats', { seed: run.seed })
  const ids = (id: (rank: number) => string, of: number) =>
    Array.from({ length: Math.min(idsShown, of) }, (_, rank) => id(rank))
  log('simulation_ids', { users: ids(userId, run.users), items: ids(itemId, run.items) })
}
