/** The chaos' own judge, judged: each kind of wrong answer is found, and what may be is not taken for wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answers, tell } from '../../chaos/answers.ts'
import { compare } from '../../chaos/compare.ts'
import { type Drawn, someUsers } from '../../chaos/events.ts'
import { factsOf } from '../../chaos/report.ts'

const [withIds, , without] = someUsers as [string, string, string]
const rowOf = (user: string) => `${user}|2026-11-22|item`
const fates = { counted: 10, duplicate: 2, rejected: 1, skipped: 1 }
const answers: Answers = {
  acknowledged: 12,
  exact: new Map([[rowOf(withIds), '4,2,0']]),
  least: new Map([[rowOf(without), '3,0,1']]),
  fates,
  perhapsTwice: 0,
  unknown: 0,
}
const right = new Map([...answers.exact, ...answers.least])

test('counts and fates that are what was acknowledged are right', () => {
  assert.deepEqual(compare(right, fates, answers, 14), { lost: 0, double: 0, invented: 0, wrong: [] })
})

test('an event that is lost, counted twice or invented is found in its row', () => {
  const found = (row: string, counts: string) => {
    const { lost, double, invented, wrong } = compare(new Map([...right, [row, counts]]), fates, answers, 14)
    assert.equal(wrong.length, 1)
    assert.match(wrong[0]!, /^\S+ is \S+, expected \S+$/)
    return [lost, double, invented]
  }
  assert.deepEqual(found(rowOf(withIds), '3,2,0'), [1, 0, 0])
  assert.deepEqual(found(rowOf(withIds), '4,4,0'), [0, 2, 0])
  assert.deepEqual(found(rowOf(withIds), '4,2,1'), [0, 0, 1])
  assert.deepEqual(found(rowOf('nobody'), '1,0,0'), [0, 0, 1])
  assert.deepEqual(found(rowOf(without), '2,0,1'), [1, 0, 0])
})

test('of events without an id as many may be beyond as Kafka may have taken twice, and not one more', () => {
  const table = new Map([...right, [rowOf(without), '5,0,1']])
  const uncertain = { ...answers, perhapsTwice: 2 }
  const twice = { ...fates, counted: 12 }
  assert.deepEqual(compare(table, twice, uncertain, 16).wrong, [])
  assert.deepEqual(compare(table, twice, { ...answers, perhapsTwice: 1 }, 16).double, 1)
  assert.match(compare(table, fates, answers, 14).wrong.join(), /2 events without an id were counted beyond/)
})

test('records without a fate, and fates that nobody caused, are found', () => {
  assert.match(compare(right, fates, answers, 15).wrong.join(), /14 records have a fate, 15 are in the log/)
  assert.match(compare(right, { ...fates, rejected: 2 }, answers, 15).wrong.join(), /rejected: 2, expected 1/)
})

test('of an event each record has its fate: the first counts, copies are duplicates, lost ones are nothing', () => {
  const event = { user_id: withIds, item_id: 'item', activity_type: 'view', timestamp: '2026-11-22T00:00:00Z' } as const
  const kinds = ['with id', 'with id', 'with id', 'without id', 'without id', 'bad', 'null'] as const
  const drawn: Drawn[] = kinds.map((kind, number) => ({ number, kind, event, partition: 0 }))
  const { exact, least, fates } = tell(drawn, Int16Array.of(1, 3, 0, 1, 0, 1, 1))
  assert.deepEqual(fates, { counted: 3, duplicate: 2, rejected: 1, skipped: 1 })
  assert.deepEqual(
    [...exact, ...least],
    [
      [rowOf(withIds), '2,0,0'],
      [rowOf(withIds), '1,0,0'],
    ],
  )
})

test('a run without a schedule, with one that did not come to its end, or cut short, has not passed', () => {
  const nothing = { begun: 0, played: [], tally: new Map(), wrong: [], missing: [] }
  const one = { wrong: [], acknowledged: 1, lost: 0, double: 0, invented: 0, ledgerBreaks: 0, wrongReads: 0 }
  const played = [{ ...one, snapshots: 1, reads: 1, recoveries: [], seconds: 1 }]
  assert.equal(factsOf(nothing, true).verdict, 'failed')
  assert.equal(factsOf({ ...nothing, begun: 2, played }, true).verdict, 'failed')
  assert.equal(factsOf({ ...nothing, begun: 1, played }, false).verdict, 'failed')
  assert.equal(factsOf({ ...nothing, begun: 1, played: [{ ...played[0]!, wrong: ['x'] }] }, true).verdict, 'failed')
  assert.equal(factsOf({ ...nothing, begun: 1, played }, true).verdict, 'passed')
})
