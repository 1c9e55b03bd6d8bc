/** What others can see of a running consumer: metrics, who reads what, offsets for lag tools, readiness. */
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { fates, reasons } from '../event/fate.ts'
import type { Membership } from '../kafka/group.ts'
import { type Part, part } from '../runtime/health.ts'
import type { Log as Logger } from '../runtime/log.ts'
import { beforeEachScrape, exportMetrics, consumerMetrics as metrics } from '../runtime/metrics.ts'
import type { Busiest } from './busiest.ts'
import type { Observer } from './core.ts'
import type { Loop } from './loop.ts'
import type { Store } from './store.ts'

const reportMs = 2_000
/** Kafka's committed offsets are for lag tools, which look every half minute or so. */
const commitMs = 5_000
const lastCommitMs = 1_000
const heardMsMax = 10_000

/** Counts what the loop does. */
const observer: Observer = {
  read: records => metrics.read.inc(records),
  settled(batch) {
    for (const fate of fates) metrics.settled.inc({ fate }, batch[fate])
    for (const { as } of batch.repairs) metrics.repairs.inc({ fate: as })
    for (const { reason } of batch.rejects) metrics.rejects.inc({ reason })
    if (batch.firstAppendMs !== -1)
      metrics.endToEndSeconds.observe(Math.max(0, Date.now() - batch.firstAppendMs) / 1_000)
  },
  transaction(records, seconds) {
    metrics.settleSeconds.observe(seconds)
    metrics.settleRecords.observe(records)
    metrics.lastSettleSeconds.setToCurrentTime()
  },
  overtaken: () => metrics.fenced.inc(),
  fault: kind => metrics.faults.inc({ kind }),
}

/** Besides, notes whom it is about. */
export function observerWith(busiest: Busiest): Observer {
  return {
    ...observer,
    settled(batch) {
      observer.settled(batch)
      busiest.settled(batch.delta, batch.counted, Date.now(), Math.random())
    },
  }
}

/** Puts the consumer's metrics on its page, those with closed lists at 0: a rate needs a value before the first event. */
export function exportConsumer(): void {
  exportMetrics('consumer', metrics)
  for (const fate of fates) metrics.settled.inc({ fate }, 0)
  for (const reason of Object.keys(reasons)) metrics.rejects.inc({ reason }, 0)
  for (const fate of ['counted', 'duplicate'] as const) metrics.repairs.inc({ fate }, 0)
  for (const kind of ['connection', 'data', 'platform'] as const) metrics.faults.inc({ kind }, 0)
}

/** Reports every few seconds until `signal` aborts. What cannot be reported is left out: counting goes on. */
export async function reportUntil(
  signal: AbortSignal,
  loop: Loop,
  store: Store,
  membership: Membership,
  busiest: Busiest,
  log: Logger,
): Promise<void> {
  using _gauges = beforeEachScrape(() => setGauges(loop, Date.now()))
  const owner = `${hostname()}:${process.pid}`
  let committedMs = 0
  while (!signal.aborted) {
    await pause(reportMs, undefined, { signal }).catch(() => {})
    const open = [...loop.partitions.values()].filter(({ phase, lag }) => phase === 'open' && lag.logEnd >= 0)
    try {
      const seen = open.map(({ number, lag: { logStart, logEnd, heardMs } }) => {
        return { partition: number, logStart, logEnd, msAgo: Date.now() - heardMs }
      })
      if (seen.length > 0) {
        await store.watch(owner, seen)
        await store.noteBusiest(owner, busiest.told(Date.now()))
      }
      if (Date.now() - committedMs < commitMs) continue
      committedMs = Date.now()
      await membership.commit(nextOffsets(loop))
    } catch (error) {
      log('report_failed', { why: (error as Error).message })
    }
  }
}

/** The last word to lag tools before leaving: else they would show what is settled already as lag. */
export async function commitLast(loop: Loop, membership: Membership): Promise<void> {
  const committed = membership.commit(nextOffsets(loop))
  await Promise.race([committed, pause(lastCommitMs, undefined, { ref: false })]).catch(() => {})
}

/** Of halted ones too, whose lag grows; but none beyond the end of a log that is not the one that was counted. */
function nextOffsets(loop: Loop): Map<number, number> {
  const known = [...loop.partitions.values()].filter(
    ({ phase, lag }) => phase !== 'leaving' && lag.nextOffset >= 0 && lag.nextOffset <= lag.logEnd,
  )
  return new Map(known.map(({ number, lag }) => [number, lag.nextOffset]))
}

function setGauges(loop: Loop, nowMs: number): void {
  for (const gauge of [metrics.halted, metrics.lagRecords, metrics.lagSeconds, metrics.nextOffset]) gauge.reset()
  let open = 0
  let pending = 0
  for (const { number, phase, halt, lag, pendingRecords } of loop.partitions.values()) {
    const partition = String(number)
    pending += pendingRecords
    if (phase === 'open') open += 1
    if (halt !== undefined) metrics.halted.set({ partition, reason: halt.reason }, 1)
    if (lag.records === undefined || phase === 'leaving') continue
    metrics.nextOffset.set({ partition }, lag.nextOffset)
    metrics.lagRecords.set({ partition }, lag.records)
    metrics.lagSeconds.set({ partition }, lag.seconds(nowMs)!)
  }
  metrics.partitions.set(open)
  metrics.pending.set(pending)
}

/** What a consumer needs to do its work, each with why it is not ready. @param refusal why a broker refuses us. */
export function readyParts(loop: Loop, membership: Membership, refusal: string | undefined): Part[] {
  const heardMs = membership.lastHeardMs()
  const isHeard = heardMs !== undefined && Date.now() - heardMs < heardMsMax
  // A halted partition is opened again every few seconds to see whether it still is: that is no news.
  const all = [...loop.partitions.values()]
  const halted = all.filter(({ halt }) => halt !== undefined).map(({ number }) => number)
  const opening = all
    .filter(({ phase, halt }) => halt === undefined && (phase === 'closed' || phase === 'opening'))
    .map(({ number }) => number)
  return [
    part('kafka', refusal ?? (isHeard ? undefined : 'the group was not heard of for 10 s')),
    part('postgres', loop.storeFault),
    part('partitions', opening.length === 0 ? undefined : `opening ${opening.join(', ')}`),
    part(
      'halts',
      halted.length === 0 ? undefined : `halted: ${halted.join(', ')}; ./footfall partitions shows the ways out`,
    ),
  ]
}
