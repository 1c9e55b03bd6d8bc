import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Busiest } from '../../../src/consumer/busiest.ts'
import { diceOf } from '../../fuzz/dice.ts'
import { uuidOf } from '../../support/events.ts'
import { someKernel } from '../../support/some-kernel.ts'

const [user, item] = [(n: number) => uuidOf(`user ${n}`), (n: number) => uuidOf(`item ${n}`)]

/** The rows of these events, as a batch has them. */
function deltaOf(events: readonly (readonly [user: number, item: number, times?: number])[]) {
  const kernel = someKernel()
  for (const [of, what, times = 1] of events) {
    const event = { userId: user(of), itemId: item(what), day: 20_000, eventId: undefined }
    for (let n = 0; n < times; n++) kernel.add({ ...event, activity: n % 2 === 0 ? 'view' : 'click' })
  }
  return kernel.takeRows()
}

const shown = (busiest: Busiest, nowMs: number, kind: 'user' | 'item') =>
  busiest
    .told(nowMs)
    .filter(one => one.kind === kind)
    .map(({ id, perMinute }) => [id, perMinute])

test('small batches are told exactly, those with most first, and fade within minutes', () => {
  const busiest = new Busiest()
  busiest.settled(
    deltaOf([
      [1, 1, 3],
      [2, 1, 5],
      [2, 2, 10],
    ]),
    18,
    1_000,
    0.99,
  )
  assert.deepEqual(shown(busiest, 1_000, 'user'), [
    [user(2), 15],
    [user(1), 3],
  ])
  assert.deepEqual(shown(busiest, 1_000, 'item'), [
    [item(2), 10],
    [item(1), 8],
  ])
  const [[, later]] = shown(busiest, 61_000, 'user') as [[string, number]]
  assert.ok(Math.abs(later - 15 / Math.E) < 1e-9)
  assert.deepEqual(busiest.told(601_000), [])
})

test('at a steady rate the number is that of the events of a minute', () => {
  const busiest = new Busiest()
  const delta = deltaOf([[1, 1, 10]])
  for (let nowMs = 0; nowMs < 600_000; nowMs += 1_000) busiest.settled(delta, 10, nowMs, 0)
  const [[, perMinute]] = shown(busiest, 600_000, 'user') as [[string, number]]
  assert.ok(Math.abs(perMinute - 600) < 12, String(perMinute))
})

test('of a large batch every user is off by a 64th of it at most, wherever the drawing begins', () => {
  const counts = [4_000, 1_000, 300, ...Array.from({ length: 9_000 }, () => 1)]
  const counted = counts.reduce((sum, one) => sum + one, 0)
  const delta = deltaOf(counts.map((times, n) => [n, n % 7, times]))
  for (const chance of [0, 0.25, 0.5, 0.999]) {
    const busiest = new Busiest()
    busiest.settled(delta, counted, 0, chance)
    const told = new Map(shown(busiest, 0, 'user') as [string, number][])
    for (const [n, times] of counts.slice(0, 3).entries()) {
      assert.ok(Math.abs((told.get(user(n)) ?? 0) - times) <= counted / 64, `user ${n}: ${told.get(user(n))}`)
    }
  }
})

test('the busiest item of many batches is found, although its rows lie apart', () => {
  const dice = diceOf('busiest item')
  const busiest = new Busiest()
  for (let round = 0; round < 10; round++) {
    // Every tenth event is of item 0, the others of a thousand.
    const events = Array.from({ length: 3_000 }, (_, n) => [n, n % 10 === 0 ? 0 : 1 + dice.below(1_000)] as const)
    busiest.settled(deltaOf(events), 3_000, 0, dice.below(1_000) / 1_000)
  }
  const [[first, perMinute]] = shown(busiest, 0, 'item') as [[string, number]]
  assert.equal(first, item(0))
  assert.ok(Math.abs(perMinute - 3_000) < 900, String(perMinute))
})

test('however many users come, twenty are told and a few thousand held; who is busy is not given up for them', () => {
  const busiest = new Busiest()
  busiest.settled(deltaOf([[0, 0, 200]]), 200, 0, 0)
  for (let from = 1; from < 20_000; from += 200) {
    busiest.settled(deltaOf(Array.from({ length: 200 }, (_, n) => [from + n, from + n])), 200, 0, 0)
  }
  const told = shown(busiest, 0, 'user')
  assert.equal(told.length, 20)
  assert.deepEqual(told[0], [user(0), 200])
})

test('nothing settled is nothing told', () => {
  const busiest = new Busiest()
  busiest.settled(deltaOf([]), 0, 0, 0.5)
  assert.deepEqual(busiest.told(0), [])
})
