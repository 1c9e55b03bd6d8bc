import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowsOf } from '../../../src/consumer/delta.ts'
import { type Event, judge } from '../../../src/event/judge.ts'
import { originHeader } from '../../../src/event/origin.ts'
import { RecordWalk } from '../../../src/kafka/records.ts'
import { diceOf } from '../../fuzz/dice.ts'
import { poolOf } from '../../fuzz/pool.ts'
import { drawnValue } from '../../fuzz/value.ts'
import { encodeBatch, type LogRecord } from '../../support/encode-log.ts'
import { foldAll, someKernel, someLimits, unreadOf } from '../../support/some-kernel.ts'

const appendMs = Date.parse('2026-11-22T22:30:00Z')
const members = {
  user_id: '"550e8400-E29B-41d4-a716-446655440000"',
  item_id: '"AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee"',
  activity_type: '"click"',
  timestamp: '"2026-11-22T22:29:59.999Z"',
  event_id: '"an-id"',
}
type Name = keyof typeof members
const names = Object.keys(members) as Name[]

const textOf = (list: readonly (readonly [string, string])[]) => `{${list.map(([n, v]) => `"${n}":${v}`).join()}}`
/** The event with some members written otherwise. */
const eventWith = (other: Partial<Record<Name, string>> = {}) =>
  textOf(Object.entries({ ...members, ...other }).filter(([, value]) => value !== ''))
const recordOf = (value: Buffer | string | null): LogRecord => ({
  key: null,
  value: typeof value === 'string' ? Buffer.from(value) : value,
  headers: [],
  timestampMs: 0,
})

const kernel = someKernel()

/** What the kernel makes of one record: the event, as the judge would write it, or undefined when it leaves it. */
function taken(record: LogRecord): Omit<Event, 'eventId'> | undefined {
  const run = foldAll(kernel, unreadOf([record], appendMs))
  const rows = [...rowsOf(kernel.takeRows())]
  if (run.records === 0) {
    assert.deepEqual([run.counted, run.claimed, rows], [0, 0, []], 'a record that is left leaves no trace')
    return undefined
  }
  if (rows.length === 0) return { userId: '', itemId: '', activity: 'view', day: 0 } // a duplicate
  assert.equal(rows.length, 1)
  const { userId, itemId, day, ...counts } = rows[0]!
  const [activity] = (['view', 'click', 'purchase'] as const).filter(kind => counts[kind] === 1)
  return { userId, itemId, activity: activity!, day }
}

/** Whatever the kernel takes is what the judge says. @returns whether it was taken. */
function isTaken(value: Buffer | string): boolean {
  const bytes = Buffer.from(value)
  kernel.leaveIds(kernel.nextId - forgotten)
  forgotten = kernel.nextId
  const event = taken(recordOf(bytes))
  if (event === undefined) return false
  const { eventId, ...judged } = judge(bytes, 0, bytes.length, appendMs, someLimits) as Event
  assert.deepEqual(event, judged, bytes.toString('latin1'))
  assert.equal(kernel.nextId - forgotten, eventId === undefined ? 0 : 1)
  if (eventId !== undefined) {
    const id = kernel.ids(forgotten, 1)
    assert.ok(id.equals(Buffer.from(kernel.hash(judged.userId + eventId).buffer)), bytes.toString('latin1'))
  }
  return true
}
let forgotten = 0

/** Which of these the kernel takes; whether it agrees with the judge is checked of all. */
const takenOf = (values: readonly string[]) => values.filter(isTaken)

test('what the kernel takes of fuzzed values is what the judge says of them, and it takes the good ones', () => {
  const seed = String(Math.floor(Math.random() * 2 ** 31))
  const dice = diceOf(seed)
  const pool = poolOf(1)
  const sums = { taken: 0, good: 0 }
  for (let n = 0; n < 20_000; n++) {
    const value = drawnValue(dice, pool, { appendMs, ...someLimits }, new Map())
    if (value === null) continue
    try {
      if (isTaken(value)) sums.taken += 1
    } catch (error) {
      throw new Error(`seed ${seed}, value ${n}`, { cause: error })
    }
    if (value.length > 0 && !('reason' in judge(value, 0, value.length, appendMs, someLimits))) sums.good += 1
  }
  assert.ok(sums.taken > 0.7 * sums.good, `seed ${seed}: ${sums.taken} taken of ${sums.good} good ones`)
})

test('members are taken in any order and with any blanks of JSON between them', () => {
  const orders = (list: readonly Name[]): Name[][] =>
    list.length === 0 ? [[]] : list.flatMap(one => orders(list.filter(other => other !== one)).map(o => [one, ...o]))
  for (const withId of [true, false]) {
    for (const order of orders(names.filter(name => withId || name !== 'event_id'))) {
      assert.ok(isTaken(textOf(order.map(name => [name, members[name]]))), order.join())
    }
  }
  for (const blank of [' ', '\t', '\n', '\r\n  ']) {
    const spaced = (other: string) =>
      `${blank}{${other}${names.map(n => `${blank}"${n}"${blank}:${blank}${members[n]}${blank}`).join()}}${blank}`
    assert.ok(isTaken(spaced('')))
    assert.ok(!isTaken(spaced('\v')))
    assert.ok(!isTaken(spaced('\u00a0')))
  }
})

test('what is written in any other way is left to the judge', () => {
  assert.ok(isTaken(eventWith()))
  for (const name of names) {
    assert.equal(isTaken(eventWith({ [name]: '' })), name === 'event_id', `without ${name}`)
    const twice = [...Object.entries(members), [name, members[name]] as const]
    assert.ok(!isTaken(textOf(twice)), `${name} twice`)
    assert.ok(!isTaken(eventWith().replace(`"${name}"`, `"${name}x"`)))
    assert.ok(!isTaken(eventWith().replace(`"${name}"`, `"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}"`)))
    for (const value of ['null', '1', 'true', '[]', '{}', '""', '"', members[name].slice(0, -1)]) {
      assert.ok(!isTaken(eventWith({ [name]: value })), `${name} ${value}`)
    }
  }
  const others = [
    eventWith().replace('{', '{"other":1,'),
    `[${eventWith()}]`,
    `${eventWith()}x`,
    `${eventWith()},`,
    '{}',
  ]
  assert.deepEqual(takenOf([...others, '', '{', eventWith().replace(',', ',,'), eventWith().replace('}', ',}')]), [])
})

test('a value that is cut off is left, whatever follows it', () => {
  const value = eventWith()
  for (let length = 0; length < value.length; length++) {
    // The rest stands right behind it, as the record's headers.
    const record = { ...recordOf(value.slice(0, length)), headers: [[value.slice(length), null]] as const }
    assert.equal(taken(record), undefined, `${length} characters`)
  }
})

test('a UUID is taken in either case, and with nothing else in any of its places', () => {
  const good = members.user_id
  for (const name of ['user_id', 'item_id'] as const) {
    for (let at = 1; at <= 36; at++) {
      const isDash = good[at] === '-'
      for (const sign of [
        '0',
        '9',
        'a',
        'f',
        'A',
        'F',
        '-',
        '/',
        ':',
        '@',
        'G',
        '`',
        'g',
        ' ',
        '"',
        '\\',
        '\u00e9',
        '\0',
      ]) {
        const isGood = isDash ? sign === '-' : /[0-9a-fA-F]/.test(sign)
        const text = good.slice(0, at) + sign + good.slice(at + 1)
        assert.equal(isTaken(eventWith({ [name]: text })), isGood, `${name} ${text}`)
      }
    }
  }
})

test('an event id of 1 to 128 visible characters is taken, wherever the one stands that is none', () => {
  for (const length of [1, 2, 15, 16, 17, 31, 32, 127, 128]) {
    assert.ok(isTaken(eventWith({ event_id: `"${'!'.repeat(length - 1)}~"` })), String(length))
    for (const sign of [' ', '\x7f', '\\', '\u00e9', '\x1f', '\\u0041']) {
      for (const at of [0, length - 1]) {
        const id = 'x'.repeat(at) + sign + 'x'.repeat(length - 1 - at)
        assert.ok(!isTaken(eventWith({ event_id: `"${id}"` })), JSON.stringify(id))
      }
    }
  }
  assert.deepEqual(
    takenOf([0, 129, 130, 144, 145, 500].map(length => eventWith({ event_id: `"${'x'.repeat(length)}"` }))),
    [],
  )
})

test('timestamps are taken in all forms of RFC 3339, with their UTC day', () => {
  const good = [
    ...['2026-11-22T22:30:00Z', '2026-11-22t22:30:00z', '2026-11-22T22:30:00.5Z', '2026-11-22T22:59:59.123456789Z'],
    ...[
      '2026-11-22T23:30:00+01:00',
      '2026-11-23T00:29:00+23:59',
      '2026-11-22T00:00:00-00:00',
      '2026-11-21T23:00:00-23:00',
    ],
    ...[
      '2026-01-01T00:30:00+00:31',
      '2025-12-31T23:59:59-05:30',
      '2026-02-28T23:59:59-00:01',
      '2026-03-01T00:00:00+00:01',
    ],
    ...[...Array(12).keys()].map(month => `2026-${String(month + 1).padStart(2, '0')}-01T00:00:00Z`).slice(0, 11),
    ...['01-31', '02-28', '03-31', '04-30', '05-31', '06-30', '07-31', '08-31', '09-30', '10-31'].map(
      d => `2026-${d}T12:00:00Z`,
    ),
  ]
  const bad = [
    ...[
      '2026-11-22T22:30:00',
      '2026-11-22 22:30:00Z',
      '2026-11-21T24:00:00Z',
      '2026-11-22T22:60:00Z',
      '2026-11-22T22:30:60Z',
    ],
    ...['2026-11-22T22:30:00.Z', '2026-11-22T22:30:00,5Z', '2026-11-22T22:30:00+24:00', '2026-11-22T22:30:00+01:60'],
    ...['2026-11-22T22:30:00+0100', '2026-11-22T22:30:00+01', '2026-11-22T22:30Z', '2026-11-22', '20261122T223000Z'],
    ...[
      '2026-00-22T22:30:00Z',
      '2026-13-22T22:30:00Z',
      '2026-11-00T22:30:00Z',
      '2026-09-31T00:00:00Z',
      '2026-02-29T00:00:00Z',
    ],
    ...[
      '2026-11-22T22:30:00Zx',
      '2026-11-22T22:30:00ZZ',
      '2026-11-22T22:3a:00Z',
      '2026-11-22T22:30:0aZ',
      ' 2026-11-22T22:30:00Z',
    ],
    ...[
      '2026/11/22T22:30:00Z',
      '2026-11-22T22-30-00Z',
      '0000-01-01T00:00:00Z',
      '٢٠٢٦-11-22T22:30:00Z',
      '2026-11-22T22:30:00\\u005a',
    ],
    ...['2025-10-17T22:29:59.999Z', '2026-11-22T23:30:00.001Z'], // a moment too old, a moment too far ahead
  ]
  const at = (text: string) => eventWith({ timestamp: `"${text}"` })
  assert.deepEqual(takenOf(good.map(at)), good.map(at))
  assert.deepEqual(takenOf(bad.map(at)), [])
  assert.deepEqual(takenOf(['2025-10-18T22:30:00Z', '2026-11-22T23:30:00Z'].map(at)).length, 2, 'the limits themselves')
})

test('days are those of the calendar, at any age', () => {
  const old = someKernel(undefined, { maxAgeDays: 4_000_000, maxAheadMinutes: 5_000_000_000 })
  const dayMs = 86_400_000
  for (
    let ms = Date.parse('0002-01-01T00:00:00Z');
    ms < Date.parse('9998-12-31T00:00:00Z');
    ms += 397 * dayMs + 1_234_567
  ) {
    const value = eventWith({ timestamp: `"${new Date(ms).toISOString()}"`, event_id: '' })
    assert.equal(foldAll(old, unreadOf([recordOf(value)], appendMs)).records, 1, value)
    assert.equal([...rowsOf(old.takeRows())][0]!.day, Math.floor(ms / dayMs), value)
  }
})

test('headers, keys and times of records do not matter, but for the header of a repair', () => {
  const value = eventWith({ event_id: '' })
  const record = (other: Partial<LogRecord>) => taken({ ...recordOf(value), ...other }) !== undefined
  assert.ok(record({ key: Buffer.alloc(0) }))
  assert.ok(record({ key: Buffer.from('x'.repeat(5_000)) }))
  assert.ok(
    record({
      headers: [
        ['traceparent', Buffer.from(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`)],
        ['', null],
      ],
    }),
  )
  assert.ok(!record({ headers: [[originHeader, Buffer.from('x')]] }))
  assert.ok(
    !record({
      headers: [
        ['a', Buffer.from('b')],
        [originHeader, null],
      ],
    }),
  )
  assert.ok(!record({ value: null }))
})

test("a sender's times move the clock as the fold says, and an unknown one judges no age", () => {
  const hourMs = 3_600_000
  const values = [eventWith({ event_id: '' }), eventWith({ event_id: '"2"' }), eventWith({ event_id: '"2"' })]
  const run = (times: readonly number[], clockMs: number) => {
    const records = times.map((timestampMs, i) => ({ ...recordOf(values[i % 3]!), timestampMs }))
    const unread = { ...unreadOf(records, appendMs), baseMs: times[0]!, brokerTime: false }
    const fresh = someKernel()
    const all = { room: 9, openUntilMs: Number.MAX_SAFE_INTEGER, stopAfterMs: Number.MAX_SAFE_INTEGER }
    const { records: folded, clockMs: after, firstAppendMs, counted } = fresh.fold(unread, 9, clockMs, hourMs, all)
    return { folded, after, firstAppendMs, counted }
  }
  const first = { firstAppendMs: appendMs, counted: 2 }
  assert.deepEqual(run([appendMs, appendMs + 5, appendMs + 2], -1), { folded: 3, after: appendMs + 5, ...first })
  assert.deepEqual(run([appendMs, appendMs, appendMs], 7), { folded: 3, after: 7 + 3 * hourMs, ...first })
  assert.deepEqual(run([-1, -1, -1], 7), { folded: 3, after: 7, firstAppendMs: -1, counted: 2 })
  const far = appendMs + 2 ** 40 // its delta takes more bytes than the kernel reads
  assert.deepEqual(run([appendMs, far], -1), { folded: 1, after: appendMs, firstAppendMs: appendMs, counted: 1 })
})

test('the kernel stops where the window has to be looked after, and the record stays as it was', () => {
  const value = (id: number) => recordOf(eventWith({ event_id: `"${id}"` }))
  const unread = unreadOf([value(1), value(1), value(2), value(2)], appendMs)
  const far = Number.MAX_SAFE_INTEGER
  const stops = [
    { allowance: { room: 1, openUntilMs: far, stopAfterMs: far }, records: 2, claimed: 1 },
    { allowance: { room: 0, openUntilMs: far, stopAfterMs: far }, records: 0, claimed: 0 },
    { allowance: { room: 9, openUntilMs: appendMs, stopAfterMs: far }, records: 0, claimed: 0 },
    { allowance: { room: 9, openUntilMs: appendMs + 1, stopAfterMs: far }, records: 4, claimed: 2 },
    { allowance: { room: 9, openUntilMs: far, stopAfterMs: appendMs - 1 }, records: 0, claimed: 0 },
    { allowance: { room: 9, openUntilMs: far, stopAfterMs: appendMs }, records: 4, claimed: 2 },
  ]
  for (const { allowance, records, claimed } of stops) {
    const fresh = someKernel()
    const run = fresh.fold(unread, 4, -1, 0, allowance)
    assert.deepEqual([run.records, run.claimed, run.counted], [records, claimed, claimed], JSON.stringify(allowance))
    assert.equal(run.clockMs, records === 0 ? -1 : appendMs)
    assert.equal(fresh.nextId, claimed)
    const rest = foldAll(fresh, { ...unread, at: run.at, count: 4 - records, offsetDelta: records })
    assert.deepEqual([rest.records, rest.counted], [4 - records, 2 - claimed])
  }
})

test('a run says how many clicks and purchases are among what it counted', () => {
  const kinds = ['view', 'click', 'purchase', 'click', 'view', 'purchase', 'purchase']
  const records = kinds.map((kind, n) =>
    recordOf(eventWith({ activity_type: `"${kind}"`, event_id: `"${Math.min(n, 5)}"` })),
  )
  const { counted, clicks, purchases } = foldAll(someKernel(), unreadOf(records, appendMs))
  assert.deepEqual({ counted, clicks, purchases }, { counted: 6, clicks: 2, purchases: 2 })
})

test('a run says which record claimed the first id, and where the clock stood at the last', () => {
  const value = (id: string) => recordOf(eventWith({ event_id: id }))
  const unread = unreadOf([value(''), value('"1"'), value(''), value('"2"'), value('"1"')], appendMs)
  const { claimed, firstClaim, newestMs } = foldAll(someKernel(), unread)
  assert.deepEqual({ claimed, firstClaim, newestMs }, { claimed: 2, firstClaim: 1, newestMs: appendMs })
})

test('a record that says another offset than it should have is left', () => {
  const unread = unreadOf([recordOf(eventWith()), recordOf(eventWith())], appendMs)
  assert.equal(foldAll(someKernel(), unread).records, 2)
  for (const offsetDelta of [-1, 1, 2, 1e6]) assert.equal(foldAll(someKernel(), { ...unread, offsetDelta }).records, 0)
})

test('batches of more bytes than are read at a time are folded in parts, records of more are left', () => {
  const long = { ...recordOf(eventWith({ event_id: '' })), key: Buffer.alloc(50_000) }
  const longest = { ...long, key: Buffer.alloc(200_000) }
  const unread = unreadOf([long, long, long, long, long, longest, long], appendMs)
  const fresh = someKernel()
  let [at, done] = [0, 0]
  for (;;) {
    const run = foldAll(fresh, { ...unread, at, count: 7 - done, offsetDelta: done })
    if (run.records === 0) break
    assert.ok(run.records <= 2)
    ;[at, done] = [run.at, done + run.records]
  }
  assert.equal(done, 5)
})

test('of damaged records the kernel takes those that the walk reads and the judge finds good, and no other', () => {
  const seed = String(Math.floor(Math.random() * 2 ** 31))
  const dice = diceOf(seed)
  const events = ['"1"', '"2"'].map(event_id => recordOf(eventWith({ event_id })))
  const { bytes } = unreadOf(events, appendMs)
  const sums = { whole: 0, taken: 0 }
  for (let n = 0; n < 8_000; n++) {
    const damaged = Buffer.from(bytes)
    // Most damage is done where a record says what it holds: in its first bytes.
    damaged[dice.below(dice.once(4) ? bytes.length : 8)] = dice.below(256)
    const body = dice.once(8) ? damaged.subarray(0, dice.below(damaged.length)) : damaged
    const unread = { bytes: body, at: 0, count: 2, offsetDelta: 0, baseMs: appendMs, brokerTime: true }
    const { records } = foldAll(n % 1_000 === 0 ? someKernel() : kernel, unread)
    kernel.takeRows()
    const answer = encodeBatch({ baseOffset: 0, records: events, body, logAppendMs: appendMs })
    const walk = new RecordWalk(answer, 0, [], 1 << 20)
    for (let taken = 0; taken < records; taken++) {
      assert.ok(walk.next(), `seed ${seed}, ${n}: ${walk.trouble?.detail}`)
      const verdict = judge(walk.bytes, walk.valueStart, walk.valueEnd, walk.appendMs, someLimits)
      assert.ok(!('reason' in verdict), `seed ${seed}, ${n}: ${JSON.stringify(verdict)}`)
    }
    sums.taken += records
    if (records === 2) sums.whole += 1
  }
  assert.ok(sums.whole > 10 && sums.taken < 8_000, JSON.stringify(sums))
})
