/** What happens when: minutes, days and the busiest, as the settle that counts them and the report write them. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type pg from 'pg'
import type { Batch } from '../../src/consumer/batch.ts'
import { addToMinutes, type Minute } from '../../src/consumer/minutes.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { projectRoot } from '../../src/runtime/config.ts'
import { assertBalanced, startCounting, untilRead } from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { freshStore, topicId } from '../support/fresh-store.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const noonMs = Date.parse('2026-11-22T12:00:00Z')

test('what is counted is in the minute of its partition by the time of its record, and who is busy is told', {
  timeout: 60_000,
}, async t => {
  const topic = await freshTopic(2, { 'message.timestamp.type': 'CreateTime' })
  const database = await freshDatabase()
  const client = await connect(t, database)
  const busy = uuidOf('busy')
  // Later by some seconds each time, and by half an hour now and then; every eighth a little earlier.
  let [ms, expected] = [Math.floor(Date.now() / dayMs) * dayMs - 12 * hourMs, new Map<string, number[]>()]
  const clocks = [-1, -1]
  const messages = Array.from({ length: 600 }, (_, n) => {
    ms += n % 100 === 99 ? 30 * minuteMs : 7_000
    const at = n % 8 === 7 ? ms - 50_000 : ms
    const event = { ...eventOf(n), ...(n % 3 === 0 && { user_id: busy }), timestamp: new Date(ms).toISOString() }
    const partition = n % 2
    const clockMs = Math.max(clocks[partition]!, at)
    clocks[partition] = clockMs
    const key = `${partition} ${new Date(Math.floor(clockMs / minuteMs) * minuteMs).toISOString()}`
    const counts = expected.get(key) ?? [0, 0, 0]
    counts[['view', 'click', 'purchase'].indexOf(event.activity_type)]! += 1
    expected.set(key, counts)
    return { key: null, value: bytesOf(event), partition, timestamp: String(at) }
  })
  const cuts = clocks.map(clockMs => Math.floor(clockMs / minuteMs) * minuteMs - 3 * hourMs)
  const isKept = (key: string) => Date.parse(key.slice(2)) >= cuts[Number(key[0])]!
  await startCounting(t, { topic, database })
  for (let from = 0; from < messages.length; from += 150) {
    await sendForeign(t, topic, messages.slice(from, from + 150))
    await untilRead(client, from + 150)
  }
  assert.deepEqual(await minutes(client), new Map([...expected].filter(([key]) => isKept(key)).sort()))
  assert.ok(
    [...expected.keys()].some(key => !isKept(key)),
    'some lie further back',
  )
  await assertBalanced(client)
  const { rows } = await client.query<{ fresh: boolean; waited: number }>(
    `select settled_at between now() - interval '30 s' and clock_timestamp() as fresh, waited_ms::float8 as waited
       from partition_ledger`,
  )
  assert.deepEqual(
    rows.map(({ fresh }) => fresh),
    [true, true],
  )
  for (const { waited } of rows) assert.ok(waited > hourMs, `since ${waited} ms`)
  const told = async () =>
    (await client.query(`select id, per_minute from busiest where kind = 'user' order by per_minute desc limit 1`)).rows
  await until(async () => (await told())[0]?.id === busy, 10_000, 'the busiest user is told')
})

test('minutes of three hours and days of forty are kept apart, what lies before them is summed up', async t => {
  const { client, batchOf, settle } = await settling(t)
  const past = [0, 180, 181, 12 * 60 + 1].map(ago => noonMs - ago * minuteMs)
  const longPast = [40, 41, 90].map(ago => noonMs - ago * dayMs)
  const all = [...longPast, ...past].sort((a, b) => a - b)
  await settle({ ...(await batchOf(0)), ...counted(all.map(ms => [ms, 'view'])), clockMs: noonMs + 59_999 })
  await settle({ ...(await batchOf(1)), ...counted([[noonMs - 4 * hourMs, 'click']]), clockMs: noonMs - hourMs - 1 })
  assert.deepEqual(
    await minutes(client),
    new Map([
      ['0 2026-11-22T09:00:00.000Z', [1, 0, 0]],
      ['0 2026-11-22T12:00:00.000Z', [1, 0, 0]],
      ['1 2026-11-22T08:00:00.000Z', [0, 1, 0]],
    ]),
  )
  assert.deepEqual(
    await days(client),
    new Map([
      ['0 -infinity', [2, 0, 0]],
      ['0 2026-10-13', [1, 0, 0]],
      ['0 2026-11-21', [1, 0, 0]],
      ['0 2026-11-22', [1, 0, 0]],
    ]),
  )
  await settle({ ...(await batchOf(1)), ...counted([[noonMs + 50 * dayMs, 'purchase']]), clockMs: noonMs + 50 * dayMs })
  assert.deepEqual((await days(client)).get('1 -infinity'), [0, 1, 0])
  // A lineage that begins anew may have an older clock, and adds to what is there.
  await settle({
    ...(await batchOf(0)),
    ...counted([
      [longPast[2]!, 'view'],
      [past[3]!, 'click'],
    ]),
    clockMs: past[3]!,
  })
  assert.deepEqual((await minutes(client)).get('0 2026-11-21T23:59:00.000Z'), [0, 1, 0])
  assert.deepEqual((await days(client)).get('0 -infinity'), [3, 0, 0])
  assert.deepEqual((await days(client)).get('0 2026-11-22'), [1, 0, 0], 'other days stay')
})

test('the ledger says when a batch was settled and how long its first record had waited, where that is known', async t => {
  const { client, batchOf, settle } = await settling(t)
  const waited = async (firstAppendMs: number) => {
    await settle({ ...(await batchOf(0)), ...counted([[noonMs, 'view']]), firstAppendMs })
    const { rows } = await client.query(
      `select waited_ms::float8 as ms, now() - settled_at < interval '5 s' as fresh from partition_ledger`,
    )
    assert.equal(rows[0].fresh, true)
    return rows[0].ms
  }
  assert.equal(await waited(-1), null)
  const ms = await waited(Date.now() - 60_000)
  assert.ok(ms >= 60_000 && ms < 65_000, String(ms))
  assert.equal(await waited(Date.now() + 60_000), 0, "a sender's clock may be ahead")
})

test('what was counted before there were minutes, or by a version without them, is in none, and the sums say so', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-migrations-'))
  closing(t, () => rmSync(folder, { recursive: true }))
  const before = readdirSync(join(projectRoot, 'migrations')).filter(name => name < '0006')
  for (const name of before) cpSync(join(projectRoot, 'migrations', name), join(folder, name))
  const client = await connect(t, await freshDatabase())
  await migrate(client, folder)
  await client.query(
    `insert into rules (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max) values (2, 1, 1, 1, 9);
     insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, counted, rules_version)
     values ('${topicId}', 0, 1, 0, 7, 7, 1)`,
  )
  await migrate(client)
  await client.query('update partition_ledger set next_offset = 9, counted = 9')
  const { rows } = await client.query('select in_activity::int, settled_at, waited_ms from partition_ledger')
  assert.deepEqual(rows, [{ in_activity: 0, settled_at: null, waited_ms: null }])
  await assert.rejects(client.query('update partition_ledger set in_activity = 10'), { code: '23514' })
})

test('each consumer says anew whom it is busy with, and what is left by one that is gone leaves after a minute', async t => {
  const { client, store } = await freshStore(t)
  const [a, b, c] = ['a', 'b', 'c'].map(name => uuidOf(name)) as [string, string, string]
  const told = async () => {
    const { rows } = await client.query('select owner, kind, id, per_minute from busiest order by owner, per_minute')
    return rows.map(({ owner, kind, id, per_minute }) => [owner, kind, id, per_minute])
  }
  await store.noteBusiest('one', [
    { kind: 'user', id: a, perMinute: 1 },
    { kind: 'item', id: a, perMinute: 2.5 },
    { kind: 'user', id: b, perMinute: 3 },
  ])
  await store.noteBusiest('two', [{ kind: 'user', id: a, perMinute: 9 }])
  await store.noteBusiest('one', [
    { kind: 'user', id: c, perMinute: 4 },
    { kind: 'user', id: a, perMinute: 5 },
  ])
  assert.deepEqual(await told(), [
    ['one', 'user', c, 4],
    ['one', 'user', a, 5],
    ['two', 'user', a, 9],
  ])
  await client.query(`update busiest set seen_at = now() - interval '59 s'`)
  await store.noteBusiest('two', [])
  assert.equal((await told()).length, 2)
  await client.query(`update busiest set seen_at = now() - interval '61 s'`)
  await store.noteBusiest('one', [{ kind: 'user', id: a, perMinute: 6 }])
  assert.deepEqual(await told(), [['one', 'user', a, 6]])
  await client.query(`update busiest set seen_at = now() - interval '61 s'`)
  await store.noteBusiest('two', [])
  assert.deepEqual(await told(), [])
})

type Kind = 'view' | 'click' | 'purchase'

/** Of a batch: what it counted when. */
function counted(
  events: readonly (readonly [ms: number, kind: Kind])[],
): Pick<Batch, 'minutes' | 'entersMinute' | 'counted'> {
  const minutes: Minute[] = []
  for (const [ms, kind] of events) {
    addToMinutes(minutes, ms, {
      views: +(kind === 'view'),
      clicks: +(kind === 'click'),
      purchases: +(kind === 'purchase'),
    })
  }
  return { minutes, entersMinute: true, counted: events.length }
}

/** A store, and batches that go on where the last one of their partition ended. */
async function settling(t: Parameters<typeof freshStore>[0]) {
  const { client, store, batchOf } = await freshStore(t)
  const ends = new Map<number, number>()
  const settle = async (batch: Batch) => {
    const from = ends.get(batch.of.partition) ?? 0
    const to = from + batch.counted
    ends.set(batch.of.partition, to)
    const tail = (at: number) => ({ epoch: 0, crc: at })
    const next = { ...batch, from, to, after: from === 0 ? undefined : tail(from), tail: tail(to) }
    assert.equal((await store.settle([next])).get(next), 'settled')
  }
  return { client, batchOf, settle }
}

/** partition and ISO minute -> views, clicks and purchases */
async function minutes(client: pg.Client): Promise<Map<string, number[]>> {
  const { rows } = await client.query(
    `select partition, minute, array[view_count, click_count, purchase_count]::int[] as counts
       from activity_minutes order by 1, 2`,
  )
  return new Map(rows.map(({ partition, minute, counts }) => [`${partition} ${minute.toISOString()}`, counts]))
}

/** partition and date -> views, clicks and purchases */
async function days(client: pg.Client): Promise<Map<string, number[]>> {
  const { rows } = await client.query(
    `select partition, date::text, array[view_count, click_count, purchase_count]::int[] as counts
       from activity_days order by 1, 2`,
  )
  return new Map(rows.map(({ partition, date, counts }) => [`${partition} ${date}`, counts]))
}
