import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Claimed, claimsOf, type Reach, type Remembered } from '../../../../src/evidence/trace/claims.ts'

const hour = 3_600_000
const rules = [{ windowHours: 24, windowIdsMax: 100_000 }]
const fromStart: Reach = { from: 0, clockMs: -1, isFromStart: true, isClockKnown: true }
const fromMiddle: Reach = { from: 500, clockMs: 1_000 * hour, isFromStart: false, isClockKnown: true }

/** @param at offset and hours of each record with the id, and of a repair whether it claimed it. */
function tell(
  at: readonly (readonly [offset: number, hours: number, isClaim?: boolean])[],
  reach: Reach,
  remembered?: Remembered,
  now = { nextOffset: 10_000_000, clockMs: 10_000 * hour },
): string[] {
  const sightings = at.map(([offset, hours, isClaim]) => ({ offset, clockMs: hours * hour, isClaim }))
  return claimsOf(sightings, reach, rules, remembered, now).map(shown)
}

const shown = (claimed: Claimed): string => (claimed.fate === 'duplicate' ? `duplicate of ${claimed.of}` : claimed.fate)

test('from the start of a lineage the first record is counted, and what follows within the window is its duplicate', () => {
  assert.deepEqual(
    tell(
      [
        [10, 1],
        [11, 1],
        [30, 25],
      ],
      fromStart,
    ),
    ['counted', 'duplicate of 10', 'duplicate of 10'],
  )
})

test('a duplicate does not renew: past the window and a segment the id counts again; in between it is untold', () => {
  assert.deepEqual(
    tell(
      [
        [10, 0],
        [11, 23],
        [12, 25],
        [13, 26],
      ],
      fromStart,
    ),
    ['counted', 'duplicate of 10', 'counted', 'duplicate of 12'],
  )
  assert.deepEqual(
    tell(
      [
        [10, 0],
        [12, 24.1],
        [13, 25],
      ],
      fromStart,
    ),
    ['counted', 'untold', 'untold'],
  )
})

test('an id that others may have pushed out is untold', () => {
  assert.deepEqual(
    tell(
      [
        [0, 0],
        [34_464, 1],
        [34_465, 1],
      ],
      fromStart,
    ),
    ['counted', 'duplicate of 0', 'untold'],
  )
})

test('from the middle of a log only what lies a window behind its first record is told', () => {
  const at = [
    [600, 1_010],
    [700, 1_040],
    [701, 1_041],
  ] as const
  assert.deepEqual(tell(at, fromMiddle), ['untold', 'counted', 'duplicate of 700'])
  assert.deepEqual(tell(at, { ...fromMiddle, isClockKnown: false }), ['untold', 'untold', 'untold'])
  assert.deepEqual(tell(at, { ...fromMiddle, clockMs: -1 }), ['untold', 'counted', 'duplicate of 700'])
})

test('what the window holds tells who claimed the id, and that what came after repeats it', () => {
  const at = [
    [600, 1_001],
    [601, 1_001],
    [900, 1_002],
  ] as const
  const remembered = { from: 550, to: 700 }
  assert.deepEqual(tell(at, fromMiddle, remembered), ['counted', 'duplicate of 600', 'duplicate of 600'])
  assert.deepEqual(tell(at, { ...fromMiddle, from: 560 }, remembered), [
    'untold',
    'duplicate of null',
    'duplicate of null',
  ])
  assert.deepEqual(tell([[540, 1_001]], fromMiddle, remembered), ['untold'])
})

test('a record whose id would be remembered had it claimed it, and is not, is a duplicate', () => {
  const now = { nextOffset: 700, clockMs: 1_005 * hour }
  assert.deepEqual(tell([[600, 1_001]], fromMiddle, 'absent', now), ['duplicate of null'])
  assert.deepEqual(tell([[600, 1_001]], fromMiddle, 'absent', { ...now, clockMs: 1_026 * hour }), ['untold'])
  assert.deepEqual(tell([[600, 1_001]], fromMiddle, 'absent', { ...now, nextOffset: 100_000 }), ['untold'])
})

test('of a repair the tables say whether it claimed the id, which tells of the others as well', () => {
  assert.deepEqual(
    tell(
      [
        [10, 1, false], // came too late for its origin
        [11, 1],
        [12, 1, false],
        [13, 1],
      ],
      fromStart,
    ),
    ['duplicate of null', 'counted', 'duplicate of 11', 'duplicate of 11'],
  )
  const at = [
    [600, 1_001],
    [601, 1_001, true],
    [602, 1_001],
  ] as const
  assert.deepEqual(tell(at, fromMiddle), ['untold', 'counted', 'duplicate of 601'])
  assert.deepEqual(tell(at, fromMiddle, { from: 550, to: 700 }), ['duplicate of 601', 'counted', 'duplicate of 601'])
  const late = [
    [600, 1_001, false],
    [601, 1_001],
  ] as const
  assert.deepEqual(tell(late, fromMiddle, { from: 550, to: 700 }), ['duplicate of null', 'counted'])
})
