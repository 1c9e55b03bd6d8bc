import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, xoshiro128 } from '../../../src/producer/random.ts'

test('xoshiro128** gives the values of its authors for the state 1, 2, 3, 4', () => {
  const random = xoshiro128([1, 2, 3, 4])
  const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804]
  assert.deepEqual(Array.from(expected, random), expected)
})

test('a seed gives one sequence, and a near seed another', () => {
  const draw = (seed: string) => Array.from({ length: 5 }, seededRandom(seed))
  assert.deepEqual(draw('1'), draw('1'))
  assert.equal(draw('1').filter(value => draw('2').includes(value)).length, 0)
})
