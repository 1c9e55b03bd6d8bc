import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dayText } from '../../../src/event/day.ts'
import { reasons } from '../../../src/event/fate.ts'
import { judge } from '../../../src/event/judge.ts'
import { valueCases } from '../../inputs/values.ts'
import { uuidOf } from '../../support/events.ts'
import { plainJudge } from '../../support/plain-judge.ts'

const appendMs = Date.parse('2026-11-22T10:00:00.000Z')
const limits = { maxAgeDays: 400, maxAheadMinutes: 60 }
const good = {
  user_id: '550e8400-e29b-41d4-a716-446655440000',
  item_id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  activity_type: 'view',
  timestamp: '2026-11-22T09:59:58.123Z',
}
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const but = (change: object) => json({ ...good, ...change })
const text = (raw: string) => Buffer.from(raw)
const judged = (bytes: Buffer, at = appendMs) => judge(bytes, 0, bytes.length, at, limits)

test('a good event comes out canonical, from anywhere in a buffer', () => {
  const bytes = but({
    user_id: good.user_id.toUpperCase(),
    item_id: good.item_id.toUpperCase(),
    event_id: 'a~!',
    x: '\ufffd',
  })
  const inside = Buffer.concat([Buffer.from([0xff]), bytes, Buffer.from([0xff])]) // neighbours may be no UTF-8
  const start = inside.indexOf(bytes)
  assert.deepEqual(judge(inside, start, start + bytes.length, appendMs, limits), {
    userId: good.user_id,
    itemId: good.item_id,
    activity: 'view',
    day: Date.parse('2026-11-22') / 86_400_000,
    eventId: 'a~!',
  })
})

test('each value of the catalogue of bad inputs gets its fate, by words of our own', () => {
  const fated = new Set<string>()
  for (const { name, value, expected } of valueCases(appendMs)) {
    if (value === null) continue // a tombstone, which no judge sees
    const verdict = judged(value)
    if (typeof expected !== 'string') {
      const { day, item_id, activity, event_id } = expected
      const userId = uuidOf('user of bad inputs')
      const event = { userId, itemId: item_id, activity, day, eventId: event_id === '' ? undefined : event_id }
      assert.deepEqual(verdict, event, name)
      continue
    }
    assert.ok('reason' in verdict, name)
    assert.equal(`${verdict.reason} ${verdict.pointer}`, expected, name)
    assert.ok(verdict.detail.length > 10 && verdict.detail.length < 120, name)
    fated.add(verdict.reason)
  }
  // No value has unknown_origin: a header gives it.
  fated.add('unknown_origin')
  assert.deepEqual(fated, new Set(Object.keys(reasons)), 'every reason there is has a record that gets it')
  assert.equal(({} as { event_id?: string }).event_id, undefined, 'no prototype was changed')
})

test('the limits themselves are allowed, a ms beyond them is not (K43, K44)', () => {
  const at = (ms: number) => judged(but({ timestamp: new Date(ms).toISOString() }))
  const reasonOf = (ms: number) => {
    const verdict = at(ms)
    return 'reason' in verdict ? verdict.reason : 'counts'
  }
  const [oldest, latest] = [appendMs - 400 * 86_400_000, appendMs + 60 * 60_000]
  assert.deepEqual([reasonOf(oldest), reasonOf(oldest - 1)], ['counts', 'too_old'])
  assert.deepEqual([reasonOf(latest), reasonOf(latest + 1)], ['counts', 'too_far_ahead'])
  const none = judge(but({ timestamp: new Date(appendMs + 1).toISOString() }), 0, but({}).length, appendMs, {
    maxAgeDays: 1,
    maxAheadMinutes: 0,
  })
  assert.equal('reason' in none && none.reason, 'too_far_ahead')
})

test('an unknown append time switches both limits off; 0 is a known one (K45)', () => {
  for (const timestamp of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z']) {
    assert.ok(!('reason' in judged(but({ timestamp }), -1)), timestamp)
  }
  assert.equal((judged(but({}), 0) as { reason?: string }).reason, 'too_far_ahead')
  assert.equal((judged(but({}), Number.MAX_SAFE_INTEGER) as { reason?: string }).reason, 'too_old')
})

/** Judge and oracle say the same, and the judge always says something. */
function agree(bytes: Buffer, at: number): void {
  const verdict = judged(bytes, at)
  const plain = plainJudge(bytes, at, limits)
  if ('reason' in verdict) {
    assert.deepEqual({ reason: verdict.reason, pointer: verdict.pointer }, plain)
    assert.ok(verdict.reason in reasons)
  } else {
    const { day, ...rest } = verdict
    assert.deepEqual({ ...rest, date: dayText(day) }, plain)
  }
}

const hex = fc.constantFrom(...'0123456789abcdefABCDEF')
const uuid = fc
  .tuple(...[8, 4, 4, 4, 12].map(length => fc.string({ unit: hex, minLength: length, maxLength: length })))
  .map(parts => parts.join('-'))
const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>('view', 'VIEW', '', null, 7, [], {}, '2026-02-30T00:00:00Z', '2026-11-22', good.user_id),
)
const timestamp = fc
  .integer({ min: appendMs - 401 * 86_400_000, max: appendMs + 2 * 3_600_000 })
  .map(ms => new Date(ms).toISOString())
const event = fc.record(
  {
    user_id: fc.oneof({ weight: 9, arbitrary: uuid }, odd),
    item_id: fc.oneof({ weight: 9, arbitrary: uuid }, odd),
    activity_type: fc.oneof({ weight: 9, arbitrary: fc.constantFrom('view', 'click', 'purchase') }, odd),
    timestamp: fc.oneof({ weight: 9, arbitrary: timestamp }, odd),
    event_id: fc.oneof({ weight: 9, arbitrary: fc.stringMatching(/^[!-~]{1,130}$/) }, odd),
    x: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const whole = event.map(drawn => ({ ...good, ...drawn }))

test('any event, whole or broken, is judged as the slow judge does', () => {
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: whole }, event), fc.constantFrom(appendMs, -1, 0), (value, at) => {
      agree(json(value), at)
    }),
    { numRuns: 600 },
  )
})

test('any bytes, and any bytes changed in a good event, are judged as the slow judge does, and never throw', () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(...'"\\{}[]:,0eZ \0'.split('').map(sign => sign.charCodeAt(0))))
  const edit = fc.tuple(fc.nat(260), fc.nat(3), fc.array(byte, { maxLength: 3 }))
  const edited = fc.tuple(whole, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([value, edits]) => {
    let bytes = json(value)
    for (const [at, removed, inserted] of edits) {
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted), bytes.subarray(at + removed)])
    }
    return bytes
  })
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 50, size: 'max' }).map(array => Buffer.from(array)),
    fc.json().map(text),
  )
  fc.assert(
    fc.property(fc.oneof({ weight: 3, arbitrary: edited }, noise), bytes => agree(bytes, appendMs)),
    { numRuns: 1_000 },
  )
})
