/** POST /api/try: an event that is sent by hand, and its way through log, judge and table. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { freePort } from '../../src/stack/port.ts'
import { readyApi } from '../support/api.ts'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'

const token = 'a-token-of-the-tests'

async function api(t: TestContext, settings: Record<string, string>): Promise<string> {
  return (await readyApi(t, { settings })).url
}

const send = async (url: string, body?: Buffer | string, headers: Record<string, string> = {}) => {
  const asked = { authorization: `Bearer ${token}`, ...headers }
  const answer = await fetch(`${url}/api/try`, { method: 'POST', headers: asked, ...(body !== undefined && { body }) })
  return { status: answer.status, said: (await answer.json()) as Record<string, string> }
}

test('what is sent by hand lies in the log as it is, is judged and counted, and can be followed', async t => {
  const [topic, database] = [await freshTopic(3), await freshDatabase()]
  const client = await connect(t, database)
  await startCounting(t, { topic, database })
  const settings = { ...settingsFor(sharedKafka(), database, topic), ADMIN_TOKEN: token, TRY_IT: 'true' }
  const url = await api(t, settings)
  const trace = async (position: string) => {
    const { copies } = (await (await fetch(`${url}/api/trace?position=${position}`)).json()) as {
      copies: { fate: string; reason?: string; event?: { user_id: string } }[]
    }
    return copies[0]!
  }

  const event = eventOf(1)
  const good = await send(url, bytesOf({ ...event, user_id: event.user_id.toUpperCase() }))
  assert.equal(good.status, 200, JSON.stringify(good.said))
  assert.match(good.said['position']!, /^[0-2]:0$/)
  assert.ok(Math.abs(Date.parse(good.said['appended_at']!) - Date.now()) < 60_000)
  const summary = `${url}/api/user-activity-summary/${event.user_id}?min_position=${good.said['position']}`
  assert.equal(((await (await fetch(summary)).json()) as { item_id: string }[])[0]!.item_id, event.item_id)
  assert.equal((await trace(good.said['position']!)).fate, 'counted')
  const same = await send(url, bytesOf(event))
  assert.equal(same.said['position']!.split(':')[0], good.said['position']!.split(':')[0], 'its key is the user')

  const bad = [Buffer.from([0xff, 0xfe]), Buffer.from('{"user_id":7}'), Buffer.from('null'), undefined]
  for (const body of bad) assert.equal((await send(url, body as Buffer)).status, 200)
  await untilRead(client, 6)
  const { rows } = await client.query<{ value: Buffer }>('select value from rejects')
  const values = rows.map(({ value }) => value.toString('hex')).sort()
  assert.deepEqual(values, bad.map(body => (body ?? Buffer.alloc(0)).toString('hex')).sort())
})

test('nobody sends without the token, too much, or where it is not switched on; Kafka away is a 503', async t => {
  const [topic, database] = [await freshTopic(1), await freshDatabase()]
  const settings = settingsFor(sharedKafka(), database, topic)
  const url = await api(t, { ...settings, ADMIN_TOKEN: token, TRY_IT: 'true' })
  for (const authorization of ['', 'Bearer', `Bearer ${token}x`, token]) {
    assert.equal((await send(url, '{}', { authorization })).said['code'], 'unauthorized')
  }
  assert.equal((await send(url, 'x'.repeat(16_385))).said['code'], 'body_too_large')
  const read = await fetch(`${url}/api/try`, { headers: { authorization: `Bearer ${token}` } })
  assert.deepEqual([read.status, read.headers.get('allow')], [405, 'POST'])
  for (const off of [{ ADMIN_TOKEN: token }, { TRY_IT: 'true' }] as Record<string, string>[]) {
    const without = await api(t, { ...settings, ...off })
    assert.equal((await send(without, '{}')).said['code'], 'no_such_path')
    const { paths } = (await (await fetch(`${without}/openapi.json`)).json()) as { paths: object }
    assert.equal('/api/try' in paths, false)
  }
  const nowhere = { KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${await freePort()}`, ADMIN_TOKEN: token, TRY_IT: 'true' }
  const alone = await api(t, { ...settings, ...nowhere })
  const away = await send(alone, '{}')
  assert.deepEqual([away.status, away.said['code']], [503, 'log_away'])
  assert.match(away.said['detail']!, /no broker can be reached/)
})
