import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace } from '../../../src/producer/pace.ts'

/** Drives a pace through simulated time, waking when it asks to. */
function drive(perSecond: number, seconds: number, lateMs = 0) {
  const pace = createPace(perSecond, 0)
  let nowMs = 0
  let made = 0
  let wakes = 0
  while (nowMs < seconds * 1_000) {
    const due = pace.due(nowMs)
    pace.made(due)
    made += due
    wakes += 1
    nowMs += pace.waitMs(nowMs) + lateMs
  }
  return { made, wakes, skipped: pace.skipped }
}

for (const rate of [0.1, 0.7, 5, 200, 1_000, 20_000, 50_000]) {
  test(`${rate} events a second are held over a minute, with timers that come late`, () => {
    const { made, skipped } = drive(rate, 60, 3)
    assert.equal(skipped, 0)
    assert.ok(Math.abs(made - rate * 60) <= Math.max(1, rate * 0.02), `${made} made`)
  })
}

test('a low rate sleeps between its events, a high one wakes at most every 10 ms', () => {
  assert.ok(drive(0.1, 100).wakes <= 12)
  assert.ok(drive(20_000, 10).wakes <= 1_001)
})

test('two seconds are made up for, a longer pause is skipped and counted', () => {
  const pace = createPace(1_000, 0)
  assert.equal(pace.due(1_900), 1_900)
  pace.made(1_900)
  assert.equal(pace.due(1_900 + 60_000), 2_000)
  assert.equal(pace.skipped, 58_000)
  pace.made(2_000)
  assert.equal(pace.due(61_900 + 500), 500)
})

test('a pause that is skipped once is not skipped again while nothing can be made', () => {
  const pace = createPace(10, 0)
  pace.due(10_000)
  pace.due(10_000)
  assert.equal(pace.skipped, 80)
  assert.equal(pace.due(11_000), 20)
  assert.equal(pace.skipped, 90)
})

test('an infinite rate is due at any moment', () => {
  const pace = createPace(Infinity, 0)
  assert.equal(pace.due(0), Infinity)
  assert.equal(pace.waitMs(0), 0)
})
