import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judge, judgeVersion } from '../../../../src/event/judge.ts'
import { judgesRepeated, verdictOf } from '../../../../src/evidence/recount/verdict.ts'
import { valueCases } from '../../../inputs/values.ts'
import { plainJudge } from '../../../support/plain-judge.ts'

const appendMs = Date.parse('2026-11-22T10:00:00.000Z')
const limits = { maxAgeDays: 400, maxAheadMinutes: 60 }
const good = {
  user_id: '550e8400-e29b-41d4-a716-446655440000',
  item_id: '6BA7B810-9dad-11d1-80b4-00c04fd430c8',
  activity_type: 'view',
  timestamp: '2026-11-22T09:59:58.123Z',
}

const timestamps = [
  ...['2026-11-22T09:59:58Z', '2026-11-22t09:59:58z', '2026-11-22 09:59:58Z', '2026-11-22T09:59:60Z'],
  ...['2016-12-31T23:59:60Z', '2026-06-30T15:59:60-08:00', '2026-11-22T09:59:58', '2026-11-22T09:59:58+01'],
  ...[
    '2026-11-22T09:59:58+0130',
    '2026-11-22T09:59:58+01:30',
    '2026-11-22T09:59:58-23:59',
    '2026-11-22T09:59:58+24:00',
  ],
  ...['2026-02-30T00:00:00Z', '2024-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2026-11-22T24:00:00Z'],
  ...[`2026-11-22T09:59:59.${'9'.repeat(30)}Z`, '2026-11-22T09:59:59.Z', '2026-11-22T09:59:58,5Z', '2026-11-22T09:59Z'],
  ...['0001-01-01T00:00:00Z', '0001-01-01T00:00:00+00:01', '0000-12-31T23:59:00-00:01', '0000-12-31T23:59:59Z'],
  ...['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59-00:01', '9999-12-31T23:59:59+00:01', '10000-01-01T00:00:00Z'],
  ...['2025-10-18T10:00:00Z', '2025-10-18T09:59:59.999Z', '2026-11-22T11:00:00Z', '2026-11-22T11:00:00.001Z'],
  ...['2026-11-21T23:30:00-02:00', '2026-11-22T01:30:00.0009+02:00', '1790000000000', '', '2026-11-22T09:59:58Z\n'],
]
const uuids = [
  ...[good.user_id.toUpperCase(), `urn:uuid:${good.user_id}`, good.user_id.replaceAll('-', ''), `${good.user_id}\n`],
  ...[`{${good.user_id}}`, ` ${good.user_id}`, '00000000-0000-0000-0000-000000000000', good.user_id.replace('5', '５')],
]
const wild = fc.oneof(
  fc.constantFrom(null, 7, true, [], {}, '', 'view', 'VIEW', 'toString'),
  fc.string({ maxLength: 40 }),
)
/** A known text, mostly as it is, sometimes with one character changed. */
const near = (texts: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...texts), fc.option(fc.tuple(fc.nat(), fc.constantFrom(...'09-:+.TZtz g'))))
    .map(([text, change]) => {
      if (change === null || text === '') return text
      const at = change[0] % text.length
      return text.slice(0, at) + change[1] + text.slice(at + 1)
    })
/** Mostly good, so that each of several faults is met alone, too. */
const member = (text: string, value: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(text) },
    { weight: 3, arbitrary: value },
    { weight: 1, arbitrary: wild },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
const event = fc.record({
  user_id: member(good.user_id, near(uuids)),
  item_id: member(good.item_id, near(uuids)),
  activity_type: member('click', fc.constantFrom('view', 'purchase', 'like')),
  timestamp: member(good.timestamp, near(timestamps)),
  event_id: member('a', fc.constantFrom('~!', 'x'.repeat(128), 'x'.repeat(129), 'a b', 'a\n', 'é')),
  more: fc.jsonValue(),
})
const value = fc.oneof(
  { weight: 12, arbitrary: event.map(one => Buffer.from(JSON.stringify(one))) },
  { weight: 2, arbitrary: fc.jsonValue().map(one => Buffer.from(JSON.stringify(one))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map(Buffer.from) },
)

/** The same verdict three times: by the recount, by the consumer's judge and by the slow model of the tests. */
function check(bytes: Buffer, at: number): void {
  const verdict = verdictOf(bytes, at, limits)
  const theirs = judge(bytes, 0, bytes.length, at, limits)
  const plain = plainJudge(bytes, at, limits)
  const shown = bytes.toString()
  if ('reason' in verdict) {
    assert.deepEqual(verdict, plain, shown)
    assert.ok('reason' in theirs, shown)
    assert.deepEqual(verdict, { reason: theirs.reason, pointer: theirs.pointer }, shown)
    return
  }
  assert.ok(!('reason' in theirs) && !('reason' in plain), shown)
  const { user, item, activity, day, eventId } = verdict
  assert.deepEqual({ userId: user, itemId: item, activity, day, eventId }, theirs, shown)
  assert.equal(new Date(day * 86_400_000).toISOString().slice(0, 10), plain.date, shown)
}

test('the recount judges as the consumer does, though they share nothing but the schema', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(value, fc.constantFrom(appendMs, -1), (bytes, at) => {
      check(bytes, at)
      const verdict = verdictOf(bytes, at, limits)
      seen.add('reason' in verdict ? verdict.reason : 'counted')
    }),
    { numRuns: 4_000 },
  )
  assert.ok(seen.size >= 10, [...seen].join())
})

test('each timestamp, UUID and broken value at the edge of the contract is judged alike', () => {
  for (const timestamp of timestamps) {
    for (const at of [appendMs, -1]) check(Buffer.from(JSON.stringify({ ...good, timestamp })), at)
  }
  for (const user_id of uuids) check(Buffer.from(JSON.stringify({ ...good, user_id })), appendMs)
  for (const { value } of valueCases(appendMs)) {
    for (const at of [appendMs, -1]) if (value !== null) check(value, at)
  }
})

test("the consumer's judge of today is one that the recount repeats", () => {
  assert.ok(judgesRepeated.includes(judgeVersion))
})
