import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRow, verdictOn } from '../../../../src/evidence/trace/explain-report.ts'
import { parseTrace } from '../../../../src/evidence/trace/trace-request.ts'

const user = 'ABCDEF00-0000-4000-8000-000000000001'
const hole = [{ partition: 0, lineage: 1, from: 0, to: 9, why: 'the log begins at 9' }]
const counts = (view: number) => ({ view, click: 1, purchase: 0 })

test('the verdict is equal whatever is missing, differs when there is more than the number or nothing is missing', () => {
  assert.equal(verdictOn(counts(2), counts(2), 1, hole), 'equal')
  assert.equal(verdictOn(counts(2), counts(1), 0, hole), 'incomplete')
  assert.equal(verdictOn(counts(2), counts(1), 1, []), 'incomplete')
  assert.equal(verdictOn(counts(2), counts(1), 0, []), 'differs')
  assert.equal(verdictOn(counts(2), counts(3), 1, hole), 'differs')
  assert.equal(verdictOn(null, { view: 0, click: 0, purchase: 0 }, 0, []), 'equal')
})

test('a row needs two UUIDs and a real day', () => {
  assert.deepEqual(parseRow(user, user, '2024-02-29'), {
    user: user.toLowerCase(),
    item: user.toLowerCase(),
    date: '2024-02-29',
  })
  assert.equal(parseRow('me', user, '2024-02-29'), 'user')
  assert.equal(parseRow(user, `${user}\n`, '2024-02-29'), 'item')
  for (const day of ['2023-02-29', '2024-2-29', '2024-02-29T00:00:00Z', '', '2024-13-01']) {
    assert.equal(parseRow(user, user, day), 'date', day)
  }
})

test('a trace is asked by position or by user, never by both', () => {
  assert.deepEqual(parseTrace({ position: '3:120' }), { by: 'position', partition: 3, offset: 120 })
  assert.deepEqual(parseTrace({ user, eventId: 'e' }), { by: 'user', user: user.toLowerCase(), eventId: 'e' })
  for (const [words, wrong] of [
    [{}, 'position'],
    [{ position: '3' }, 'position'],
    [{ position: '-1:0' }, 'position'],
    [{ position: '3:1', user }, 'position'],
    [{ eventId: 'e' }, 'position'],
    [{ user: 'me' }, 'user'],
    [{ user, eventId: 'a b' }, 'eventId'],
    [{ user, eventId: '' }, 'eventId'],
  ] as const) {
    const asked = parseTrace(words)
    assert.ok('wrong' in asked && asked.wrong === wrong, JSON.stringify(words))
  }
})
