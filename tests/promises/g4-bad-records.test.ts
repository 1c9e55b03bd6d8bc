import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueCases } from '../inputs/values.ts'
import { assertBalanced, countedTable, fates, recount, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

/** Those of the catalogue that are bad and small. The ms of K43 needs a topic with the sender's time. */
const badRecords = valueCases(Date.now()).flatMap(({ name, value, expected }) => {
  const isOurs = value !== null && value.length < 1_000 && !name.startsWith('K43')
  return isOurs && typeof expected === 'string' ? [{ name, value, expected }] : []
})

test('G4: of 10,000 records of a foreign client the good ones are counted and each bad one is kept byte for byte', async t => {
  const topic = await freshTopic(3)
  const database = await freshDatabase()
  const bad = (n: number) => badRecords[Math.floor(n / 20) % badRecords.length]!
  const numbers = Array.from({ length: 10_000 }, (_, n) => n)
  const good = numbers.filter(n => n % 20 !== 0).map(n => eventOf(n))
  const messages = numbers.map(n =>
    n % 20 === 0
      ? { key: `key ${n}`, value: bad(n).value, headers: { number: String(n), twice: ['a', 'b'] } }
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
    const { name, value, expected } = bad(n)
    assert.equal(`${row.reason} ${row.pointer}`, expected, name)
    assert.ok(row.value.equals(value), `${name}: the value is kept byte for byte`)
    assert.ok(row.headers.includes(`number`) && row.headers.includes(String(n)), `${name}: the headers are kept`)
    assert.ok(row.detail.length > 10)
  }
})
