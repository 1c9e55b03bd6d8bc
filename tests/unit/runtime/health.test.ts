import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Health, type Part, startHealth } from '../../../src/runtime/health.ts'
import { exportMetrics } from '../../../src/runtime/metrics.ts'

const host = '127.0.0.1'
exportMetrics('consumer', {})

test('a role is alive while it is not ready, and says which part is missing and why', async t => {
  let parts: readonly Part[] = [
    { name: 'kafka', ready: true },
    { name: 'postgres', ready: false, why: 'connect ECONNREFUSED' },
  ]
  const health = await start(t, () => parts)
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${health.port}${path}`, { method })

  assert.equal((await get('/livez')).status, 200)
  const unready = await get('/readyz?verbose')
  assert.equal(unready.status, 503)
  assert.deepEqual(await unready.json(), { status: 'not ready', parts })

  parts = [{ name: 'kafka', ready: true }]
  assert.deepEqual(await (await get('/readyz')).json(), { status: 'ready', parts })
  assert.match(await (await get('/metrics')).text(), /^footfall_build_info\{role="consumer",version=/m)
  assert.equal((await get('/nowhere')).status, 404)
  assert.equal((await get('/livez', 'POST')).status, 405)
})

test('a part that cannot be asked is an answer, not a hanging request', async t => {
  const health = await start(t, () => Promise.reject(new Error('asked too early')))
  const answer = await fetch(`http://127.0.0.1:${health.port}/readyz`)
  assert.equal(answer.status, 500)
  assert.match(await answer.text(), /asked too early/)
})

test('a taken port is an error that names the setting', async t => {
  const { port } = await start(t, () => [])
  await assert.rejects(
    startHealth({ host, port }, () => []),
    /set HEALTH_PORT to a free one/,
  )
})

test('an address that this machine has not is an error that names the setting', async () => {
  await assert.rejects(
    startHealth({ host: '192.0.2.1', port: 0 }, () => []),
    /has no address 192\.0\.2\.1: set HEALTH_HOST/,
  )
})

test('without a port nothing is served', async () => {
  assert.equal(await startHealth({ host, port: undefined }, () => []), undefined)
})

async function start(t: TestContext, ready: () => readonly Part[] | Promise<never>): Promise<Health> {
  const health = (await startHealth({ host, port: 0 }, ready))!
  t.after(() => health.stop())
  return health
}
