/** Keeps G5 and G8 on the reading side: without PostgreSQL the API says so, and never says zero. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApi } from '../../src/api/api.ts'
import { createLog } from '../../src/runtime/log.ts'
import { readyApi } from '../support/api.ts'
import { closing, connect, freshDatabase, ownPostgres, until } from '../support/environment.ts'
import { listenTo } from '../support/live.ts'

const user = '11111111-1111-1111-1111-111111111111'

test('the API is up before PostgreSQL is, answers 503 while it is away, and goes on when it returns', {
  timeout: 60_000,
}, async t => {
  const server = await ownPostgres(t)
  const database = await freshDatabase(server)
  await server.kill()
  const lines: Record<string, unknown>[] = []
  const log = createLog('tests', 'info', line => lines.push(JSON.parse(line)))
  const running = await startApi({ postgres: database, api: { host: '127.0.0.1', port: 0, awaitSeed: false } }, log)
  closing(t, () => running.stop())
  const get = (path: string) => fetch(`${running.url}${path}`)
  const summary = `/api/user-activity-summary/${user}`
  const isUp = async () => (await get('/readyz')).status === 200

  assert.equal((await get('/health')).status, 200)
  assert.equal((await get('/livez')).status, 200)
  assert.equal((await get('/docs')).status, 200)
  const unready = await get('/readyz')
  assert.equal(unready.status, 503)
  assert.match(await unready.text(), /"name":"postgres","ready":false,"why":"[^"]*ECONNREFUSED/)
  const live = await listenTo(t, running.url)
  const { data: unseen } = await live.hear('state')
  assert.deepEqual([unseen.state, unseen.at, unseen.ledger], ['stale', null, null])
  const isNow = (state: string) => live.told.findLast(({ name }) => name === 'state')?.data.state === state

  await server.start()
  await until(isUp, 15_000, 'the API found PostgreSQL and made the tables')
  const admin = await connect(t, database)
  await admin.query(`insert into daily_user_item_summary values
    ('${user}', '2026-01-02', 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 3, 2, 1)`)
  const expected = await (await get(summary)).text()
  assert.match(expected, /"view_count":3/)

  for (let round = 0; round < 2; round++) {
    // Some connections of the pool are busy and some idle when the server dies.
    const busy = Promise.all(Array.from({ length: 20 }, () => get(summary)))
    await server.kill()
    for (const answer of await busy) {
      if (answer.status === 200) assert.equal(await answer.text(), expected)
      else assert.equal(answer.status, 503)
    }
    const away = await get(summary)
    assert.equal(away.status, 503)
    assert.equal(away.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.equal(away.headers.get('retry-after'), '2')
    const { detail } = (await away.json()) as { detail: string }
    assert.equal(detail, 'The counts cannot be read now: the database does not answer. Try again.')
    await until(() => isNow('stale'), 10_000, 'who watches is told')
    await server.start()
    await until(isUp, 15_000, 'the API is ready again')
    await until(() => isNow('waiting'), 10_000, 'and that it is back')
    assert.equal(await (await get(summary)).text(), expected)
  }

  assert.equal(live.isEnded(), false)

  const warned = lines.filter(line => line['event'] === 'reads_failing')
  const mended = lines.filter(line => line['event'] === 'reads_working')
  assert.equal(mended.length, warned.length)
  assert.ok(warned.length <= 3, 'one line when trouble begins, not one for each request')
})

test('a statement that takes too long is 503 within its deadline, and frees its connection', {
  timeout: 30_000,
}, async t => {
  const database = await freshDatabase(await ownPostgres(t))
  const running = await readyApi(t, { postgres: database })
  const admin = await connect(t, database)
  await admin.query('begin; lock table daily_user_item_summary in access exclusive mode')

  const start = performance.now()
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => fetch(`${running.url}/api/user-activity-summary/${user}`)),
  )
  assert.deepEqual(new Set(answers.map(answer => answer.status)), new Set([503]))
  assert.ok(performance.now() - start < 6_000)
  assert.equal((await fetch(`${running.url}/health`)).status, 200)

  await admin.query('rollback')
  assert.equal((await fetch(`${running.url}/api/user-activity-summary/${user}`)).status, 404)
})
