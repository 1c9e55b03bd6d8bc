/** kafka -> postgres. Puts the core between the real log and the real tables, and keeps both supplied. */
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { awaitTopic } from '../kafka/await-topic.ts'
import { joinGroup, type Membership } from '../kafka/group.ts'
import { LogReader } from '../kafka/reader.ts'
import { awaitTables } from '../postgres/tables.ts'
import type { Config } from '../runtime/config.ts'
import { type Health, type Part, startHealth } from '../runtime/health.ts'
import type { Running } from '../runtime/lifecycle.ts'
import type { Log as Logger } from '../runtime/log.ts'
import { consumerMetrics as metrics } from '../runtime/metrics.ts'
import type { Batch } from './batch.ts'
import { Loop, type Observer } from './loop.ts'
import { PostgresStore } from './postgres-store.ts'
import { type Installation, StoreFault } from './store.ts'

const reportMs = 2_000
/** Kafka's committed offsets are for lag tools, which look every half minute or so. */
const commitMs = 5_000
const heardMsMax = 10_000

/**
 * Starts a consumer. It waits for Kafka, topic, Postgres and tables as long as it takes.
 * `ended` rejects when waiting cannot help: another topic or other rules than the database has, a compacted topic.
 */
export async function startConsumer(config: Config, log: Logger): Promise<Running> {
  const stopping = new AbortController()
  const state: State = { loop: undefined, membership: undefined, waitingFor: 'kafka and postgres' }
  const health = config.healthPort === undefined ? undefined : await serveHealth(config.healthPort, state)
  const ended = run(config, log, state, stopping.signal)
  ended.catch(() => {}) // whoever runs us hears of it through `ended`
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
  loop: Loop | undefined
  membership: Membership | undefined
  waitingFor: string | undefined
}

async function run(config: Config, log: Logger, state: State, stopping: AbortSignal): Promise<void> {
  const topic = await awaitTopic(config, log, stopping)
  await awaitTables(config, 'footfall consumer', log, stopping)
  if (topic === undefined || stopping.aborted) return
  const store = new PostgresStore(config)
  const reader = new LogReader(config, log)
  try {
    const installation = await installPatiently(config, store, log, stopping)
    if (installation === undefined) return
    const bounds = config.consumer
    const loop = new Loop(reader, store, installation, bounds, log, observer)
    const membership = joinGroup(config, log, partitions => {
      metrics.rebalances.inc()
      loop.assign(partitions)
    })
    Object.assign(state, { loop, membership, waitingFor: undefined })
    const reporting = report(loop, store, membership, log, stopping)
    const stopped = stopAtSignal(loop, membership, stopping)
    try {
      await loop.run()
    } finally {
      await membership.leave()
    }
    await Promise.all([reporting, stopped])
  } finally {
    state.waitingFor = 'stopping'
    await Promise.allSettled([store.close(), reader.close()])
  }
}

/** Postgres may go away between the making of the tables and now. */
async function installPatiently(
  config: Config,
  store: PostgresStore,
  log: Logger,
  stopping: AbortSignal,
): Promise<Installation | undefined> {
  while (!stopping.aborted) {
    try {
      return await store.install(config.kafka.topic, config.rules)
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error
      log.warn({ err: error.message }, 'waiting for postgres')
      await pause(1_000, undefined, { signal: stopping }).catch(() => {})
    }
  }
  return undefined
}

/** What was read is settled before the partitions are given away: the next owner finds nothing half done. */
async function stopAtSignal(loop: Loop, membership: Membership, stopping: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    if (stopping.aborted) resolve()
    stopping.addEventListener('abort', () => resolve(), { once: true })
    loop.run().then(resolve, resolve)
  })
  await loop.stop()
  await membership.leave()
}

const observer: Observer = {
  settled(batch: Batch) {
    metrics.records.inc({ fate: 'counted' }, batch.counted)
    metrics.records.inc({ fate: 'duplicate' }, batch.duplicate)
    metrics.records.inc({ fate: 'rejected' }, batch.rejected)
    metrics.records.inc({ fate: 'skipped' }, batch.skipped)
    for (const { reason } of batch.rejects) metrics.rejects.inc({ reason })
    if (batch.firstAppendMs !== -1)
      metrics.visibleSeconds.observe(Math.max(0, Date.now() - batch.firstAppendMs) / 1_000)
    metrics.nextOffset.set({ partition: String(batch.of.partition) }, batch.to)
  },
  transaction(records, seconds) {
    metrics.settleSeconds.observe(seconds)
    metrics.batchRecords.observe(records)
    metrics.lastSettleSeconds.set(Date.now() / 1_000)
  },
  fault: kind => metrics.faults.inc({ kind }),
}

/** Every few seconds: gauges, who reads what, and the offsets that lag tools look at. */
async function report(
  loop: Loop,
  store: PostgresStore,
  membership: Membership,
  log: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const owner = `${hostname()}:${process.pid}`
  let committedMs = 0
  const alive = { yes: true }
  loop.run().then(
    () => Object.assign(alive, { yes: false }),
    () => Object.assign(alive, { yes: false }),
  )
  while (!stopping.aborted && alive.yes) {
    await pause(reportMs, undefined, { signal: stopping }).catch(() => {})
    const next = new Map<number, number>()
    const seen: { partition: number; logStart: number; logEnd: number }[] = []
    metrics.halted.reset()
    metrics.lag.reset()
    for (const { number, phase, halt, settledOffset, logStart, logEnd } of loop.partitions.values()) {
      const partition = String(number)
      if (phase === 'halted' && halt !== undefined) metrics.halted.set({ partition, reason: halt.reason }, 1)
      if (phase !== 'open' || logEnd < 0) continue
      next.set(number, settledOffset)
      seen.push({ partition: number, logStart, logEnd })
      metrics.lag.set({ partition }, Math.max(0, logEnd - settledOffset))
    }
    metrics.partitions.set(next.size)
    try {
      if (seen.length > 0) await store.watch(owner, seen)
      if (Date.now() - committedMs < commitMs) continue
      committedMs = Date.now()
      await membership.commit(next)
    } catch (error) {
      log.debug({ err: (error as Error).message }, 'could not report')
    }
  }
}

function serveHealth(port: number, state: State): Promise<Health> {
  return startHealth(port, { ready: () => parts(state) })
}

function parts({ loop, membership, waitingFor }: State): Part[] {
  if (loop === undefined || waitingFor !== undefined) {
    return [{ name: 'start', ready: false, why: `waiting for ${waitingFor}` }]
  }
  const heardMs = membership?.lastHeardMs()
  const isHeard = heardMs !== undefined && Date.now() - heardMs < heardMsMax
  const opening = [...loop.partitions.values()].filter(({ phase }) => phase === 'closed' || phase === 'opening')
  const halted = [...loop.partitions.values()].filter(({ phase }) => phase === 'halted')
  const part = (name: string, why: string | undefined): Part =>
    why === undefined ? { name, ready: true } : { name, ready: false, why }
  return [
    part('kafka', isHeard ? undefined : 'the group was not heard of for 10 s'),
    part('postgres', loop.storeFault),
    part('partitions', opening.length === 0 ? undefined : `opening ${opening.map(one => one.number).join(', ')}`),
    part('halts', halted.length === 0 ? undefined : `halted: ${halted.map(one => one.number).join(', ')}; see status`),
  ]
}
