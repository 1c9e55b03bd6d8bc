/** The API over HTTP against a real PostgreSQL: what it answers, when it is ready, how it stops. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type RunningApi, startApi } from '../../src/api/api.ts'
import type { Part } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { closing, connect, type Database, freshDatabase, until } from '../support/environment.ts'

const silent = createLog('tests', 'silent')
const path = '/api/user-activity-summary'

async function api(t: TestContext, postgres: Database, awaitSeed = false): Promise<RunningApi> {
  const running = await startApi({ postgres, api: { host: '127.0.0.1', port: 0, awaitSeed } }, silent)
  closing(t, () => running.stop())
  return running
}

async function readiness(url: string): Promise<{ status: number; parts: readonly Part[] }> {
  const answer = await fetch(`${url}/readyz`)
  const { parts } = (await answer.json()) as { parts: readonly Part[] }
  return { status: answer.status, parts }
}

const ready = (url: string) => until(async () => (await readiness(url)).status === 200, 10_000, 'the API is ready')

const user = 'abcdef00-0000-4000-8000-000000000001'
const item = (first: string) => `${first}0000000-0000-4000-8000-00000000000a`

test('a summary has the newest day first, then items in order, and every digit of a count', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database)
  await ready(url)
  const admin = await connect(t, database)
  await admin.query(`insert into daily_user_item_summary values
    ('${user}', '2026-01-02', '${item('b')}', 1, 0, 0),
    ('${user}', '2026-01-03', '${item('c')}', 0, 1, 0),
    ('${user}', '2026-01-03', '${item('1')}', 9007199254740993, 9223372036854775807, 0),
    ('${user}', '2025-12-31', '${item('a')}', 0, 0, 1),
    ('abcdef00-0000-4000-8000-000000000002', '2026-01-04', '${item('a')}', 7, 7, 7)`)

  for (const id of [user, user.toUpperCase()]) {
    const answer = await fetch(`${url}${path}/${id}`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(answer.headers.get('cache-control'), 'private, no-cache')
    const row = (date: string, first: string, views: string, clicks: string, purchases: string) =>
      `{"item_id":"${item(first)}","date":"${date}","view_count":${views},"click_count":${clicks},"purchase_count":${purchases}}`
    assert.equal(
      await answer.text(),
      `[${[
        row('2026-01-03', '1', '9007199254740993', '9223372036854775807', '0'),
        row('2026-01-03', 'c', '0', '1', '0'),
        row('2026-01-02', 'b', '1', '0', '0'),
        row('2025-12-31', 'a', '0', '0', '1'),
      ].join(',')}]`,
    )
  }
})

test('a user without rows is 404, and the detail says whose counts are not there', async t => {
  const { url } = await api(t, await freshDatabase())
  await ready(url)
  const answer = await fetch(`${url}${path}/${user.toUpperCase()}`)
  assert.equal(answer.status, 404)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  const { instance, ...problem } = (await answer.json()) as Record<string, unknown>
  assert.match(String(instance), /^urn:uuid:/)
  assert.deepEqual(problem, {
    type: '/problems#/no_activity',
    title: 'No activity',
    status: 404,
    detail: `No activity found for user_id ${user}`,
    code: 'no_activity',
  })
})

test('the API that awaits the seed is ready when all eight seeded events are counted, and stays so', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database, true)
  const admin = await connect(t, database)
  const before = await until(
    async () => {
      const answer = await readiness(url)
      return answer.parts[1]?.ready === true && answer
    },
    10_000,
    'the tables are there',
  )
  assert.equal(before.status, 503)
  assert.deepEqual(
    before.parts.map(part => [part.name, part.ready]),
    [
      ['postgres', true],
      ['tables', true],
      ['seed', false],
    ],
  )
  assert.match(before.parts[2]!.why!, /not counted yet/)

  const today = new Date().toISOString().slice(0, 10)
  await admin.query(
    `insert into daily_user_item_summary
     values ('11111111-1111-1111-1111-111111111111', $1, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 5, 2, 0)`,
    [today],
  )
  assert.equal((await readiness(url)).status, 503)
  await admin.query('update daily_user_item_summary set purchase_count = 1')
  assert.equal((await readiness(url)).status, 200)
  await admin.query('truncate daily_user_item_summary')
  assert.equal((await readiness(url)).status, 200)
})

test('without tables the API answers 503 and names what is missing; it makes them where it may', async t => {
  const database = await freshDatabase()
  const admin = await connect(t, database)
  const { url } = await api(t, database)
  await ready(url)
  await admin.query('alter table daily_user_item_summary rename to elsewhere')
  const answer = await fetch(`${url}${path}/${user}`)
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('retry-after'), '2')
  assert.doesNotMatch(await answer.text(), /select|relation|daily_user|stack|\.ts/)
  await admin.query('delete from schema_migrations where version > 0')
  const { status, parts } = await readiness(url)
  assert.equal(status, 503)
  assert.match(parts.find(part => part.name === 'tables')!.why!, /to be applied: 0001-counts-and-ledger/)
})

test('a database that is newer than this version ends an API that starts, not one that runs', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database)
  await ready(url)
  const admin = await connect(t, database)
  await admin.query(
    `insert into schema_migrations (version, name, sha256)
     select max(version) + 1, '9999-later', 'x' from schema_migrations`,
  )
  const second = await api(t, database)
  await assert.rejects(second.ended, /9999-later.*run a newer Footfall/)
  assert.equal((await readiness(url)).status, 200)
})

test('a taken port is an error that names the setting, and leaves nothing open', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database)
  const taken = { host: '127.0.0.1', port: Number(new URL(url).port), awaitSeed: false }
  await assert.rejects(
    startApi({ postgres: database, api: taken }, silent),
    /is taken by another process: set API_PORT/,
  )
  await assert.rejects(
    startApi({ postgres: database, api: { ...taken, host: '192.0.2.1', port: 0 } }, silent),
    /no address 192\.0\.2\.1: set API_HOST/,
  )
})

test('a stop lets a request under way finish, ends without delay, and is one for all who ask', async t => {
  const database = await freshDatabase()
  const running = await api(t, database)
  await ready(running.url)
  const admin = await connect(t, database)
  await admin.query(`insert into daily_user_item_summary values ('${user}', '2026-01-02', '${item('b')}', 1, 0, 0)`)
  // Held for as long as the table is locked: the request is then under way while the stop begins.
  await admin.query('begin; lock table daily_user_item_summary in access exclusive mode')
  const underWay = fetch(`${running.url}${path}/${user}`)
  const other = await connect(t, database)
  await until(
    async () => (await other.query('select from pg_locks where not granted')).rowCount === 1,
    5_000,
    'the request waits for the lock',
  )

  const start = performance.now()
  const stops = [running.stop(), running.stop()]
  await admin.query('commit')
  assert.equal((await underWay).status, 200)
  await Promise.all(stops)
  assert.ok(performance.now() - start < 900) // no socket had to be closed by force
  assert.equal(stops[0], stops[1])
  await assert.rejects(fetch(`${running.url}/livez`))
  // PostgreSQL ends a session a moment after its client has.
  const left = `select from pg_stat_activity where application_name = 'footfall api' and datname = current_database()`
  await until(async () => (await other.query(left)).rowCount === 0, 5_000, 'no connection is left')
})
