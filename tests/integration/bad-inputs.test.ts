/** The catalogue of bad inputs on the real topic: each case between two good records, and `verify` over all of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { recordsCases } from '../inputs/records.ts'
import { sendersTime } from '../inputs/topic.ts'
import { valueCases } from '../inputs/values.ts'
import { readyApi } from '../support/api.ts'
import { assertBalanced, fates, startCounting, untilRead } from '../support/counting.ts'
import { codecs, encodeBatch, encodeHeaders, type LogRecord } from '../support/encode-log.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka } from '../support/environment.ts'
import { bytesOf, uuidOf } from '../support/events.ts'
import { rawSender } from '../support/raw-batches.ts'
import { run } from '../support/tool.ts'
import { verified } from '../support/verifying.ts'

const atMs = Date.now()
const neighbourItem = uuidOf('the good ones beside bad inputs')
const neighbour: LogRecord = {
  key: null,
  value: bytesOf({
    user_id: uuidOf('neighbour'),
    item_id: neighbourItem,
    activity_type: 'click',
    timestamp: new Date(atMs).toISOString(),
  }),
  headers: [],
  timestampMs: atMs,
}

/** What is in the tables, by item and by position. */
async function tables(client: pg.Client) {
  const { rows: counts } = await client.query(
    `select item_id, date::text, view_count::int as view, click_count::int as click, purchase_count::int as purchase
       from daily_user_item_summary`,
  )
  const { rows: rejects } = await client.query(
    `select partition || ':' || "offset" as position, reason || ' ' || pointer as said, key, value, headers from rejects`,
  )
  return {
    countsOf: (item: string) => counts.filter(row => row.item_id === item),
    rejects: new Map(rejects.map(row => [row.position as string, row])),
  }
}

test('K: every value of the catalogue gets its fate, is kept byte for byte where it is bad, and harms no neighbour', async t => {
  const topic = await freshTopic(1, sendersTime)
  const database = await freshDatabase()
  const send = rawSender(t, topic)
  const cases = valueCases(atMs)
  const key = Buffer.from('key')
  for (const [n, { name, value }] of cases.entries()) {
    const headers = [['case', Buffer.from(name)]] as const
    const records = [neighbour, { key, value, headers, timestampMs: atMs }, neighbour]
    await send(0, encodeBatch({ baseOffset: 0, records, codec: codecs[n % codecs.length]! }))
  }

  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(client, 3 * cases.length)
  const { countsOf, rejects } = await tables(client)
  for (const [n, { name, value, expected }] of cases.entries()) {
    const reject = rejects.get(`0:${3 * n + 1}`)
    if (typeof expected !== 'string') {
      const date = new Date(expected.day * 86_400_000).toISOString().slice(0, 10)
      const counts = { view: 0, click: 0, purchase: 0, [expected.activity]: 1 }
      assert.deepEqual(countsOf(expected.item_id), [{ item_id: expected.item_id, date, ...counts }], name)
      assert.equal(reject, undefined, name)
      continue
    }
    assert.equal(reject?.said ?? 'skipped', expected, name)
    if (reject === undefined) continue
    assert.ok(reject.value.equals(value) && reject.key.equals(key), `${name}: kept byte for byte`)
    assert.ok(reject.headers.equals(encodeHeaders([['case', Buffer.from(name)]])), `${name}: its headers are kept`)
  }
  const good = countsOf(neighbourItem).reduce((sum, row) => sum + row.click, 0)
  assert.equal(good, 2 * cases.length, 'every neighbour is counted')
  await assertBalanced(client)
  assert.equal((await verified({ topic, database })).verdict, 'proven')
})

test('K: keys, headers, times, codecs and ids of the catalogue: each record of a batch gets its fate', async t => {
  const topic = await freshTopic(2, sendersTime)
  const database = await freshDatabase()
  const send = rawSender(t, topic)
  const cases = recordsCases(atMs)
  const firsts: number[] = []
  let next = 0
  for (const { records, codec } of cases) {
    const framed = [neighbour, ...records, neighbour]
    await send(0, encodeBatch({ baseOffset: 0, records: framed, codec }))
    firsts.push(next + 1)
    next += framed.length
  }
  // K58: the same id in two partitions counts twice (contract: a partition is the unit of truth).
  const reused = cases.find(({ name }) => name.startsWith('K57'))!
  await send(1, encodeBatch({ baseOffset: 0, records: [reused.records[0]!] }))

  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(
    client,
    cases.reduce((sum, { records }) => sum + records.length + 2, 1),
  )
  const { countsOf, rejects } = await tables(client)
  for (const [n, { name, records, fates, item_id }] of cases.entries()) {
    const isCounted = (fate: string) => fate === 'counted'
    const counted = fates.filter(isCounted).length + (name === reused.name ? 1 : 0)
    const sum = countsOf(item_id).reduce((sum, { view, click, purchase }) => sum + view + click + purchase, 0)
    assert.equal(sum, counted, name)
    for (const [i, fate] of fates.entries()) {
      const reject = rejects.get(`0:${firsts[n]! + i}`)
      assert.equal(reject?.said, fate.includes(' ') ? fate : undefined, `${name}: record ${i}`)
      if (reject === undefined) continue
      const { key, value, headers } = records[i]!
      assert.ok(reject.value.equals(value) && reject.headers.equals(encodeHeaders(headers)), name)
      assert.deepEqual(reject.key, key, name)
    }
  }
  const all = cases.flatMap(({ fates }) => fates)
  const sum = await fates(client)
  for (const fate of ['duplicate', 'skipped'] as const) assert.equal(sum[fate], all.filter(one => one === fate).length)
  assert.equal(
    countsOf(neighbourItem).reduce((sum, row) => sum + row.click, 0),
    2 * cases.length,
  )
  await assertBalanced(client)
  assert.equal((await verified({ topic, database })).verdict, 'proven')
})

test('K45: where the broker gives the time, what a sender writes changes nothing', async t => {
  const topic = await freshTopic(1, { 'message.timestamp.after.max.ms': '9223372036854775807' })
  const database = await freshDatabase()
  const send = rawSender(t, topic)
  const times = [-1, 0, atMs, 4_000_000_000_000, Number.MAX_SAFE_INTEGER]
  for (const timestampMs of times)
    await send(0, encodeBatch({ baseOffset: 0, records: [{ ...neighbour, timestampMs }] }))
  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(client, times.length)
  assert.deepEqual(await fates(client), { counted: times.length, duplicate: 0, rejected: 0, skipped: 0 })
  await assertBalanced(client)
})

test('K45: a sender’s time beyond every calendar harms neither counting, nor a proof, nor any tool', async t => {
  const topic = await freshTopic(1, sendersTime)
  const database = await freshDatabase()
  const send = rawSender(t, topic)
  const far = { ...neighbour, timestampMs: Number.MAX_SAFE_INTEGER }
  await send(0, encodeBatch({ baseOffset: 0, records: [far, neighbour, { ...far, timestampMs: 1e15 }] }))
  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(client, 3)
  assert.deepEqual(await fates(client), { counted: 1, duplicate: 0, rejected: 2, skipped: 0 })
  assert.equal((await verified({ topic, database })).verdict, 'proven')
  const settings = settingsFor(sharedKafka(), database, topic)
  const tools = [
    ['status'],
    ['rejects'],
    ['rejects', 'show', '0:0'],
    ['rejects', 'export'],
    ['trace', '--position', '0:0'],
    ['trace', '--position', '0:2', '--json'],
    ['explain', uuidOf('neighbour'), neighbourItem, new Date(atMs).toISOString().slice(0, 10)],
  ]
  await Promise.all(
    tools.map(async ([verb, ...args]) => {
      const { code, said } = await run(t, verb!, settings, args)
      assert.equal(code, 0, `${verb} ${args.join(' ')}: ${said}`)
    }),
  )
  const { url } = await readyApi(t, { postgres: database })
  assert.equal((await fetch(`${url}/api/user-activity-summary/${uuidOf('neighbour')}`)).status, 200)
})
