/** What others can see of a running consumer: metrics, who reads what, offsets for lag tools, readiness. */
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Membership } from '../kafka/group.ts'
import { type Part, part } from '../runtime/health.ts'
import type { Log as Logger } from '../runtime/log.ts'
import { consumerMetrics as metrics } from '../runtime/metrics.ts'
import type { Observer } from './core.ts'
import type { Loop } from './loop.ts'
import type { Store } from './store.ts'

const reportMs = 2_000
/** Kafka's committed offsets are for lag tools, which look every half minute or so. */
const commitMs = 5_000
const heardMsMax = 10_000

/** Counts what the loop does. */
export const observer: Observer = {
  settled(batch) {
    for (const fate of ['counted', 'duplicate', 'rejected', 'skipped'] as const) {
      metrics.records.inc({ fate }, batch[fate])
    }
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

/** Reports every few seconds until `signal` aborts. What cannot be reported is left out: counting goes on. */
export async function reportUntil(
  signal: AbortSignal,
  loop: Loop,
  store: Store,
  membership: Membership,
  log: Logger,
): Promise<void> {
  const owner = `${hostname()}:${process.pid}`
  let committedMs = 0
  while (!signal.aborted) {
    await pause(reportMs, undefined, { signal }).catch(() => {})
    const open = [...loop.partitions.values()].filter(({ phase, logEnd }) => phase === 'open' && logEnd >= 0)
    setGauges(loop)
    try {
      const seen = open.map(({ number, logStart, logEnd }) => ({ partition: number, logStart, logEnd }))
      if (seen.length > 0) await store.watch(owner, seen)
      if (Date.now() - committedMs < commitMs) continue
      committedMs = Date.now()
      await membership.commit(new Map(open.map(({ number, settledOffset }) => [number, settledOffset])))
    } catch (error) {
      log('report_failed', { why: (error as Error).message })
    }
  }
}

function setGauges(loop: Loop): void {
  metrics.halted.reset()
  metrics.lag.reset()
  let open = 0
  for (const { number, phase, halt, settledOffset, logEnd } of loop.partitions.values()) {
    const partition = String(number)
    if (halt !== undefined) metrics.halted.set({ partition, reason: halt.reason }, 1)
    if (phase !== 'open') continue
    open += 1
    if (logEnd >= 0) metrics.lag.set({ partition }, Math.max(0, logEnd - settledOffset))
  }
  metrics.partitions.set(open)
}

/** What a consumer needs to do its work, each with why it is not ready. */
export function readyParts(loop: Loop, membership: Membership): Part[] {
  const heardMs = membership.lastHeardMs()
  const isHeard = heardMs !== undefined && Date.now() - heardMs < heardMsMax
  // A halted partition is opened again every few seconds to see whether it still is: that is no news.
  const all = [...loop.partitions.values()]
  const halted = all.filter(({ halt }) => halt !== undefined).map(({ number }) => number)
  const opening = all
    .filter(({ phase, halt }) => halt === undefined && (phase === 'closed' || phase === 'opening'))
    .map(({ number }) => number)
  return [
    part('kafka', isHeard ? undefined : 'the group was not heard of for 10 s'),
    part('postgres', loop.storeFault),
    part('partitions', opening.length === 0 ? undefined : `opening ${opening.join(', ')}`),
    part('halts', halted.length === 0 ? undefined : `halted: ${halted.join(', ')}; ./footfall status says why`),
  ]
}
