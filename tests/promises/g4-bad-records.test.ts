import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertBalanced, countedTable, fates, recount, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

const good = eventOf(1)
const withOut = (name: string) => bytesOf(Object.fromEntries(Object.entries(good).filter(([key]) => key !== name)))
const but = (change: object) => bytesOf({ ...good, ...change })
const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()

/** How a record can be bad: its bytes, and the reason and pointer it must get. */
const badRecords: readonly [name: string, value: Buffer, reason: string, pointer: string][] = [
  ['no bytes', Buffer.alloc(0), 'empty', ''],
  ['blanks', Buffer.from('  \n '), 'not_json', ''],
  ['cut JSON', bytesOf(good).subarray(0, 40), 'not_json', ''],
  ['two documents', Buffer.concat([bytesOf(good), bytesOf(good)]), 'not_json', ''],
  ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytesOf(good)]), 'not_json', ''],
  [
    'a byte that is no UTF-8',
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    'not_utf8',
    '',
  ],
  ['an overlong encoding', Buffer.concat([bytesOf(good), Buffer.from([0xc0, 0x80])]), 'not_utf8', ''],
  ['UTF-16', Buffer.from(JSON.stringify(good), 'utf16le'), 'not_json', ''],
  ['an array', Buffer.from('[]'), 'not_object', ''],
  ['a number', Buffer.from('17'), 'not_object', ''],
  ['null as JSON', Buffer.from('null'), 'not_object', ''],
  ['no user', withOut('user_id'), 'missing_member', '/user_id'],
  ['no item', withOut('item_id'), 'missing_member', '/item_id'],
  ['no type', withOut('activity_type'), 'missing_member', '/activity_type'],
  ['no timestamp', withOut('timestamp'), 'missing_member', '/timestamp'],
  ['a prototype instead of a user', Buffer.from(`{"__proto__":${JSON.stringify(good)}}`), 'missing_member', '/user_id'],
  ['a user that is a number', but({ user_id: 7 }), 'wrong_type', '/user_id'],
  ['a user that is no UUID', but({ user_id: 'jane' }), 'not_uuid', '/user_id'],
  ['a UUID in braces', but({ user_id: `{${good.user_id}}` }), 'not_uuid', '/user_id'],
  ['an item without dashes', but({ item_id: good.item_id.replaceAll('-', '') }), 'not_uuid', '/item_id'],
  ['an item with a NUL', but({ item_id: `\u0000${good.item_id.slice(1)}` }), 'not_uuid', '/item_id'],
  ['an unknown type', but({ activity_type: 'like' }), 'unknown_activity', '/activity_type'],
  ['a type in capitals', but({ activity_type: 'VIEW' }), 'unknown_activity', '/activity_type'],
  ['30 February', but({ timestamp: '2026-02-30T00:00:00Z' }), 'bad_timestamp', '/timestamp'],
  ['hour 24', but({ timestamp: '2026-11-22T24:00:00Z' }), 'bad_timestamp', '/timestamp'],
  ['second 60', but({ timestamp: '2026-11-22T23:59:60Z' }), 'bad_timestamp', '/timestamp'],
  ['no offset', but({ timestamp: '2026-11-22T10:00:00' }), 'bad_timestamp', '/timestamp'],
  ['a date only', but({ timestamp: '2026-11-22' }), 'bad_timestamp', '/timestamp'],
  ['seconds since 1970', but({ timestamp: 1_790_000_000 }), 'wrong_type', '/timestamp'],
  ['an old event', but({ timestamp: ago(401) }), 'too_old', '/timestamp'],
  ['an event of tomorrow', but({ timestamp: ago(-1) }), 'too_far_ahead', '/timestamp'],
  ['an id with a blank', but({ event_id: 'a b' }), 'bad_event_id', '/event_id'],
  ['an id that is too long', but({ event_id: 'x'.repeat(129) }), 'bad_event_id', '/event_id'],
  ['an id that is null', but({ event_id: null }), 'wrong_type', '/event_id'],
]

test('G4: of 10,000 records of a foreign client the good ones are counted and each bad one is kept byte for byte', async t => {
  const topic = await freshTopic(3)
  const database = await freshDatabase()
  const bad = (n: number) => badRecords[Math.floor(n / 20) % badRecords.length]!
  const numbers = Array.from({ length: 10_000 }, (_, n) => n)
  const good = numbers.filter(n => n % 20 !== 0).map(n => eventOf(n))
  const messages = numbers.map(n =>
    n % 20 === 0
      ? { key: `key ${n}`, value: bad(n)[1], headers: { number: String(n), twice: ['a', 'b'] } }
      : { value: bytesOf(eventOf(n)) },
  )

  await startCounting(t, { topic, database })
  await sendForeign(
    t,
    topic,
    messages.map(message => ({ key: null, ...message })),
  )

  const client = await connect(t, database)
  await untilRead(client, 10_000)
  assert.deepEqual(await countedTable(client), recount(good))
  assert.deepEqual(await fates(client), { counted: 9_500, duplicate: 0, rejected: 500, skipped: 0 })
  await assertBalanced(client)
  const { rows } = await client.query('select key, value, reason, pointer, detail, headers from rejects')
  assert.equal(rows.length, 500)
  for (const row of rows) {
    const n = Number(row.key.toString().slice(4))
    const [name, value, reason, pointer] = bad(n)
    assert.deepEqual([row.reason, row.pointer], [reason, pointer], name)
    assert.ok(row.value.equals(value), `${name}: the value is kept byte for byte`)
    assert.ok(row.headers.includes(`number`) && row.headers.includes(String(n)), `${name}: the headers are kept`)
    assert.ok(row.detail.length > 10)
  }
})
