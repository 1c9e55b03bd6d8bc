import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGate } from '../../../src/api/gate.ts'

test('a gate lets so many in, and one more for each that left, once for each', () => {
  const gate = createGate(2)
  const leave = gate.enter()!
  assert.ok(gate.enter())
  assert.equal(gate.enter(), undefined)
  leave()
  leave()
  assert.ok(gate.enter())
  assert.equal(gate.enter(), undefined)
})

test('those who are sent away are told how long the others stay, as measured lately', () => {
  let nowMs = 0
  const gate = createGate(1, () => nowMs)
  const stay = (ms: number) => {
    const leave = gate.enter()!
    nowMs += ms
    leave()
  }
  assert.equal(gate.retryAfterSeconds(), 1)
  for (let i = 0; i < 50; i++) stay(10)
  assert.equal(gate.retryAfterSeconds(), 1)
  for (let i = 0; i < 50; i++) stay(4_500)
  assert.equal(gate.retryAfterSeconds(), 5)
  for (let i = 0; i < 50; i++) stay(600_000)
  assert.equal(gate.retryAfterSeconds(), 30)
})
