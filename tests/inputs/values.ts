/**
 * The catalogue of bad inputs, record values (K): one line each, with what must become of it. Where the catalogue asks
 * for something else than the contract, the contract wins, and the line says so.
 */
import type { UserActivity } from '../../src/event/schema.ts'
import { uuidOf } from '../support/events.ts'

/** What is counted, where it is not the good event itself. */
export interface Counts {
  readonly day?: number
  readonly activity?: string
  readonly item_id?: string
  readonly event_id?: string
}

export interface ValueCase {
  readonly name: string
  readonly value: Buffer | null
  /** `REASON POINTER`; `skipped`; or what it counts as. */
  readonly expected: string | Required<Counts>
}

/** A good event without an id, a second before `atMs`, about an item of its own. */
const goodOf = (name: string, atMs: number): UserActivity => ({
  user_id: uuidOf('user of bad inputs'),
  item_id: uuidOf(name),
  activity_type: 'view',
  timestamp: new Date(atMs - 1_000).toISOString(),
})

type Made = (good: UserActivity, atMs: number) => Buffer | string | null
type Line = readonly [name: string, made: Made, expected: string | ((good: UserActivity, atMs: number) => Counts)]

/** @param atMs when all of them are appended. @returns each case, in the order of the catalogue's numbers. */
export function valueCases(atMs: number): ValueCase[] {
  return [...(bad as readonly Line[]), ...accepted].map(([name, made, expected]) => {
    const good = goodOf(name, atMs)
    const value = made(good, atMs)
    const plain = { day: dayOf(good.timestamp), activity: 'view', item_id: good.item_id, event_id: '' }
    return {
      name,
      value: typeof value === 'string' ? Buffer.from(value) : value,
      expected: typeof expected === 'string' ? expected : { ...plain, ...expected(good, atMs) },
    }
  })
}

const json = (value: unknown) => JSON.stringify(value)
const but =
  (change: object): Made =>
  good =>
    json({ ...good, ...change })
/** The good event's members as raw JSON, and more behind them. */
const and =
  (...members: string[]): Made =>
  good =>
    `${json(good).slice(0, -1)},${members.join()}}`
const without =
  (name: keyof UserActivity): Made =>
  good =>
    json(Object.fromEntries(Object.entries(good).filter(([member]) => member !== name)))
const binary = (text: string) => Buffer.from(text, 'latin1')
const numbered = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]))
const dayOf = (text: string) => Math.floor(Date.parse(text) / 86_400_000)
const iso = (ms: number) => new Date(ms).toISOString()
const dateOf = (ms: number) => iso(ms).slice(0, 10)
const at =
  (text: (atMs: number) => string): Made =>
  (good, atMs) =>
    json({ ...good, timestamp: text(atMs) })
const time = (text: string): Made => at(() => text)
const [dayMs, ageMs, aheadMs] = [86_400_000, 400 * 86_400_000, 60 * 60_000]
const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

const bad: readonly (readonly [name: string, made: Made, expected: string])[] = [
  ['K1 a null value (contract: a tombstone, skipped)', () => null, 'skipped'],
  ['K2 no bytes', () => '', 'empty '],
  ['K3 blanks', () => ' \t\r\n', 'not_json '],
  ['K4 cut JSON', good => json(good).slice(0, 50), 'not_json '],
  ['K4 cut in the middle of a character', () => binary('{"x":"\xe2\x82'), 'not_utf8 '],
  ['K5 a number', () => '17', 'not_object '],
  ['K5 a text', () => '"view"', 'not_object '],
  ['K5 true', () => 'true', 'not_object '],
  ['K5 null as JSON', () => 'null', 'not_object '],
  ['K5 an empty list', () => '[]', 'not_object '],
  ['K5 a list of good events', good => json([good]), 'not_object '],
  ['K6 two documents', good => json(good) + json(good), 'not_json '],
  ['K6 a NUL behind it', good => `${json(good)}\0`, 'not_json '],
  ['K7 a byte order mark', good => `\ufeff${json(good)}`, 'not_json '],
  ['K8 a byte FF in an ignored member', () => binary('{"x":"\xff"}'), 'not_utf8 '],
  ['K8 a byte FF beside a real U+FFFD', () => binary('{"x":"\xef\xbf\xbd\xff"}'), 'not_utf8 '],
  ['K9 an overlong slash', () => binary('{"x":"\xc0\xaf"}'), 'not_utf8 '],
  ['K9 an overlong NUL behind it', good => binary(`${json(good)}\xc0\x80`), 'not_utf8 '],
  ['K9 a surrogate in three bytes', () => binary('{"x":"\xed\xa0\x80"}'), 'not_utf8 '],
  ['K9 beyond U+10FFFF', () => binary('{"x":"\xf4\x90\x80\x80"}'), 'not_utf8 '],
  ['K10 UTF-16', good => Buffer.from(json(good), 'utf16le'), 'not_json '],
  ['K10 UTF-16 with its mark', good => Buffer.from(`\ufeff${json(good)}`, 'utf16le'), 'not_utf8 '],
  ['K11 a NUL in a user id', good => json({ ...good, user_id: `\0${good.user_id.slice(1)}` }), 'not_uuid /user_id'],
  ['K11 a NUL in an item id', good => json({ ...good, item_id: `\0${good.item_id.slice(1)}` }), 'not_uuid /item_id'],
  ['K11 a NUL in an event id', but({ event_id: 'a\0b' }), 'bad_event_id /event_id'],
  ['K13 a lone surrogate in an event id', and('"event_id":"\\ud800"'), 'bad_event_id /event_id'],
  ['K14 a real U+FFFD in an event id (contract: ASCII only)', but({ event_id: '\ufffd' }), 'bad_event_id /event_id'],
  ['K15 DEL', but({ event_id: 'a\x7f' }), 'bad_event_id /event_id'],
  ['K15 a zero-width space', but({ event_id: 'a\u200b' }), 'bad_event_id /event_id'],
  ['K15 a right-to-left override', good => json({ ...good, user_id: `${good.user_id}\u202e` }), 'not_uuid /user_id'],
  ['K16 an accent, composed (contract: ASCII only)', but({ event_id: 'caf\u00e9' }), 'bad_event_id /event_id'],
  ['K16 an accent, decomposed (contract: ASCII only)', but({ event_id: 'cafe\u0301' }), 'bad_event_id /event_id'],
  ['K17 an event id beyond its length', but({ event_id: 'x'.repeat(129) }), 'bad_event_id /event_id'],
  ['K18 a user id of 10 kB', but({ user_id: 'a'.repeat(10_000) }), 'not_uuid /user_id'],
  ['K18 an event id of 10 kB', but({ event_id: 'a'.repeat(10_000) }), 'bad_event_id /event_id'],
  ['K19 an empty user id', but({ user_id: '' }), 'not_uuid /user_id'],
  ['K19 a blank item id', but({ item_id: ' ' }), 'not_uuid /item_id'],
  ['K19 a padded user id', good => json({ ...good, user_id: ` ${good.user_id}` }), 'not_uuid /user_id'],
  ['K19 a user id and a line end', good => json({ ...good, user_id: `${good.user_id}\n` }), 'not_uuid /user_id'],
  ['K19 an event id with a blank', but({ event_id: 'a b' }), 'bad_event_id /event_id'],
  ['K19 an event id and a line end', but({ event_id: 'a\n' }), 'bad_event_id /event_id'],
  ['K20 an empty event id', but({ event_id: '' }), 'bad_event_id /event_id'],
  ['K20 a null event id', but({ event_id: null }), 'wrong_type /event_id'],
  ['K20 a number as event id', but({ event_id: 7 }), 'wrong_type /event_id'],
  ['K20 no user', without('user_id'), 'missing_member /user_id'],
  ['K20 no item', without('item_id'), 'missing_member /item_id'],
  ['K20 no type', without('activity_type'), 'missing_member /activity_type'],
  ['K20 no timestamp', without('timestamp'), 'missing_member /timestamp'],
  ['K20 several faults: the first by the order of the contract', () => '{"timestamp":1}', 'missing_member /user_id'],
  [
    'K21 a UUID in braces (contract: 8-4-4-4-12)',
    good => json({ ...good, user_id: `{${good.user_id}}` }),
    'not_uuid /user_id',
  ],
  [
    'K21 a UUID without dashes (contract: 8-4-4-4-12)',
    good => json({ ...good, item_id: good.item_id.replaceAll('-', '') }),
    'not_uuid /item_id',
  ],
  ['K21 a UUID as URN', good => json({ ...good, item_id: `urn:uuid:${good.item_id}` }), 'not_uuid /item_id'],
  ['K21 a fullwidth digit', good => json({ ...good, item_id: `\uff16${good.item_id.slice(1)}` }), 'not_uuid /item_id'],
  ['K22 the word undefined', but({ user_id: 'undefined' }), 'not_uuid /user_id'],
  ['K22 the word null', but({ item_id: 'null' }), 'not_uuid /item_id'],
  ['K23 the last of two user ids is bad', and('"user_id":"no"'), 'not_uuid /user_id'],
  ['K23 the last of two event ids is bad', and('"event_id":"a"', '"event_id":" "'), 'bad_event_id /event_id'],
  ['K24 an event as __proto__', good => `{"__proto__":${json(good)}}`, 'missing_member /user_id'],
  [
    'K24 a user id inherited',
    good => json({ ...good, user_id: undefined, constructor: {} }),
    'missing_member /user_id',
  ],
  ['K25 an unknown type', but({ activity_type: 'like' }), 'unknown_activity /activity_type'],
  ['K25 a type in capitals', but({ activity_type: 'VIEW' }), 'unknown_activity /activity_type'],
  ['K25 a type of an object', but({ activity_type: 'toString' }), 'unknown_activity /activity_type'],
  ['K27 1e400 as a user id', and('"user_id":1e400'), 'wrong_type /user_id'],
  ['K28 a number beyond 2^53 as an event id', and('"event_id":9007199254740993'), 'wrong_type /event_id'],
  ['K29 -0 as a type', and('"activity_type":-0'), 'wrong_type /activity_type'],
  ['K30 a list for a text', but({ activity_type: ['view'] }), 'wrong_type /activity_type'],
  ['K30 an object for a text', but({ timestamp: { toString: 'x' } }), 'wrong_type /timestamp'],
  ['K31 a number of 1 MB', () => `{"user_id":${'9'.repeat(1_000_000)}}`, 'missing_member /item_id'],
  ['K32 30 February', time('2026-02-30T00:00:00Z'), 'bad_timestamp /timestamp'],
  ['K32 29 February of a common year', time('2026-02-29T00:00:00Z'), 'bad_timestamp /timestamp'],
  ['K33 second 60', time('2016-12-31T23:59:60Z'), 'bad_timestamp /timestamp'],
  ['K34 hour 24', at(ms => `${dateOf(ms)}T24:00:00Z`), 'bad_timestamp /timestamp'],
  ['K34 hour 29, of which an offset would make 23', time('2026-11-22T29:29:30+05:30'), 'bad_timestamp /timestamp'],
  ['K34 hour 24, of which an offset would make 23', time('2026-11-22T24:29:59+00:30'), 'bad_timestamp /timestamp'],
  ['K34 minute 60', time('2026-11-22T22:60:00Z'), 'bad_timestamp /timestamp'],
  ['K35 no offset', at(ms => iso(ms).slice(0, 19)), 'bad_timestamp /timestamp'],
  ['K35 a blank for the T', at(ms => iso(ms).replace('T', ' ')), 'bad_timestamp /timestamp'],
  ['K36 a date only', at(dateOf), 'bad_timestamp /timestamp'],
  ['K36 a week date', time('2026-W47-7T00:00:00Z'), 'bad_timestamp /timestamp'],
  ['K36 a zero', time('0'), 'bad_timestamp /timestamp'],
  ['K36 no text', time(''), 'bad_timestamp /timestamp'],
  ['K38 an offset of 24 hours', at(ms => iso(ms).replace('Z', '+24:00')), 'bad_timestamp /timestamp'],
  ['K40 seconds since 1970', but({ timestamp: 1_790_000_000 }), 'wrong_type /timestamp'],
  ['K40 ms since 1970', but({ timestamp: 1_790_000_000_000 }), 'wrong_type /timestamp'],
  ['K40 an epoch as text', time('1790000000000'), 'bad_timestamp /timestamp'],
  ['K41 the year 1969', time('1969-12-31T23:59:59Z'), 'too_old /timestamp'],
  ['K41 the year 1', time('0001-01-01T00:00:00Z'), 'too_old /timestamp'],
  ['K41 the year 0 (contract: no such year)', time('0000-12-31T23:59:59Z'), 'bad_timestamp /timestamp'],
  ['K41 the year -1 (contract: four digits)', time('-0001-01-01T00:00:00Z'), 'bad_timestamp /timestamp'],
  ['K42 the year 9999', time('9999-12-31T23:59:59Z'), 'too_far_ahead /timestamp'],
  ['K42 the year 5874898 (contract: four digits)', time('5874898-01-01T00:00:00Z'), 'bad_timestamp /timestamp'],
  ['K42 behind 9999 in UTC', time('9999-12-31T23:59:59-00:01'), 'bad_timestamp /timestamp'],
  ['K43 one ms too far ahead', at(ms => iso(ms + aheadMs + 1)), 'too_far_ahead /timestamp'],
  ['K44 one ms too old', at(ms => iso(ms - ageMs - 1)), 'too_old /timestamp'],
  ['K50 a million nested lists', () => deep(500_000), 'not_object '],
  ['K50 nested lists that never end', () => '['.repeat(100_000), 'not_json '],
  ['K50 nested objects that never end', () => '{"a":'.repeat(100_000), 'not_json '],
  ['K51 20,000 members and none of ours', () => json(numbered(20_000)), 'missing_member /user_id'],
  ['K52 bait for a pattern', but({ event_id: `${'a'.repeat(100_000)}\n` }), 'bad_event_id /event_id'],
]

const accepted: readonly (readonly [name: string, made: Made, (good: UserActivity, atMs: number) => Counts])[] = [
  ['K12 a NUL in an ignored member', but({ x: '\0' }), () => ({})],
  ['K13 a lone surrogate in an ignored member', and('"x":"\\ud800"'), () => ({})],
  ['K14 a real U+FFFD in an ignored member', but({ x: '\ufffd' }), () => ({})],
  ['K17 an event id of its full length', but({ event_id: '~'.repeat(128) }), () => ({ event_id: '~'.repeat(128) })],
  ['K20 no event id (contract: it is optional)', good => json(good), () => ({})],
  [
    'K21 upper case',
    good => json({ ...good, user_id: good.user_id.toUpperCase(), item_id: good.item_id.toUpperCase() }),
    () => ({}),
  ],
  [
    'K22 the nil UUID (contract: a UUID as any)',
    but({ item_id: '00000000-0000-0000-0000-000000000000' }),
    () => ({ item_id: '00000000-0000-0000-0000-000000000000' }),
  ],
  [
    'K23 the last of two event ids counts (contract: as in JSON.parse)',
    and('"event_id":" "', '"event_id":"b"'),
    () => ({ event_id: 'b' }),
  ],
  ['K23 the last of two types counts', and('"activity_type":"click"'), () => ({ activity: 'click' })],
  ['K24 a member named __proto__ (contract: ignored)', and('"__proto__":{"event_id":"x"}'), () => ({})],
  ['K24 a member named constructor', and('"constructor":{"prototype":{"event_id":"x"}}'), () => ({})],
  ['K26 an unknown member', but({ source: 'web' }), () => ({})],
  ["K26 a member named as a rejection's", but({ reason: 'too_old', pointer: '/x', detail: '' }), () => ({})],
  ['K26 a name written with an escape', good => json(good).replace('user_id', '\\u0075ser_id'), () => ({})],
  ['K26 blanks around it', good => ` \n${JSON.stringify(good, null, '\t')}\r\n `, () => ({})],
  ['K27 1e400 in an ignored member (contract: ignored)', and('"a":1e400'), () => ({})],
  ['K28 9007199254740993 in an ignored member', and('"b":9007199254740993'), () => ({})],
  ['K29 -0 and 1.5 in ignored members', and('"c":-0', '"d":1.5'), () => ({})],
  [
    'K37 an offset of 14 hours',
    at(ms => `${dateOf(ms)}T00:30:00+14:00`),
    (_good, ms) => ({ day: dayOf(dateOf(ms)) - 1 }),
  ],
  ['K38 an offset of -00:00', at(ms => iso(ms).replace('Z', '-00:00')), (_good, ms) => ({ day: dayOf(iso(ms)) })],
  [
    'K39 the last moment of a day, cut and not rounded',
    at(ms => `${dateOf(ms - dayMs)}T23:59:59.9999999Z`),
    (_good, ms) => ({ day: dayOf(dateOf(ms)) - 1 }),
  ],
  [
    'K43 as far ahead as allowed',
    at(ms => iso(ms + aheadMs)),
    (_good, ms) => ({ day: Math.floor((ms + aheadMs) / dayMs) }),
  ],
  ['K44 as old as allowed', at(ms => iso(ms - ageMs)), (_good, ms) => ({ day: Math.floor((ms - ageMs) / dayMs) })],
  ['K49 a megabyte in an ignored member', but({ x: 'x'.repeat(1_000_000) }), () => ({})],
  ['K50 nested lists in an ignored member (contract: ignored)', and(`"x":${deep(200_000)}`), () => ({})],
  ['K51 20,000 ignored members (contract: ignored)', but(numbered(20_000)), () => ({})],
]
