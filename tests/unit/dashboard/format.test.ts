import assert from 'node:assert/strict'
import { test } from 'node:test'
import { count, duration, isUuid, legible, rate, shortDay } from '../../../src/dashboard/format.js'

test('counts are exact beyond 2^53, and what is not known is no 0', () => {
  assert.equal(count('9007199254740993'), '9,007,199,254,740,993')
  assert.equal(count(9007199254740993n), '9,007,199,254,740,993')
  assert.equal(count(0), '0')
  assert.equal(count(null), '–')
  assert.equal(rate(null), '–')
  assert.equal(duration(undefined), '–')
})

test('durations have the unit that fits', () => {
  assert.deepEqual([3.4, 999, 1_000, 9_940, 59_000, 60_000, 3_600_000, 172_800_000].map(duration), [
    '3 ms',
    '999 ms',
    '1.0 s',
    '9.9 s',
    '59 s',
    '1 min',
    '1 h',
    '2 days',
  ])
})

test('a rate under 10 has a digit after the point', () => {
  assert.deepEqual([0, 0.04, 0.5, 9.96, 12.4, 1234567].map(rate), ['0', 'under 0.1', '0.5', '10.0', '12', '1,234,567'])
})

test('what hides or moves text becomes its code', () => {
  assert.equal(legible('a\u0000\u001b[2J\u202e\u2028b'), 'a\\u0000\\u001b[2J\\u202e\\u2028b')
  assert.equal(legible('<b>ö漢</b>'), '<b>ö漢</b>')
})

test('a UUID has its form', () => {
  assert.ok(isUuid('11111111-1111-1111-1111-11111111111A'))
  for (const text of ['', '1', '11111111111111111111111111111111', ' 11111111-1111-1111-1111-111111111111'])
    assert.ok(!isUuid(text))
  assert.equal(shortDay('2026-01-09'), '9 Jan')
})
