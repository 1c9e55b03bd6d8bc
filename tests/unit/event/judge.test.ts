import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dayText } from '../../../src/event/day.ts'
import { reasons } from '../../../src/event/fate.ts'
import { type Event, judge } from '../../../src/event/judge.ts'
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
/** The good event with its members as raw JSON, so that they can be given twice or be no JSON of ours. */
const raw = (...members: string[]) => text(`{${members.join(',')}}`)
const member = (name: keyof typeof good) => `"${name}":"${good[name]}"`
const goodMembers = [member('user_id'), member('item_id'), member('activity_type'), member('timestamp')]

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

const bad: readonly [name: string, bytes: Buffer, reason: string, pointer: string][] = [
  ['K2 no bytes', text(''), 'empty', ''],
  ['K3 blanks', text(' \t\r\n'), 'not_json', ''],
  ['K4 cut JSON', but({}).subarray(0, 50), 'not_json', ''],
  ['K5 a scalar', text('17'), 'not_object', ''],
  ['K5 a text', text('"view"'), 'not_object', ''],
  ['K5 true', text('true'), 'not_object', ''],
  ['K5 null', text('null'), 'not_object', ''],
  ['K5 an array of good events', json([good]), 'not_object', ''],
  ['K6 two documents', Buffer.concat([but({}), but({})]), 'not_json', ''],
  ['K6 trailing bytes', Buffer.concat([but({}), text('\0')]), 'not_json', ''],
  ['K7 a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), but({})]), 'not_json', ''],
  ['K8 a byte FF in an ignored member', Buffer.from('{"x":"\xff"}', 'latin1'), 'not_utf8', ''],
  ['K8 a byte FF beside a real U+FFFD', Buffer.concat([text('{"x":"\ufffd'), Buffer.from([0xff])]), 'not_utf8', ''],
  ['K9 an overlong slash', Buffer.from('{"x":"\xc0\xaf"}', 'latin1'), 'not_utf8', ''],
  ['K9 a surrogate in three bytes', Buffer.from('{"x":"\xed\xa0\x80"}', 'latin1'), 'not_utf8', ''],
  ['K9 beyond U+10FFFF', Buffer.from('{"x":"\xf4\x90\x80\x80"}', 'latin1'), 'not_utf8', ''],
  ['K10 UTF-16', Buffer.from(JSON.stringify(good), 'utf16le'), 'not_json', ''],
  ['K11 a NUL in a user id', but({ user_id: `\0${good.user_id.slice(1)}` }), 'not_uuid', '/user_id'],
  ['K11 a NUL in an event id', but({ event_id: 'a\0b' }), 'bad_event_id', '/event_id'],
  ['K13 a lone surrogate in an event id', raw(...goodMembers, '"event_id":"\\ud800"'), 'bad_event_id', '/event_id'],
  ['K15 a control character', but({ event_id: 'a\x7f' }), 'bad_event_id', '/event_id'],
  ['K15 a zero-width space', but({ event_id: 'a\u200b' }), 'bad_event_id', '/event_id'],
  ['K15 a right-to-left override in a user id', but({ user_id: `${good.user_id}\u202e` }), 'not_uuid', '/user_id'],
  ['K16 an accent', but({ event_id: 'caf\u00e9' }), 'bad_event_id', '/event_id'],
  ['K17 an event id beyond its length', but({ event_id: 'x'.repeat(129) }), 'bad_event_id', '/event_id'],
  ['K18 a user id of 10 kB', but({ user_id: 'a'.repeat(10_000) }), 'not_uuid', '/user_id'],
  ['K19 an empty user id', but({ user_id: '' }), 'not_uuid', '/user_id'],
  ['K19 a padded user id', but({ user_id: ` ${good.user_id}` }), 'not_uuid', '/user_id'],
  ['K19 a user id and a line end', but({ user_id: `${good.user_id}\n` }), 'not_uuid', '/user_id'],
  ['K19 an event id and a line end', but({ event_id: 'a\n' }), 'bad_event_id', '/event_id'],
  ['K20 an empty event id', but({ event_id: '' }), 'bad_event_id', '/event_id'],
  ['K20 a null event id', but({ event_id: null }), 'wrong_type', '/event_id'],
  ['K20 a number as event id', but({ event_id: 7 }), 'wrong_type', '/event_id'],
  ['K21 a UUID in braces', but({ user_id: `{${good.user_id}}` }), 'not_uuid', '/user_id'],
  ['K21 a UUID without dashes', but({ item_id: good.item_id.replaceAll('-', '') }), 'not_uuid', '/item_id'],
  ['K21 a UUID as URN', but({ item_id: `urn:uuid:${good.item_id}` }), 'not_uuid', '/item_id'],
  ['K21 a fullwidth digit', but({ item_id: good.item_id.replace('6', '\uff16') }), 'not_uuid', '/item_id'],
  ['K22 the word undefined', but({ user_id: 'undefined' }), 'not_uuid', '/user_id'],
  ['K23 the last of two user ids is bad', raw(...goodMembers, '"user_id":"no"'), 'not_uuid', '/user_id'],
  ['K24 an event as __proto__', raw(`"__proto__":${JSON.stringify(good)}`), 'missing_member', '/user_id'],
  ['K24 a user id inherited', raw(...goodMembers.slice(1), '"constructor":{}'), 'missing_member', '/user_id'],
  ['K25 an unknown type', but({ activity_type: 'like' }), 'unknown_activity', '/activity_type'],
  ['K25 a type in capitals', but({ activity_type: 'VIEW' }), 'unknown_activity', '/activity_type'],
  ['K25 a type of an object', but({ activity_type: 'toString' }), 'unknown_activity', '/activity_type'],
  ['K27 1e400 as a user id', raw(...goodMembers, '"user_id":1e400'), 'wrong_type', '/user_id'],
  ['K30 a list for a text', but({ activity_type: ['view'] }), 'wrong_type', '/activity_type'],
  ['K30 an object for a text', but({ timestamp: { toString: 'x' } }), 'wrong_type', '/timestamp'],
  ['K31 a number of 1 MB', raw(`"user_id":${'9'.repeat(1_000_000)}`), 'missing_member', '/item_id'],
  ['K32 the 30th of February', but({ timestamp: '2026-02-30T00:00:00Z' }), 'bad_timestamp', '/timestamp'],
  ['K40 an epoch in seconds', but({ timestamp: 1_790_000_000 }), 'wrong_type', '/timestamp'],
  ['K40 an epoch as text', but({ timestamp: '1790000000000' }), 'bad_timestamp', '/timestamp'],
  ['K41 the year 1969', but({ timestamp: '1969-12-31T23:59:59Z' }), 'too_old', '/timestamp'],
  ['K41 the year 1', but({ timestamp: '0001-01-01T00:00:00Z' }), 'too_old', '/timestamp'],
  ['K42 the year 9999', but({ timestamp: '9999-12-31T23:59:59Z' }), 'too_far_ahead', '/timestamp'],
  ['K50 a million nested arrays', text('['.repeat(1_000_000) + ']'.repeat(1_000_000)), 'not_object', ''],
  ['K50 nested arrays that never end', text('['.repeat(100_000)), 'not_json', ''],
  ['K50 nested objects that never end', text('{"a":'.repeat(100_000)), 'not_json', ''],
  ['K51 20,000 members and none of ours', json(Object.fromEntries(numbered(20_000))), 'missing_member', '/user_id'],
  ['K52 bait for a pattern', but({ event_id: `${'a'.repeat(100_000)}\n` }), 'bad_event_id', '/event_id'],
  ['several faults: the first by the order of the contract', json({ timestamp: 1 }), 'missing_member', '/user_id'],
  ['no item', raw(...goodMembers.toSpliced(1, 1)), 'missing_member', '/item_id'],
  ['no type', raw(...goodMembers.toSpliced(2, 1)), 'missing_member', '/activity_type'],
  ['no timestamp', raw(...goodMembers.toSpliced(3, 1)), 'missing_member', '/timestamp'],
]

function numbered(count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => [`m${i}`, i])
}

test('each bad record gets its reason and pointer, and words of our own', () => {
  for (const [name, bytes, reason, pointer] of bad) {
    const verdict = judged(bytes)
    assert.ok('reason' in verdict, name)
    assert.deepEqual([verdict.reason, verdict.pointer], [reason, pointer], name)
    assert.ok(verdict.detail.length > 10 && verdict.detail.length < 120, name)
  }
})

test('every reason there is has a record that gets it, but for the one that no value has', () => {
  const given = new Set<string>([...bad.map(([, , reason]) => reason), 'unknown_origin'])
  assert.deepEqual(given, new Set(Object.keys(reasons)))
})

const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
const accepted: readonly [name: string, bytes: Buffer, change: Partial<Event>][] = [
  ['K12 a NUL in an ignored member', but({ x: '\0' }), {}],
  ['K13 a lone surrogate in an ignored member', raw(...goodMembers, '"x":"\\ud800"'), {}],
  ['K14 a real U+FFFD', but({ x: '\ufffd' }), {}],
  ['K17 an event id of its full length', but({ event_id: '~'.repeat(128) }), { eventId: '~'.repeat(128) }],
  ['K20 no event id', but({}), { eventId: undefined }],
  ['K21 upper case', but({ user_id: good.user_id.toUpperCase() }), {}],
  [
    'K22 the nil UUID',
    but({ item_id: good.item_id.replace(/[^-]/g, '0') }),
    { itemId: '00000000-0000-0000-0000-000000000000' },
  ],
  ['K23 the last of two event ids counts', raw(...goodMembers, '"event_id":" "', '"event_id":"b"'), { eventId: 'b' }],
  ['K23 the last of two types counts', raw(...goodMembers, '"activity_type":"click"'), { activity: 'click' }],
  ['K24 a member named __proto__', raw(...goodMembers, '"__proto__":{"event_id":"x"}'), {}],
  ['K24 a member named constructor', raw(...goodMembers, '"constructor":{"prototype":{"event_id":"x"}}'), {}],
  ['K26 an unknown member', but({ source: 'web' }), {}],
  ["K26 a member named as a rejection's", but({ reason: 'too_old', pointer: '/x', detail: '' }), {}],
  ['K27 to K29 odd numbers in ignored members', raw(...goodMembers, '"a":1e400,"b":9007199254740993,"c":-0'), {}],
  ['K37 an offset', but({ timestamp: '2026-11-22T00:30:00+14:00' }), { day: Date.parse('2026-11-21') / 86_400_000 }],
  ['K50 nested arrays in an ignored member', raw(...goodMembers, `"x":${deep}`), {}],
  ['K51 20,000 ignored members', but(Object.fromEntries(numbered(20_000))), {}],
  ['a megabyte in an ignored member', but({ x: 'x'.repeat(1 << 20) }), {}],
  ['names and values written as escapes', text(JSON.stringify(good).replace('user_id', '\\u0075ser_id')), {}],
  ['blanks around it', text(` \n${JSON.stringify(good, null, '\t')}\r\n `), {}],
]

test('what looks odd and is right counts', () => {
  const plain = judged(but({}))
  for (const [name, bytes, change] of accepted) assert.deepEqual(judged(bytes), { ...plain, ...change }, name)
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
