/** G5: more than PostgreSQL takes, in short; `npm run limits` offers all of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { healthyMsMax, peakMiBMax } from '../limits/limit.ts'
import { slow } from '../limits/slow.ts'

test(`G5: ${slow.about}: memory stays bounded, and a partition that is well is not held up`, async t => {
  const { records, peakMiB, healthyMs, drainedMs } = await slow.run(t, 0.1)
  const latestMs = Math.max(...healthyMs)
  t.diagnostic(
    `${records} records, ${peakMiB} MiB, ${Math.round(latestMs)} ms late, ${Math.round(drainedMs)} ms to drain`,
  )
  assert.ok(peakMiB <= peakMiBMax, `the consumer took ${peakMiB} MiB`)
  assert.ok(latestMs <= healthyMsMax, `a healthy partition was ${Math.round(latestMs)} ms late`)
})
