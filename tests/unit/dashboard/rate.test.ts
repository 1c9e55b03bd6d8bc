import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rateNow, ratesOf } from '../../../src/dashboard/rate.js'

const sample = (at: number, counted: number) => ({ at, counted: BigInt(counted), read: 0n, lag: 0, waited: 0 })
const steady = Array.from({ length: 20 }, (_, second) => sample(second * 1_000, second * 100))

test('a steady rate is that rate', () => {
  assert.equal(rateNow(steady, 19_300), 100)
})

test('when nothing comes any more the rate falls to 0, and does not stay what it was', () => {
  assert.ok(rateNow(steady, 22_000)! < 100)
  assert.equal(rateNow(steady, 26_000), 0)
  assert.equal(rateNow(steady, 900_000), 0)
})

test('after a pause only what came since is counted', () => {
  const paused = [sample(0, 0), sample(1_000, 500), sample(60_000, 600)]
  assert.ok(rateNow(paused, 60_000)! <= 20)
})

test('before there is a second to look at, no rate is known', () => {
  assert.equal(rateNow([], 1_000), null)
  assert.equal(rateNow([sample(0, 5)], 500), null)
})

test('beyond 2^53 nothing is lost', () => {
  const at = (ms: number, more: bigint) => ({ ...sample(ms, 0), counted: 2n ** 60n + more })
  assert.equal(rateNow([at(0, 0n), at(1_000, 7n)], 1_000), 7)
})

test('the line is 0 where nothing was counted, and the last second has it all', () => {
  assert.deepEqual(ratesOf([sample(0, 0), sample(1_000, 50), sample(10_000, 90)]), [
    [1_000, 50],
    [2_000, 0],
    [9_000, 0],
    [10_000, 40],
  ])
})
