import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Lineage, withoutLost } from '../../../../src/evidence/books/ledger.ts'
import { formerPlaces, placeOf, readableRange } from '../../../../src/evidence/trace/place.ts'

const history = (lineage: number, startOffset: number, nextOffset: number, more: Partial<Lineage> = {}): Lineage => ({
  topicId: 'now',
  partition: 0,
  lineage,
  startOffset,
  nextOffset,
  clockMs: 0,
  state: 'open',
  halt: null,
  fates: { counted: 1, duplicate: 0, rejected: 0, skipped: 0, lost: 0 },
  tail: undefined,
  rules: [],
  lost: [],
  inherits: false,
  ...more,
})
const log = { topicId: 'now', partitions: 1, start: 20, end: 200 }

/** The log was cut at 80 after 100 records, and grew again. */
const cut = [
  history(1, 0, 50, { topicId: 'before', state: 'closed' }),
  history(2, 10, 100, { state: 'closed', lost: [{ from: 30, to: 40 }] }),
  history(3, 80, 150),
]

test('each offset has its place, in the lineage that the log of now still holds', () => {
  const places = [5, 15, 20, 30, 39, 40, 79, 80, 149, 150, 199, 200].map(offset => {
    const place = placeOf(cut, log, 0, offset)
    return [offset, place.is, 'history' in place ? place.history?.lineage : undefined]
  })
  assert.deepEqual(places, [
    [5, 'before_start', undefined],
    [15, 'trimmed', 2],
    [20, 'settled', 2],
    [30, 'lost', 2],
    [39, 'lost', 2],
    [40, 'settled', 2],
    [79, 'settled', 2],
    [80, 'settled', 3],
    [149, 'settled', 3],
    [150, 'waiting', 3],
    [199, 'waiting', 3],
    [200, 'beyond_end', undefined],
  ])
  assert.equal(placeOf(cut, { ...log, end: 100 }, 0, 120).is, 'truncated')
  assert.equal(placeOf([], log, 1, 0).is, 'no_such_partition')
  assert.equal(placeOf([], log, 0, 30).is, 'waiting')
})

test('an offset that was settled in other lineages is told of each', () => {
  const lineages = (offset: number) => formerPlaces(cut, log, offset).map(({ lineage }) => lineage)
  assert.deepEqual([lineages(5), lineages(30), lineages(60), lineages(90), lineages(120)], [[1], [1], [], [2], []])
})

test('a lineage can be read from the log of now as far as the next one does not begin, without what was lost', () => {
  assert.deepEqual(
    cut.map(one => readableRange(cut, one, log)),
    [
      { from: 20, to: 20 },
      { from: 20, to: 80 },
      { from: 80, to: 150 },
    ],
  )
  assert.deepEqual(withoutLost(cut[1]!, { from: 20, to: 80 }), [
    { from: 20, to: 30 },
    { from: 40, to: 80 },
  ])
  assert.deepEqual(withoutLost(cut[1]!, { from: 32, to: 35 }), [])
})
