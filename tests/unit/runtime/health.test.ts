import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Part, startHealth } from '../../../src/runtime/health.ts'

test('a role is alive while it is not ready, and says which part is missing and why', async t => {
  let parts: readonly Part[] = [
    { name: 'kafka', ready: true },
    { name: 'postgres', ready: false, why: 'connect ECONNREFUSED' },
  ]
  const health = await startHealth(0, { ready: () => parts })
  t.after(() => health.stop())
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${health.port}${path}`, { method })

  assert.equal((await get('/livez')).status, 200)
  const unready = await get('/readyz?verbose')
  assert.equal(unready.status, 503)
  assert.deepEqual(await unready.json(), { status: 'not ready', parts })

  parts = [{ name: 'kafka', ready: true }]
  assert.deepEqual(await (await get('/readyz')).json(), { status: 'ready', parts })
  assert.match(await (await get('/metrics')).text(), /^footfall_build_info\{version="[^"]+",node="v\d+/m)
  assert.equal((await get('/nowhere')).status, 404)
  assert.equal((await get('/livez', 'POST')).status, 405)
})

test('a part that cannot be asked is an answer, not a hanging request', async t => {
  const health = await startHealth(0, { ready: () => Promise.reject(new Error('asked too early')) })
  t.after(() => health.stop())
  const answer = await fetch(`http://127.0.0.1:${health.port}/readyz`)
  assert.equal(answer.status, 500)
  assert.match(await answer.text(), /asked too early/)
})

test('a taken port is an error that names the setting', async t => {
  const health = await startHealth(0, { ready: () => [] })
  t.after(() => health.stop())
  await assert.rejects(startHealth(health.port, { ready: () => [] }), /set HEALTH_PORT to a free one/)
})
