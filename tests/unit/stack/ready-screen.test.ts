import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../../src/runtime/config.ts'
import { localUrl, readyScreen } from '../../../src/stack/ready-screen.ts'

const config = parseConfig({ FOOTFALL_DATA: '/home/ann/footfall/.footfall', POSTGRES_PASSWORD: 'hidden' })
const facts = {
  config,
  kafka: '127.0.0.1:9092',
  seeded: true,
  healthPorts: { consumer: 8001, producer: 8002 },
  token: 'made-for-this-run',
  simulatedUser: 'b1e29a76-0000-4000-8000-000000000000',
  seconds: 4.06,
  folder: '/home/ann/footfall',
}

test('the ready screen has lines to paste for the seeded and a simulated user, and no secret', () => {
  const screen = readyScreen(facts)

  assert.match(screen, /^ {2}curl http:\/\/127\.0\.0\.1:8000\/api\/user-activity-summary\/11111111-1111-/m)
  assert.match(screen, /^ {2}curl http:\/\/127\.0\.0\.1:8000\/api\/user-activity-summary\/b1e29a76-/m)
  assert.match(screen, /ready after 4\.1 s/)
  assert.match(screen, /^ {2}Dashboard {3}http:\/\/127\.0\.0\.1:8000\/#token=made-for-this-run$/m)
  assert.match(screen, / \.footfall, \.footfall\/logs/)
  assert.match(
    screen,
    /^ {2}Metrics .*:8000\/metrics \(api\) .*:8001\/metrics \(consumer\) .*:8002\/metrics \(producer\)$/m,
  )
  assert.doesNotMatch(screen, /hidden/)
})

test('the link to the dashboard has no token that somebody has set', () => {
  const screen = readyScreen({ ...facts, token: undefined })
  assert.match(screen, /^ {2}Dashboard {3}http:\/\/127\.0\.0\.1:8000\/$/m)
})

test('without seeded or simulated events nobody is sent to look for them', () => {
  assert.doesNotMatch(readyScreen({ ...facts, seeded: false, simulatedUser: undefined }), /curl|producer/)
})

test('a data folder elsewhere is shown by its whole path', () => {
  assert.match(readyScreen({ ...facts, folder: '/tmp' }), / {2}\/home\/ann\/footfall\/\.footfall, /)
})

test('an API that listens on every address is reached on this machine', () => {
  assert.equal(localUrl({ host: '0.0.0.0', port: 80 }), 'http://127.0.0.1:80')
  assert.equal(localUrl({ host: '::', port: 80 }), 'http://[::1]:80')
  assert.equal(localUrl({ host: 'localhost', port: 80 }), 'http://localhost:80')
})
