/** The consumer's core under schedules of faults: see tests/simulation. Needs no servers, but seconds. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { missing } from '../../simulation/coverage.ts'
import { simulate, told } from '../../simulation/schedules.ts'

const freshMs = 3_000

test('under 2,000 known schedules the books balance after every commit, and the faults of a campaign are reached', async () => {
  const { failed, coverage } = await simulate(1, 2_000)
  if (failed.length > 0) assert.fail(await told(failed[0]!.seed, 60))
  assert.deepEqual(missing(coverage, false), [])
})

test('under fresh schedules, too', async t => {
  const first = randomInt(2 ** 31)
  t.diagnostic(`seed ${first}`)
  const deadlineMs = performance.now() + freshMs
  for (let seed = first; performance.now() < deadlineMs; seed += 50) {
    const { failed } = await simulate(seed, 50)
    if (failed.length > 0) assert.fail(await told(failed[0]!.seed, 60))
  }
})
