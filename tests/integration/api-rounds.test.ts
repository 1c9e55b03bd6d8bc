/** Reads that are asked together against a real PostgreSQL: whoever is in a round gets the answer of being asked alone. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startApi } from '../../src/api/api.ts'
import { readRows, readWholeLists, renderRows } from '../../src/api/counts.ts'
import { defaultLimits } from '../../src/api/limits.ts'
import { everything } from '../../src/api/parameters.ts'
import { connectPool } from '../../src/postgres/connect.ts'
import { faultKind, sqlState } from '../../src/postgres/fault.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { createLog } from '../../src/runtime/log.ts'
import { closing, connect, type Database, freshDatabase, ownPostgres, until } from '../support/environment.ts'

const rowsMax = defaultLimits.rowsMax + 1
const userOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
/** User n has n rows: several items a day, ids in no order, and one count beyond 2^53. */
const fill = (numbers: readonly number[]) => `
  insert into daily_user_item_summary
  select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, date '2025-12-31' - row / 3,
         md5(n || ' ' || row)::uuid, n, row, case row when 1 then 9007199254740993 else 0 end
  from unnest('{${numbers.join()}}'::int[]) n, generate_series(1, n) row`

async function open(t: TestContext, postgres: Database, numbers: readonly number[]) {
  const admin = await connect(t, postgres)
  await migrate(admin)
  await admin.query(fill(numbers))
  const pool = connectPool({ postgres })
  closing(t, () => pool.end())
  return { admin, pool, lists: readWholeLists(pool, rowsMax) }
}

const whole = (userId: string) => ({ userId, ...everything })

test('together or alone, the answer is the same: long, short and unknown users, and more than a round takes', async t => {
  const numbers = [0, 1, 2, 3, 10, 100, rowsMax - 1, rowsMax, rowsMax + 1, 2_500]
  const { pool, lists } = await open(t, await freshDatabase(), numbers)
  const users = [...numbers, ...Array.from({ length: 100 }, (_, i) => 10_000 + i), 3, 10].map(userOf)
  const together = await Promise.all(users.map(lists.ask))
  for (const [i, user] of users.entries()) {
    const alone = await readRows(pool, whole(user), rowsMax)
    const expected = alone && { count: alone.length, text: renderRows(alone) }
    assert.deepEqual(together[i], expected, user)
  }
  assert.equal(together.filter(list => list !== undefined).length, numbers.length + 1)
})

test('a user whose counts cannot be read in time fails alone', { timeout: 30_000 }, async t => {
  const { admin, lists } = await open(t, await freshDatabase(), [1, 2, 3, 4, 5])
  const users = [1, 2, 3, 4, 5, 6].map(userOf)
  const expected = await Promise.all(users.map(lists.ask))
  await admin.query(`
    alter table daily_user_item_summary rename to counted;
    create view daily_user_item_summary as
      select * from counted where user_id <> '${users[2]}' or pg_sleep(60) is not null`)
  const startedMs = performance.now()
  const outcomes = await Promise.allSettled(users.map(lists.ask))
  assert.ok(performance.now() - startedMs > 1_000, 'they were in one statement, which took too long')
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') assert.deepEqual(outcome.value, expected[i])
    else assert.equal(sqlState(outcome.reason), '57014')
    assert.equal(outcome.status === 'rejected', i === 2, users[i]!)
  }
})

test('a plan that was made while the table was small does not read all of it for each user', async t => {
  const { admin, pool, lists } = await open(t, await freshDatabase(), [1, 2, 3])
  await admin.query('analyze daily_user_item_summary')
  const users = Array.from({ length: 64 }, (_, i) => userOf(i))
  // PostgreSQL keeps the plan of a statement after it has made five.
  for (let i = 0; i < 10; i++) await Promise.all(users.map(lists.ask))
  assert.equal(pool.totalCount, 1, 'it was made in this connection')
  const { rows } = await pool.query(`explain execute "whole-lists"('{${users.join()}}', 5)`)
  const plan = rows.map(row => row['QUERY PLAN']).join('\n')
  assert.match(plan, /Index.* Scan/)
  assert.doesNotMatch(plan, /Seq Scan/)
})

test('when PostgreSQL is killed all who are under way fail as away, and those after its return are answered', {
  timeout: 60_000,
}, async t => {
  const server = await ownPostgres(t)
  const { admin, lists } = await open(t, await freshDatabase(server), [1, 2, 3])
  const users = Array.from({ length: 100 }, (_, i) => userOf(i))
  const expected = await Promise.all(users.map(lists.ask))
  await admin.query('begin; lock table daily_user_item_summary in access exclusive mode')
  const outcomes = Promise.allSettled(users.map(lists.ask))
  await server.kill()
  for (const outcome of await outcomes) {
    assert.equal(outcome.status === 'rejected' && faultKind(outcome.reason), 'connection')
  }
  await server.start()
  assert.deepEqual(await Promise.all(users.map(lists.ask)), expected)
  assert.equal(lists.waiting(), 0)
})

test('many requests at once, of every kind, get each its own answer over few connections', {
  timeout: 30_000,
}, async t => {
  const numbers = Array.from({ length: 40 }, (_, i) => i)
  const postgres = await freshDatabase()
  const { admin } = await open(t, postgres, [...numbers, rowsMax + 500])
  const address = { host: '127.0.0.1', port: 0, awaitSeed: false }
  const running = await startApi({ postgres, api: address }, createLog('tests', 'silent'))
  closing(t, () => running.stop())
  const paths = [...numbers, rowsMax + 500].flatMap(n =>
    ['', '', '?limit=5', '?from=2025-12-30', `?item_id=${userOf(n)}`].map(
      query => `/api/user-activity-summary/${userOf(n)}${query}`,
    ),
  )
  const ask = async (path: string) => {
    const answer = await fetch(`${running.url}${path}`)
    const { instance: _, ...body } = (await answer.json()) as Record<string, unknown>
    return { path, status: answer.status, link: answer.headers.get('link'), tag: answer.headers.get('etag'), body }
  }
  const expected = []
  for (const path of paths) expected.push(await ask(path))
  assert.deepEqual(await Promise.all(paths.map(ask)), expected)
  assert.equal(expected.filter(({ status }) => status === 404).length, 5)

  // All whole lists wait for a lock, in no more than four statements.
  await admin.query('begin; lock table daily_user_item_summary in access exclusive mode')
  const wholes = paths.filter(path => !path.includes('?'))
  const held = Promise.all(wholes.map(ask))
  const other = await connect(t, postgres)
  const inProgress = async () => {
    const page = await (await fetch(`${running.url}/metrics`)).text()
    return Number(/^footfall_http_requests_in_progress (\d+)$/m.exec(page)?.[1])
  }
  await until(async () => (await inProgress()) > wholes.length, 1_800, 'all are in progress, and the question itself')
  const { rowCount } = await other.query(
    `select from pg_locks join pg_database as own on own.oid = database
      where not granted and datname = current_database()`,
  )
  await admin.query('rollback')
  assert.ok(rowCount! >= 1 && rowCount! <= 4, `${rowCount} statements`)
  assert.deepEqual(
    await held,
    expected.filter(({ path }) => !path.includes('?')),
  )
})
