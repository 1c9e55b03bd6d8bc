/** Fuzzed requests to the API, right and wrong ones of all paths: whatever is asked, it is no fault of ours. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { type Dice, diceOf } from '../fuzz/dice.ts'
import { type Pool, poolOf } from '../fuzz/pool.ts'
import { token } from '../inputs/admin-requests.ts'
import { readyApi } from '../support/api.ts'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

const requests = 200
const { user_id: user, item_id: item, timestamp } = eventOf(1)
const day = timestamp.slice(0, 10)
const names = [
  ...['from', 'to', 'item_id', 'limit', 'cursor', 'position', 'user_id', 'event_id', 'reason', 'pointer', 'partition'],
  ...['since', 'until', 'all', 'lineage', 'format'],
]
const values = [
  ...[user, item, day, '0:0', '1:10', '0:999', '1', '10', '1000', 'true', 'false', '', 'x1', 'not_json', '/user_id'],
  ...['0001-01-01', '9999-12-31', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '999999999', '-1', '0', '1e3', '\0'],
]

test('fuzzed requests are answered or refused, and none is a fault of ours', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const client = await connect(t, place.database)
  const records = Array.from({ length: 50 }, (_, n) => (n % 3 === 0 ? Buffer.from('{') : bytesOf(eventOf(n, 'x'))))
  await sendForeign(
    t,
    place.topic,
    records.map((value, n) => ({ value, partition: n % 2 })),
  )
  await startCounting(t, place)
  await untilRead(client, records.length)
  const settings = { ...settingsFor(sharedKafka(), place.database, place.topic), ADMIN_TOKEN: token }
  const { url } = await readyApi(t, { settings })

  const seed = randomInt(2 ** 31)
  const [dice, pool] = [diceOf(`requests ${seed}`), poolOf(seed)]
  const seen = new Set<number>()
  for (let n = 0; n < requests; n++) {
    const target = drawnTarget(dice, pool)
    const answer = await fetch(url + target, { headers: { authorization: `Bearer ${token}` } })
    const said = await answer.text()
    // 503: too slow, on a machine that has much else to do.
    assert.ok([200, 400, 404, 422, 503].includes(answer.status), `seed ${seed}: ${target}: ${answer.status} ${said}`)
    assert.doesNotThrow(() => JSON.parse(said), `seed ${seed}: ${target}`)
    seen.add(answer.status)
  }
  assert.ok(
    [200, 400, 404, 422].every(status => seen.has(status)),
    `seed ${seed}`,
  )
})

function drawnTarget(dice: Dice, pool: Pool): string {
  const or = (good: string) => (dice.once(6) ? drawnValue(dice, pool) : good)
  const paths = [
    () => `/api/user-activity-summary/${or(user)}`,
    () => '/api/trace',
    () => `/api/explain/${or(user)}/${or(item)}/${or(day)}`,
    () => '/api/rejects',
    () => `/api/rejects/${or(String(dice.below(3)))}/${or(String(dice.below(30)))}`,
  ]
  const path = dice.pick(paths)()
  const name = () => (dice.once(10) ? drawnValue(dice, pool) : dice.pick(names))
  const query = Array.from({ length: dice.below(4) }, () => `${name()}=${drawnValue(dice, pool)}`)
  return `${path}?${query.join('&')}`
}

function drawnValue(dice: Dice, pool: Pool): string {
  const known = dice.pick(values)
  const text = dice.once(3)
    ? dice.pick(pool.strings)
    : dice.once(4)
      ? known + dice.pick(pool.strings).slice(0, 1)
      : known
  return encodeURIComponent(text.toWellFormed())
}
