/**
 * Every metric of every role: its name, unit, labels and meaning. Names begin with `footfall_`, but for the `process_`
 * ones, which every dashboard knows. Labels come from closed lists: never a user, an item or an event.
 */
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { commit, version } from './build.ts'

const registry = new Registry()

const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
  new Counter<T>({ name, help, labelNames: [...labelNames], registers: [] })
const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
  new Gauge<T>({ name, help, labelNames: [...labelNames], registers: [] })
/** Absent before the first time: the library begins at 0, which an alert on "long ago" would take for 1970. */
const moment = (name: string, help: string) => {
  const metric = gauge(name, help)
  metric.remove()
  return metric
}
const histogram = <T extends string>(
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly T[] = [],
) => new Histogram<T>({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [] })

/** From a quick answer on one machine to the deadline of a slow one; 0.25 is a promise of the bench. */
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** How long a record waits may be hours after an outage: the upper ones tell a late system from a broken one. */
const waitSeconds = [...seconds, 30, 60, 300, 1_800, 7_200]

const tenfolds = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000]

export const producerMetrics = {
  made: counter('footfall_producer_made_total', 'Events made.'),
  acknowledged: counter('footfall_producer_acknowledged_total', 'Events that all in-sync replicas have.'),
  refused: counter('footfall_producer_refused_total', 'Events a broker refused for good: not in the log.'),
  perhapsTwice: counter(
    'footfall_producer_perhaps_twice_total',
    'Acknowledged events that may be in the log twice, because a broker lost track; their ids make it harmless.',
  ),
  skipped: counter(
    'footfall_producer_skipped_total',
    'Events not made in time, because Kafka or the machine was slow.',
  ),
  waiting: gauge('footfall_producer_waiting_events', 'Events made and neither acknowledged nor refused.'),
  unanswered: gauge('footfall_producer_unanswered_events', 'Of those waiting, the ones sent: in the log or not.'),
  stalled: gauge('footfall_producer_stalled', '1 while Kafka takes nothing in at least one partition.'),
  rateAsked: gauge('footfall_producer_rate_asked', 'Events a second asked for; 0 is none but the seeded ones.'),
  lastAcknowledgedSeconds: moment(
    'footfall_producer_last_acknowledged_timestamp_seconds',
    'When the last event was acknowledged.',
  ),
} as const

export const consumerMetrics = {
  read: counter('footfall_records_read_total', 'Records read and folded; those read again count again.'),
  pending: gauge('footfall_pending_records', 'Records read and not yet settled.'),
  settled: counter('footfall_records_settled_total', 'Records settled, by fate.', ['fate']),
  rejects: counter('footfall_rejects_total', 'Records rejected, by reason.', ['reason']),
  repairs: counter('footfall_repairs_total', 'Rejects settled by a repair, by what became of it.', ['fate']),
  lastSettleSeconds: moment('footfall_last_settle_timestamp_seconds', 'When the last settle was committed.'),
  settleSeconds: histogram('footfall_settle_duration_seconds', 'Time of one settle transaction.', seconds),
  settleRecords: histogram('footfall_settle_records', 'Records settled in one transaction.', tenfolds),
  endToEndSeconds: histogram(
    'footfall_end_to_end_seconds',
    'From the append time of the first record of a batch to its commit.',
    waitSeconds,
  ),
  nextOffset: gauge('footfall_partition_next_offset', 'Offset of the first record without a fate.', ['partition']),
  lagRecords: gauge('footfall_partition_lag_records', 'Log end minus next offset, as last heard.', ['partition']),
  lagSeconds: gauge('footfall_partition_lag_seconds', 'Age of the oldest record without a fate, at most.', [
    'partition',
  ]),
  halted: gauge('footfall_partition_halted', '1 while a partition is halted.', ['partition', 'reason']),
  partitions: gauge('footfall_partitions_open', 'Partitions this consumer counts.'),
  rebalances: counter('footfall_rebalances_total', 'Assignments received from the group.'),
  fenced: counter('footfall_settles_fenced_total', 'Batches not written, because another owner was faster.'),
  faults: counter(
    'footfall_settle_faults_total',
    'Settles that PostgreSQL did not take and that were retried, by kind.',
    ['kind'],
  ),
} as const

export const apiMetrics = {
  requestSeconds: histogram('footfall_http_request_duration_seconds', 'Time of one answer.', seconds, [
    'route',
    'method',
    'status',
  ]),
  requests: gauge('footfall_http_requests_in_progress', 'Requests taken and not yet answered.'),
  viewers: gauge('footfall_live_viewers', 'Readers of the live stream.'),
  viewersDropped: counter('footfall_live_viewers_dropped_total', 'Readers dropped, because they let too much wait.'),
  poolConnections: gauge('footfall_postgres_connections', 'Connections to PostgreSQL, by state.', ['state']),
  poolMax: gauge('footfall_postgres_connections_limit', 'How many connections there may be.'),
  poolWaiting: gauge(
    'footfall_postgres_waiting_requests',
    'Requests that wait for a connection or the next statement.',
  ),
} as const

/** Every process has these. The library's own break Prometheus' naming rules: gauges that end in _total. */
export const processMetrics = {
  build: gauge('footfall_build_info', 'Always 1; which role of which build this is.', [
    'role',
    'version',
    'commit',
    'node',
  ]),
  startSeconds: gauge('process_start_time_seconds', 'When the process started, in seconds since 1970.'),
  memory: gauge('process_resident_memory_bytes', 'Memory of the process.'),
  cpu: counter('process_cpu_seconds_total', 'Processor time of the process, user and system.'),
} as const

type Exported = Readonly<Record<string, Counter | Gauge | Histogram>>

/** Puts what a role measures on its page. What it does not is absent there, not 0. */
export function exportMetrics(role: string, metrics: Exported): void {
  for (const metric of Object.values({ ...processMetrics, ...metrics })) registry.registerMetric(metric)
  processMetrics.build.set({ role, version, commit, node: process.version }, 1)
  processMetrics.startSeconds.set(Math.round(Date.now() / 1000 - process.uptime()))
}

const refreshers = new Set<() => void>()

/** Has `refresh` called before each look at the page, for what is known anyway and need not be kept up to date. */
export function beforeEachScrape(refresh: () => void): Disposable {
  refreshers.add(refresh)
  return { [Symbol.dispose]: () => void refreshers.delete(refresh) }
}

beforeEachScrape(() => {
  processMetrics.memory.set(process.memoryUsage.rss())
  const { user, system } = process.cpuUsage()
  processMetrics.cpu.reset()
  processMetrics.cpu.inc((user + system) / 1e6)
})

/** @returns the page for /metrics and its content type. */
export async function renderMetrics(): Promise<{ text: string; contentType: string }> {
  for (const refresh of refreshers) refresh()
  return { text: await registry.metrics(), contentType: registry.contentType }
}
