import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offsetsOf, parseStartAt } from '../../../../src/upkeep/setup/start-words.ts'

const bounds = new Map([
  [0, { logStart: 10, logEnd: 100 }],
  [1, { logStart: 0, logEnd: 0 }],
])
const offsets = (...pairs: [number, number][]) => ({ kind: 'offsets', offsets: new Map(pairs) }) as const
const where = (at: Parameters<typeof offsetsOf>[0], found: [number, number][] = []) => [
  ...offsetsOf(at, bounds, new Map(found)),
]

test('a start is earliest, latest, a time or offsets, and nothing else', () => {
  assert.deepEqual(parseStartAt('earliest'), { kind: 'earliest' })
  assert.deepEqual(parseStartAt('latest'), { kind: 'latest' })
  assert.deepEqual(parseStartAt('2026-01-31T01:00:00+01:00'), { kind: 'time', ms: Date.UTC(2026, 0, 31) })
  assert.deepEqual(parseStartAt('0:120,1:0'), offsets([0, 120], [1, 0]))
  for (const words of ['', 'Latest', '2026-01-31', '2026-02-30T00:00:00Z', '0', '0:1,', '0:-1', '0:1 1:2', '0:1,0:1']) {
    assert.equal(parseStartAt(words), undefined, words)
  }
})

test('earliest and latest are the bounds of the log, a time its first record from then on, else the end', () => {
  assert.deepEqual(where({ kind: 'earliest' }), [
    [0, 10],
    [1, 0],
  ])
  assert.deepEqual(where({ kind: 'latest' }), [
    [0, 100],
    [1, 0],
  ])
  assert.deepEqual(where({ kind: 'time', ms: 1 }, [[0, 42]]), [
    [0, 42],
    [1, 0],
  ])
  assert.deepEqual(where({ kind: 'time', ms: 1 }, [[0, 3]]), [
    [0, 10],
    [1, 0],
  ])
})

test('offsets name every partition, within its log; all that is wrong is said at once', () => {
  assert.deepEqual(where(offsets([0, 10], [1, 0])), [
    [0, 10],
    [1, 0],
  ])
  assert.deepEqual(where(offsets([0, 100], [1, 0])), [
    [0, 100],
    [1, 0],
  ])
  assert.throws(() => where(offsets([0, 9], [2, 0])), {
    message:
      'nothing was changed: offset 9 is not in partition 0: it has 10 to 100; partition 1 is not named: it has offsets ' +
      '0 to 0; there is no partition 2: there are 0 to 1',
  })
  assert.throws(() => where(offsets([0, 101], [1, 0])), /offset 101 is not in partition 0/)
})
