import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { claimFreePort, claimPort, freePort, portFor } from '../../../src/stack/port.ts'

test('a port that one has claimed, and does not listen on yet, is taken by nobody else of this machine', async () => {
  const port = await freePort()
  assert.equal(await claimPort(port), true)
  assert.equal(await claimPort(port), false)
  assert.notEqual(await claimFreePort(port), port)
  assert.deepEqual(claimsElsewhere(port), [false, true])
})

test('a claim ends with the process that made it', async () => {
  const port = await freePort()
  assert.deepEqual(claimsElsewhere(port), [true, true])
  assert.equal(await claimPort(port), true)
})

test('a port on which somebody listens is not claimed, and free again when he has gone', async t => {
  const port = await freePort()
  const close = await listen(t, port)
  assert.equal(await claimPort(port), false)
  await assert.rejects(portFor({ port }), { message: `port ${port} of 127.0.0.1 is taken by somebody else by now` })
  await close()
  assert.equal(await portFor({ port }), port)
  assert.equal(await claimPort(port), true)
})

test('the usual port is claimed when nobody has it', async () => {
  const usual = await freePort()
  assert.equal(await claimFreePort(usual), usual)
})

/** What another process gets that claims the port on 127.0.0.1, and on an address that has ports of its own. */
function claimsElsewhere(port: number): boolean[] {
  const module = new URL('../../../src/stack/port.ts', import.meta.url)
  const script = `import { claimPort } from '${module}'
    console.log(JSON.stringify([await claimPort(${port}), await claimPort(${port}, '127.0.0.2')]))`
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }))
}

async function listen(test: TestContext, port: number): Promise<() => Promise<void>> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const close = () => new Promise<void>(resolve => server.close(() => resolve()))
  test.after(close)
  return close
}
