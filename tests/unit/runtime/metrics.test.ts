import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerMetrics, registry, renderMetrics } from '../../../src/runtime/metrics.ts'

test('names, units and kinds are those that Prometheus expects', () => {
  for (const { name, type, help } of registry.getMetricsAsArray()) {
    assert.match(name, /^(footfall|process)_[a-z]+(_[a-z]+)*$/)
    assert.equal(name.endsWith('_total'), String(type) === 'counter', name)
    assert.doesNotMatch(name, /_(ms|milliseconds|count|sum|bucket|histogram)(_|$)/)
    if (String(type) === 'histogram') assert.match(name, /_(seconds|records)$/)
    assert.match(help, /\.$/, name)
  }
})

test('the time of the last settle is not told before there was one', async () => {
  assert.doesNotMatch((await renderMetrics()).text, /^footfall_last_settle_timestamp_seconds \d/m)
  consumerMetrics.lastSettleSeconds.set(1_800_000_000)
  assert.match((await renderMetrics()).text, /^footfall_last_settle_timestamp_seconds 1800000000$/m)
})
