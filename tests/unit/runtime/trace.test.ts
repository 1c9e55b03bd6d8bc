import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTraceparent, traceparent } from '../../../src/runtime/trace.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'

test('a traceparent is read as the recommendation says, of later versions what is known', () => {
  assert.deepEqual(parseTraceparent(`00-${traceId}-${spanId}-01`), { traceId, sampled: true })
  assert.deepEqual(parseTraceparent(`00-${traceId}-${spanId}-02`), { traceId, sampled: false })
  assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes-later`), { traceId, sampled: true })
})

test('what is no traceparent is no trace', () => {
  for (const wrong of [
    undefined,
    '',
    'x'.repeat(100_000),
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-0g`,
    ` 00-${traceId}-${spanId}-01`,
  ])
    assert.equal(parseTraceparent(wrong), undefined, String(wrong).slice(0, 80))
  fc.assert(fc.property(fc.string(), text => parseTraceparent(text) === undefined))
})

test('what is written is read', () => {
  for (const sampled of [true, false]) {
    assert.deepEqual(parseTraceparent(traceparent({ traceId, sampled }, spanId)), { traceId, sampled })
  }
})
