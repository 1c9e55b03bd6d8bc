/** kafka -> postgres. Puts the core between the real log and the real tables, and keeps both supplied. */
import { setTimeout as pause } from 'node:timers/promises'
import { awaitTopic } from '../kafka/await-topic.ts'
import { joinGroup } from '../kafka/group.ts'
import { LogReader } from '../kafka/reader.ts'
import { awaitTables } from '../postgres/tables.ts'
import type { Config } from '../runtime/config.ts'
import { type Part, part, startHealth } from '../runtime/health.ts'
import type { Running } from '../runtime/lifecycle.ts'
import type { Log as Logger } from '../runtime/log.ts'
import { consumerMetrics as metrics } from '../runtime/metrics.ts'
import { Busiest } from './busiest.ts'
import { Loop } from './loop.ts'
import { PostgresStore } from './postgres-store.ts'
import { commitLast, exportConsumer, observerWith, readyParts, reportUntil } from './report.ts'
import { type Installation, type Store, StoreFault } from './store.ts'

/**
 * Starts a consumer. It waits for Kafka, topic, PostgreSQL and tables as long as it takes.
 * `ended` rejects when waiting cannot help: another topic or other rules than the database has, a compacted topic.
 */
export async function startConsumer(config: Config, log: Logger): Promise<Running> {
  const stopping = new AbortController()
  const state: State = { ready: () => [part('start', 'waiting for Kafka, PostgreSQL, topic and tables')] }
  exportConsumer()
  const health = await startHealth(config.health, () => state.ready())
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
  ready: () => Part[]
}

async function run(config: Config, log: Logger, state: State, stopping: AbortSignal): Promise<void> {
  const topic = await awaitTopic(config, log, stopping)
  await awaitTables(config, 'footfall consumer', log, stopping)
  const store = new PostgresStore(config)
  const reader = new LogReader(config, log)
  try {
    const installation = await install(config, store, log, stopping)
    if (topic === undefined || installation === undefined || stopping.aborted) return
    await count(config, log, reader, store, installation, state, stopping)
  } finally {
    await Promise.allSettled([store.close(), reader.close()])
  }
}

/** PostgreSQL may go away between the making of the tables and now. */
async function install(
  config: Config,
  store: Store,
  log: Logger,
  stopping: AbortSignal,
): Promise<Installation | undefined> {
  let said: string | undefined
  while (!stopping.aborted) {
    try {
      const installation = await store.install(config.kafka.topic, config.rules)
      const { judgeBefore: before, rules } = installation
      if (before !== undefined) log('judge_raised', { before, now: rules.judgeVersion })
      return installation
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error
      if (error.message !== said) log('rules_awaited', { why: error.message })
      said = error.message
      await pause(1_000, undefined, { signal: stopping }).catch(() => {})
    }
  }
  return undefined
}

async function count(
  config: Config,
  log: Logger,
  reader: LogReader,
  store: Store,
  installation: Installation,
  state: State,
  stopping: AbortSignal,
): Promise<void> {
  const busiest = new Busiest()
  const loop = new Loop(reader, store, installation, config.consumer, log, observerWith(busiest))
  const membership = joinGroup(config, log, partitions => {
    metrics.rebalances.inc()
    loop.assign(partitions)
  })
  state.ready = () => readyParts(loop, membership, reader.refusal)
  stopping.addEventListener('abort', () => void loop.stop(), { once: true })
  const ending = new AbortController()
  const reporting = reportUntil(ending.signal, loop, store, membership, busiest, log)
  try {
    await loop.run()
  } finally {
    state.ready = () => [part('start', 'stopping')]
    ending.abort()
    // What was read is settled by now: the next owner of a partition finds nothing half done.
    await commitLast(loop, membership)
    // Leaving ends a report that waits for a Kafka that is away.
    await Promise.all([membership.leave(), reporting])
  }
}
