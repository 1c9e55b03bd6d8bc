/** The API against clients that are slow, oversized, idle, many or wrong, over raw sockets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as dial, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startApi } from '../../src/api/api.ts'
import { defaultLimits, type Limits } from '../../src/api/limits.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { closing, connect, type Database, freshDatabase, until } from '../support/environment.ts'

const silent = createLog('tests', 'silent')
/** Quick to lose patience, so that the tests are. */
const hasty: Partial<Limits> = {
  headersTimeoutMs: 300,
  requestTimeoutMs: 600,
  keepAliveTimeoutMs: 400,
  stallTimeoutMs: 2_000,
  checkIntervalMs: 50,
}

/** @returns its port. */
async function api(t: TestContext, postgres: Database, limits: Partial<Limits> = {}): Promise<number> {
  const address = { host: '127.0.0.1', port: 0, awaitSeed: false }
  const running = await startApi({ postgres, api: address }, silent, { ...defaultLimits, ...limits })
  closing(t, () => running.stop())
  if (postgres !== nowhere) {
    await until(async () => (await fetch(`${running.url}/readyz`)).ok, 10_000, 'the API is ready')
  }
  return Number(new URL(running.url).port)
}

const nowhere: Database = parseConfig({ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '1' }).postgres

/** A socket that remembers what it heard. */
interface Line {
  readonly socket: Socket
  readonly heard: () => string
  readonly closed: Promise<unknown>
}

async function open(t: TestContext, port: number): Promise<Line> {
  const socket = dial(port, '127.0.0.1')
  socket.on('error', () => {}) // a reset is an end as well; what was heard before it counts
  closing(t, () => socket.destroy())
  const closed = once(socket, 'close')
  let text = ''
  socket.on('data', bytes => {
    text += bytes.toString('latin1')
  })
  await once(socket, 'connect')
  return { socket, heard: () => text, closed }
}

/** Sends bytes as they are. @returns all that is heard until the server closes. */
async function say(t: TestContext, port: number, bytes: string): Promise<string> {
  const { socket, heard, closed } = await open(t, port)
  socket.write(bytes, 'latin1')
  await closed
  return heard()
}

interface Heard {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Answers with a length, one after the other. */
function answersIn(text: string): Heard[] {
  const answers: Heard[] = []
  for (let rest = text; rest !== ''; ) {
    const at = rest.indexOf('\r\n\r\n') + 4
    const head = rest.slice(0, at)
    const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1])
    assert.ok(Number.isInteger(length), head)
    answers.push({ status: Number(head.slice(9, 12)), head, body: rest.slice(at, at + length) })
    rest = rest.slice(at + length)
  }
  return answers
}

const codeOf = ({ body }: Heard) => (JSON.parse(body) as { code?: string }).code
const get = (path = '/health', more = '') => `GET ${path} HTTP/1.1\r\nHost: here\r\n${more}\r\n`
const last = 'Connection: close\r\n'

test('bytes that are no proper request are one problem and the end of the connection', async t => {
  const port = await api(t, nowhere)
  const post = (headers: string, body: string) => `POST /health HTTP/1.1\r\nHost: here\r\n${headers}\r\n${body}`
  const cases: [bytes: string, status: number, code: string][] = [
    ['hello\r\n\r\n', 400, 'not_http'],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'not_http'], // TLS
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'not_http'],
    ['GET /health\r\n\r\n', 400, 'not_http'],
    ['GET /health HTTP/0.9\r\n\r\n', 400, 'not_http'],
    ['GET /health HTTP/2.0\r\nHost: here\r\n\r\n', 400, 'not_http'],
    ['GET /health HTTP/1.1\r\n\r\n', 400, 'bad_host'],
    ['GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400, 'bad_host'],
    ['GET /health HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', 400, 'bad_host'],
    ['GET /health HTTP/1.1\r\nHost: a/b@c\r\n\r\n', 400, 'bad_host'],
    ['GET http://here/health HTTP/1.1\r\nHost: here\r\n\r\n', 400, 'bad_target'],
    ['OPTIONS * HTTP/1.1\r\nHost: here\r\n\r\n', 400, 'bad_target'],
    ['GET /health#top HTTP/1.1\r\nHost: here\r\n\r\n', 400, 'bad_target'],
    [get(`/${'x'.repeat(17_000)}`), 431, 'headers_too_large'],
    [get('/health', `X: ${'x'.repeat(17_000)}\r\n`), 431, 'headers_too_large'],
    [get('/health', 'X: y\r\n'.repeat(100)), 431, 'headers_too_large'],
    [get('/health', 'X:\r\n'.repeat(3_000)), 431, 'headers_too_large'],
    [get('/health', 'X: a\0b\r\n'), 400, 'not_http'],
    [get('/health', 'X : y\r\n'), 400, 'not_http'],
    [get('/health', 'X: y\r\n folded\r\n'), 400, 'not_http'],
    ['GET /health HTTP/1.1\nHost: here\n\n', 400, 'not_http'],
    [post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400, 'not_http'],
    [post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), 400, 'not_http'],
    [post('Transfer-Encoding: wrapped\r\n', '0\r\n\r\n'), 400, 'not_http'],
    [post('Content-Length: +5\r\n', 'hello'), 400, 'not_http'],
    [post('Content-Length: -5\r\n', 'hello'), 400, 'not_http'],
    [post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'), 400, 'not_http'],
    [post(`Content-Length: ${'9'.repeat(30)}\r\n`, 'hello'), 400, 'not_http'],
    [post('Content-Length: 1025\r\n', ''), 413, 'body_too_large'],
    [post('Content-Length: 99999999\r\nExpect: 100-continue\r\n', ''), 413, 'body_too_large'],
    [get('/health', 'Content-Length: 1025\r\n'), 413, 'body_too_large'],
  ]
  await Promise.all(
    cases.map(async ([bytes, status, code]) => {
      const shown = JSON.stringify(bytes.slice(0, 80))
      const [answer, ...more] = answersIn(await say(t, port, bytes))
      assert.ok(answer !== undefined, shown)
      assert.deepEqual([answer.status, codeOf(answer), more.length], [status, code, 0], shown)
      assert.match(answer.head, /\r\nconnection: close\r\n/i, shown)
      assert.match(answer.head, /\r\ncontent-type: application\/problem\+json; charset=utf-8\r\n/, shown)
      assert.match(answer.head, /\r\nx-request-id: [-0-9a-f]{36}\r\n/, shown)
    }),
  )
  assert.equal(await say(t, port, 'CONNECT here:1 HTTP/1.1\r\nHost: here\r\n\r\n'), '')
})

test('a body is answered before it comes, whether it is slow, chunked, announced or left out', async t => {
  const port = await api(t, nowhere)
  for (const [headers, body] of [
    ['Content-Length: 100\r\n', 'x'],
    ['Transfer-Encoding: chunked\r\n', '5\r\nhel'],
    ['Transfer-Encoding: chunked\r\n', 'zzz\r\n'],
    ['Content-Length: 5\r\nExpect: 100-continue\r\n', ''],
    ['Content-Length: 5\r\nExpect: something\r\n', ''],
  ] as const) {
    const [answer, ...more] = answersIn(await say(t, port, get('/health', headers) + body))
    assert.deepEqual([answer?.status, answer?.body, more.length], [200, '{"status":"ok"}', 0], headers)
  }
  const upgrade = await say(t, port, get('/health', `Upgrade: h2c\r\n${last}`))
  assert.equal(answersIn(upgrade)[0]!.status, 200)
})

test('a hundred requests in one packet are answered each once, in order', async t => {
  const database = await freshDatabase()
  const port = await api(t, database)
  const user = (i: number) => `abcdef00-0000-4000-8000-${String(i).padStart(12, '0')}`
  const requests = Array.from({ length: 100 }, (_, i) =>
    get(`/api/user-activity-summary/${user(i)}`, i === 99 ? last : ''),
  )
  const answers = answersIn(await say(t, port, requests.join('')))
  assert.deepEqual(
    answers.map(({ status, body }) => [status, (JSON.parse(body) as { detail: string }).detail]),
    requests.map((_, i) => [404, `No activity found for user_id ${user(i)}`]),
  )
})

test('what follows a request and is none does not speak into its answer', async t => {
  const database = await freshDatabase()
  const admin = await connect(t, database)
  const port = await api(t, database)
  await admin.query('begin; lock table daily_user_item_summary in access exclusive mode')
  const path = '/api/user-activity-summary/abcdef00-0000-4000-8000-000000000001'
  const line = await open(t, port)
  // Whole lists of one turn would be one statement.
  line.socket.write(`${get(path)}${get(`${path}?limit=1`)}hello\r\n\r\n`)
  const other = await connect(t, database)
  const isWaiting = async () => (await other.query('select from pg_locks where not granted')).rowCount === 2
  await until(isWaiting, 5_000, 'two reads wait for the lock')
  assert.equal(line.heard(), '')
  await admin.query('commit')
  await line.closed
  assert.deepEqual(
    answersIn(line.heard()).map(({ status }) => status),
    [404, 404],
  )
})

test('slow and idle sockets are closed in time, and nobody else notices', async t => {
  const port = await api(t, nowhere, hasty)
  const idle = await open(t, port)
  const slow = await open(t, port)
  slow.socket.write('GET /health HTTP/1.1\r\nHost: ')
  const drip = setInterval(() => slow.socket.write('X'), 20)
  closing(t, () => clearInterval(drip))
  const silentAfter = await open(t, port)
  silentAfter.socket.write(get())

  const steady = await open(t, port)
  let ended = false
  const over = Promise.all([idle.closed, slow.closed, silentAfter.closed]).finally(() => {
    ended = true
  })
  let asked = 0
  while (!ended) {
    steady.socket.write(get())
    asked += 1
    const isAnswered = () => answersIn(steady.heard()).length === asked
    await Promise.race([over, until(async () => isAnswered(), 5_000, 'the steady client is answered')])
  }
  await over
  for (const line of [idle, slow]) {
    const answers = answersIn(line.heard())
    assert.ok(answers.length <= 1) // a client that goes on sending may lose it in the reset
    for (const answer of answers) assert.deepEqual([answer.status, codeOf(answer)], [408, 'slow_request'])
  }
  assert.equal(codeOf(answersIn(idle.heard())[0]!), 'slow_request')
  assert.deepEqual(
    answersIn(silentAfter.heard()).map(({ status }) => status),
    [200],
  )
  assert.ok(asked > 2 && answersIn(steady.heard()).every(({ status }) => status === 200))
})

test('thousands of idle sockets are bounded, those that are there go on, and their places come back', async t => {
  const port = await api(t, nowhere, {
    headersTimeoutMs: 4_000,
    checkIntervalMs: 50,
    socketsMax: defaultLimits.socketsMax,
  })
  const steady = await open(t, port)
  const ask = async () => {
    const before = answersIn(steady.heard()).length
    steady.socket.write(get())
    await until(async () => answersIn(steady.heard()).length > before, 15_000, 'the steady client is answered')
  }
  await ask()
  const wanted = 2_000
  let closed = 0
  const idle = Array.from({ length: wanted }, () => {
    const socket = dial(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.once('close', () => {
      closed += 1
    })
    socket.resume()
    return socket
  })
  closing(t, () => {
    for (const socket of idle) socket.destroy()
  })
  await until(async () => closed > 0, 10_000, 'sockets beyond the bound are closed')
  await ask()
  await until(async () => closed === wanted, 20_000, 'idle ones are closed in time')
  await ask()
  assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200)
})
