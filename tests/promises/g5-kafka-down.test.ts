import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../src/runtime/config.ts'
import type { Part } from '../../src/runtime/health.ts'
import { freePort } from '../../src/stack/port.ts'
import { readStatus } from '../../src/upkeep/status/status.ts'
import { assertBalanced, countedTable, fates, ledger, recount, type Sent, untilRead } from '../support/counting.ts'
import {
  connect,
  freshDatabase,
  freshTopic,
  ownKafka,
  roleProcess,
  settingsFor,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

test('G5: Kafka killed and away for longer than a session costs no membership, delays the counts and changes none', async t => {
  const kafka = await ownKafka(t)
  const topic = await freshTopic(2, {}, kafka)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const port = await freePort()
  const settings = { ...settingsFor(kafka, database, topic), HEALTH_PORT: String(port) }
  const consumer = roleProcess(t, 'consumer', settings)
  const kafkaIs = async (state: string) => {
    const { parts } = (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as { parts: Part[] }
    return parts.some(({ name, ready }) => name === 'kafka' && ready === (state === 'ready'))
  }
  await sendForeign(t, topic, messages(0, 1_000), kafka)
  await until(() => ledger(client), 20_000, 'the tables are made')
  await untilRead(client, 1_000)

  await sendForeign(t, topic, messages(1_000, 20_000), kafka)
  await kafka.kill()
  await until(() => kafkaIs('away'), 30_000, 'it misses the group')
  const { kafkaProblem } = await readStatus(parseConfig(settings))
  assert.equal(
    kafkaProblem,
    `no broker can be reached at ${kafka.address}: start Kafka, or set KAFKA_BOOTSTRAP_SERVERS`,
  )
  await kafka.start()
  await sendForeign(t, topic, messages(21_000, 1_000), kafka)
  await untilRead(client, 22_000)
  await until(() => kafkaIs('ready'), 10_000, 'it is ready again')

  assert.deepEqual(await countedTable(client), recount(events(0, 22_000)))
  assert.deepEqual(await fates(client), { counted: 22_000, duplicate: 0, rejected: 0, skipped: 0 })
  assert.ok((await ledger(client)).every(row => row.state === 'open'))
  await assertBalanced(client)
  // A new member would have waited for the end of its own old session.
  assert.ok(!consumer.output.some(line => line.includes('membership_lost')), 'it stays the member it was')
  await consumer.stop()
  assert.deepEqual(await consumer.ended, { code: 0, signal: null })
})

const events = (from: number, count: number): Sent[] =>
  Array.from({ length: count }, (_, i) => eventOf(from + i, 'id-'))

const messages = (from: number, count: number) =>
  events(from, count).map((event, i) => ({ key: null, value: bytesOf(event), partition: i % 2 }))
