import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../../src/runtime/config.ts'
import {
  apiMetrics,
  beforeEachScrape,
  consumerMetrics,
  exportMetrics,
  processMetrics,
  producerMetrics,
  renderMetrics,
} from '../../../src/runtime/metrics.ts'

exportMetrics('consumer', consumerMetrics)

interface Described {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly labelNames: readonly string[]
}

const all = [processMetrics, producerMetrics, consumerMetrics, apiMetrics].flatMap(
  metrics => Object.values(metrics) as unknown as Described[],
)

test('names, units and kinds are those that Prometheus expects', () => {
  for (const { name, type, help } of all) {
    assert.match(name, /^(footfall|process)_[a-z]+(_[a-z]+)*$/)
    assert.equal(name.endsWith('_total'), String(type) === 'counter', name)
    assert.doesNotMatch(name, /_(ms|milliseconds|count|sum|bucket|histogram)(_|$)/)
    if (String(type) === 'histogram') assert.match(name, /_(seconds|records)$/)
    assert.match(help, /\.$/, name)
  }
})

test('docs/operating.md has every metric with its type and labels, and no other', () => {
  const rows = readFileSync(join(projectRoot, 'docs/operating.md'), 'utf8').matchAll(
    /^\| `([a-z_]+)` \| (counter|gauge|histogram) \| (.*?) ?\| /gm,
  )
  const documented = [...rows].map(([, name, type, labels]) => `${name} ${type} ${labels!.replaceAll('`', '')}`)
  assert.deepEqual(
    documented.sort(),
    all.map(({ name, type, labelNames }) => `${name} ${type} ${labelNames.join(' ')}`).sort(),
  )
})

test('the time of the last settle is not told before there was one', async () => {
  assert.doesNotMatch((await renderMetrics()).text, /^footfall_last_settle_timestamp_seconds \d/m)
  consumerMetrics.lastSettleSeconds.set(1_800_000_000)
  assert.match((await renderMetrics()).text, /^footfall_last_settle_timestamp_seconds 1800000000$/m)
})

test('a role shows its own metrics and those of any process, not the zeros of other roles', async () => {
  const { text } = await renderMetrics()
  assert.match(
    text,
    /^footfall_build_info\{role="consumer",version="[^"]+",commit="(?:[0-9a-f]{40}|unknown)",node="v\d+/m,
  )
  assert.match(text, /^process_cpu_seconds_total \d/m)
  assert.doesNotMatch(text, /footfall_producer_|footfall_http_/)
})

test('what is refreshed before each look is fresh, until it ends', async () => {
  const looked = beforeEachScrape(() => consumerMetrics.partitions.inc())
  await renderMetrics()
  assert.match((await renderMetrics()).text, /^footfall_partitions_open 2$/m)
  looked[Symbol.dispose]()
  assert.match((await renderMetrics()).text, /^footfall_partitions_open 2$/m)
})
