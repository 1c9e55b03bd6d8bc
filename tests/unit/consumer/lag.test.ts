import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lag } from '../../../src/consumer/lag.ts'

test('nothing is told before both the log and the ledger are known', () => {
  const lag = new Lag()
  assert.deepEqual([lag.records, lag.seconds(0)], [undefined, undefined])
  lag.heard(0, 10, 1_000)
  assert.deepEqual([lag.records, lag.seconds(5_000)], [undefined, undefined])
  lag.settledTo(4, -1)
  assert.equal(lag.records, 6)
})

test('a backlog is as old as the latest append time that was settled', () => {
  const lag = new Lag()
  lag.heard(0, 100, 7_000_000)
  lag.settledTo(10, 7_100_000)
  assert.equal(lag.seconds(7_160_000), 60)
  lag.settledTo(100, 7_159_000)
  assert.equal(lag.seconds(7_160_000), 0)
})

test('a record after a quiet hour is as late as it waits, not an hour', () => {
  const lag = new Lag()
  lag.settledTo(5, 1_000)
  lag.heard(0, 5, 3_600_000)
  assert.equal(lag.seconds(3_600_000), 0)
  lag.heard(0, 6, 3_600_250)
  assert.equal(lag.seconds(3_602_000), 2)
  lag.settledTo(6, 3_600_100)
  lag.heard(0, 7, 3_700_000)
  assert.equal(lag.seconds(3_700_000), 99.75)
})

test('where no append time is known, the wait since the log was first heard of counts', () => {
  const lag = new Lag()
  lag.settledTo(0, -1)
  lag.heard(0, 5, 10_000)
  assert.equal(lag.seconds(13_000), 3)
})

test('a sender whose clock is ahead makes no negative age, and a ledger that is ahead of what was heard no negative lag', () => {
  const lag = new Lag()
  lag.heard(0, 5, 1_000)
  lag.settledTo(4, 9_000)
  assert.equal(lag.seconds(2_000), 0)
  lag.settledTo(8, 9_000)
  assert.equal(lag.records, 0)
})
