/** What scrapers, lag tools, alerts and dashboards see of running roles. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import kafkajs from 'kafkajs'
import { parse } from 'yaml'
import { startApi } from '../../src/api/api.ts'
import { startProducer } from '../../src/producer/producer.ts'
import { parseConfig, projectRoot } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import {
  closing,
  freshDatabase,
  freshName,
  freshTopic,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, sendForeign } from '../support/foreign.ts'
import { startHeard } from '../support/heard.ts'
import { type Page, parsePage } from '../support/metrics-page.ts'
import { groupingOf, selectorsOf } from '../support/promql.ts'

const batchBytesMax = 1_048_576
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

test('the metrics say what the roles did, and lag tools see where the group stands', async t => {
  const [topic, database] = [await freshTopic(2), await freshDatabase()]
  const good = Array.from({ length: 20 }, (_, n) => bytesOf(eventOf(n, 'id-')))
  const bad = [Buffer.from('no json'), bytesOf({ ...eventOf(1), activity_type: 'like' })]
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-00` }
  const message = (partition: number) => (value: Buffer | null) => ({ partition, key: null, value, headers })
  await sendForeign(t, topic, [...good, ...good.slice(0, 5), ...bad, null].map(message(0)))
  await sendForeign(t, topic, good.slice(0, 10).map(message(1)))
  await sendInflating(topic, 1)

  const settings = { CONSUMER_MAX_BATCH_BYTES: String(batchBytesMax) }
  const consumer = await startHeard(t, { topic, database, settings }, 'debug')
  const get = await startOthers(t, database)
  for (const path of ['/', '/api/user-activity-summary/none', '/nowhere']) await get(path)
  const page = await until(
    async () => {
      const page = parsePage(await (await get('/metrics')).text())
      const isDone = page.value('footfall_partition_halted', { partition: '1' }) === 1
      return isDone && page.value('footfall_producer_acknowledged_total', {})! >= 8 && page
    },
    20_000,
    'all is read and partition 1 is halted',
  )
  const expected: [string, Record<string, string>, number][] = [
    ['footfall_build_info', { role: 'consumer' }, 1],
    ['footfall_build_info', { role: 'producer' }, 1],
    ['footfall_build_info', { role: 'api' }, 1],
    ['footfall_records_read_total', {}, 38],
    ['footfall_records_settled_total', { fate: 'counted' }, 30],
    ['footfall_records_settled_total', { fate: 'duplicate' }, 5],
    ['footfall_records_settled_total', { fate: 'rejected' }, 2],
    ['footfall_records_settled_total', { fate: 'skipped' }, 1],
    ['footfall_rejects_total', { reason: 'not_json' }, 1],
    ['footfall_rejects_total', { reason: 'unknown_activity' }, 1],
    ['footfall_rejects_total', { reason: 'too_old' }, 0],
    ['footfall_settle_faults_total', { kind: 'connection' }, 0],
    ['footfall_settles_fenced_total', {}, 0],
    ['footfall_pending_records', {}, 0],
    ['footfall_partitions_open', {}, 1],
    ['footfall_partition_next_offset', { partition: '0' }, 28],
    ['footfall_partition_next_offset', { partition: '1' }, 10],
    ['footfall_partition_lag_records', { partition: '0' }, 0],
    ['footfall_partition_lag_records', { partition: '1' }, 1],
    ['footfall_partition_lag_seconds', { partition: '0' }, 0],
    ['footfall_partition_halted', { partition: '1', reason: 'too_large' }, 1],
    ['footfall_http_request_duration_seconds_count', { route: '/', method: 'GET', status: '200' }, 1],
    ['footfall_http_request_duration_seconds_count', { route: 'none', method: 'GET', status: '404' }, 1],
    ['footfall_http_requests_in_progress', {}, 1],
    ['footfall_postgres_waiting_requests', {}, 0],
    ['footfall_producer_refused_total', {}, 0],
  ]
  for (const [name, labels, value] of expected)
    assert.equal(page.value(name, labels), value, `${name} ${JSON.stringify(labels)}`)
  const nowSeconds = Date.now() / 1_000
  assert.ok(Math.abs(page.value('footfall_last_settle_timestamp_seconds', {})! - nowSeconds) < 30)
  assert.ok(page.value('footfall_partition_lag_seconds', { partition: '1' })! > 0)
  const transactions = page.value('footfall_settle_duration_seconds_count', {})!
  assert.ok(transactions >= 1)
  assert.equal(page.value('footfall_settle_records_sum', {}), 38)
  // One observation a batch: both partitions, in one transaction or in several.
  assert.ok(page.value('footfall_end_to_end_seconds_count', {})! >= 2)
  assert.equal(page.value('footfall_postgres_connections_limit', {}), 8)

  const rejected = consumer
    .said('record_rejected')
    .map(({ partition, offset, trace_id }) => ({ partition, offset, trace_id }))
  assert.deepEqual(
    rejected,
    [25, 26].map(offset => ({ partition: 0, offset, trace_id: traceId })),
  )

  for (const file of ['alerts.yml', 'grafana-dashboard.json']) {
    const unknown = expressionsOf(file).flatMap(expression => unknownIn(expression, page))
    assert.deepEqual(unknown, [], `${file} names what nobody exports`)
  }

  await consumer.stop()
  const admin = foreignClient().admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  const [committed] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
  const offsets = committed!.partitions.map(({ partition, offset }) => [partition, Number(offset)])
  assert.deepEqual(offsets.sort(), [
    [0, 28],
    [1, 10],
  ])
})

/** Its bytes are few and become more than a consumer takes. */
async function sendInflating(topic: string, partition: number): Promise<void> {
  const producer = foreignClient().producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const messages = [{ partition, value: Buffer.alloc(2 * batchBytesMax) }]
  await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP })
  await producer.disconnect()
}

/** A producer to a topic of its own, and an API; metrics are one page for all roles of a process. */
async function startOthers(t: TestContext, database: Awaited<ReturnType<typeof freshDatabase>>) {
  const silent = createLog('tests', 'silent')
  const settings = settingsFor(sharedKafka(), database, freshName('topic'))
  const producer = await startProducer(parseConfig({ ...settings, PRODUCER_EVENT_RATE: '20' }), silent)
  closing(t, () => producer.stop())
  const api = await startApi({ postgres: database, api: { host: '127.0.0.1', port: 0, awaitSeed: false } }, silent)
  closing(t, () => api.stop())
  return (path: string) => fetch(`${api.url}${path}`)
}

/** A PromQL expression and the text beside it, which names labels as well. */
interface Expression {
  readonly expr: string
  readonly named: readonly string[]
}

function expressionsOf(file: string): Expression[] {
  const source = parse(readFileSync(join(projectRoot, 'watch', file), 'utf8'))
  const found: Expression[] = file.endsWith('.json')
    ? (source.panels as Panel[]).flatMap(({ targets = [] }) =>
        targets.map(({ expr, legendFormat }) => ({ expr, named: namesIn(legendFormat, /\{\{(\w+)\}\}/g) })),
      )
    : (source.groups[0].rules as Rule[]).map(({ expr, annotations }) => {
        return { expr, named: namesIn(annotations.summary, /\$labels\.(\w+)/g) }
      })
  assert.ok(found.length > 5)
  return found
}

interface Panel {
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Rule {
  readonly expr: string
  readonly annotations: { readonly summary: string }
}

const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name!)

/** Given by Prometheus to every series it scrapes. */
const scraped = ['instance', 'job']

/** In words: metrics, labels and values that no sample of the page has. */
function unknownIn({ expr, named }: Expression, { samples }: Page): string[] {
  const selectors = selectorsOf(expr)
  if (selectors.length === 0) return [`nothing in ${expr}`]
  const own = (metric: string) => samples.filter(({ name }) => name === metric)
  const labelsOf = (metric: string) => [...own(metric).flatMap(({ labels }) => Object.keys(labels)), ...scraped]
  const all = selectors.flatMap(({ metric }) => labelsOf(metric))
  return [
    ...selectors.filter(({ metric }) => own(metric).length === 0).map(({ metric }) => metric),
    ...selectors.flatMap(({ metric, labels }) =>
      labels.filter(label => !labelsOf(metric).includes(label)).map(label => `${metric}{${label}}`),
    ),
    ...selectors.flatMap(({ metric, equal }) =>
      Object.entries(equal)
        .filter(([label, value]) => !own(metric).some(({ labels }) => labels[label] === value))
        .map(([label, value]) => `${metric}{${label}="${value}"}`),
    ),
    ...[...groupingOf(expr), ...named].filter(label => !all.includes(label)).map(label => `${label} in ${expr}`),
  ]
}
