/**
 * Every metric of every role: its name, unit, labels and meaning. Names begin with `footfall_`, but for the `process_`
 * ones, which every dashboard knows. Labels come from closed lists: never a user, an item or an event.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { projectRoot } from './config.ts'

export const registry = new Registry()

const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
  new Counter<T>({ name, help, labelNames: [...labelNames], registers: [registry] })
const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
  new Gauge<T>({ name, help, labelNames: [...labelNames], registers: [registry] })
const histogram = <T extends string>(
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly T[] = [],
) => new Histogram<T>({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [registry] })

/** From a quick answer on one machine to the deadline of a slow one; 0.25 is a promise of the bench. */
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** How long a record waits may be hours after an outage: the upper ones tell a late system from a broken one. */
const waitSeconds = [...seconds, 30, 60, 300, 1_800, 7_200]

const tenfolds = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000]

export const consumerMetrics = {
  records: counter('footfall_records_total', 'Records settled, by fate.', ['fate']),
  rejects: counter('footfall_rejects_total', 'Records rejected, by reason.', ['reason']),
  settleSeconds: histogram('footfall_settle_duration_seconds', 'Time of one settle transaction.', seconds),
  batchRecords: histogram('footfall_batch_records', 'Records settled in one transaction.', tenfolds),
  visibleSeconds: histogram(
    'footfall_visible_delay_seconds',
    'From the append time of the first record of a batch to its commit.',
    waitSeconds,
  ),
  nextOffset: gauge('footfall_partition_next_offset', 'Offset of the first record without a fate.', ['partition']),
  lag: gauge('footfall_partition_lag_records', 'Log end minus next offset.', ['partition']),
  halted: gauge('footfall_partition_halted', '1 while a partition is halted.', ['partition', 'reason']),
  partitions: gauge('footfall_partitions_open', 'Partitions this consumer settles.'),
  lastSettleSeconds: gauge('footfall_last_settle_timestamp_seconds', 'When the last settle was committed.'),
  rebalances: counter('footfall_rebalances_total', 'Assignments received from the group.'),
  faults: counter('footfall_faults_total', 'Trouble of the platform that was retried, by kind.', ['kind']),
} as const

// The library begins at 0, which an alert on "settled long ago" would take for 1970.
consumerMetrics.lastSettleSeconds.remove()

export const apiMetrics = {
  requestSeconds: histogram('footfall_http_request_duration_seconds', 'Time of one answer.', seconds, [
    'route',
    'method',
    'status',
  ]),
} as const

/** Of this build, as package.json has it. */
export const version = (JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string })
  .version
gauge('footfall_build_info', 'Always 1; which build this is.', ['version', 'node']).set(
  { version, node: process.version },
  1,
)

// The library's own defaults break Prometheus' naming rules (gauges that end in _total), so these few are ours.
gauge('process_start_time_seconds', 'When the process started, in seconds since 1970.').set(
  Math.round(Date.now() / 1000 - process.uptime()),
)
new Gauge({
  name: 'process_resident_memory_bytes',
  help: 'Memory of the process.',
  registers: [registry],
  collect() {
    this.set(process.memoryUsage.rss())
  },
})
new Counter({
  name: 'process_cpu_seconds_total',
  help: 'Processor time of the process, user and system.',
  registers: [registry],
  collect() {
    const { user, system } = process.cpuUsage()
    this.reset()
    this.inc((user + system) / 1e6)
  },
})

/** @returns the page for /metrics and its content type. */
export async function renderMetrics(): Promise<{ text: string; contentType: string }> {
  return { text: await registry.metrics(), contentType: registry.contentType }
}
