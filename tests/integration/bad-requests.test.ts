/** The catalogue of bad inputs on the real API: each request, as it is written, gets its status and its code. */
import assert from 'node:assert/strict'
import { type IncomingHttpHeaders, request } from 'node:http'
import { test } from 'node:test'
import { problems } from '../../src/api/problem.ts'
import { type AdminCase, adminCases, token } from '../inputs/admin-requests.ts'
import { type RequestCase, requestCases, somebody } from '../inputs/requests.ts'
import { readyApi } from '../support/api.ts'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka } from '../support/environment.ts'
import { sendForeign } from '../support/foreign.ts'

interface Heard {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Asked = Pick<RequestCase, 'method' | 'path'> & Partial<Pick<AdminCase, 'headers' | 'body'>>

/** The path as it is written: `fetch` would tidy it. */
function ask(url: string, { method, path, headers, body: sent }: Asked): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    request({ hostname, port, path, method, headers, agent: false }, answer => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', chunk => {
        body += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body }))
    })
      .on('error', reject)
      .end(sent)
  })
}

test('A: every request of the catalogue gets its status and its code, in a problem without a word of ours inside', async t => {
  const database = await freshDatabase()
  const { url } = await readyApi(t, { postgres: database })
  const admin = await connect(t, database)
  await admin.query(
    `insert into daily_user_item_summary values ('${somebody}', '2026-01-02', gen_random_uuid(), 1, 0, 0)`,
  )

  for (const { name, method, path, status, code, parameter } of requestCases) {
    const answer = await ask(url, { method, path })
    assert.equal(answer.status, status, `${name}: ${answer.body.slice(0, 300)}`)
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', name)
    assert.equal(answer.headers['access-control-allow-origin'], undefined, name)
    if (method === 'HEAD') assert.equal(answer.body, '', name)
    if (code === undefined || method === 'HEAD') continue
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', name)
    assert.equal(answer.headers['cache-control'], 'no-store', name)
    if (status === 405) assert.equal(answer.headers['allow'], 'GET, HEAD', name)
    const { detail, ...problem } = JSON.parse(answer.body) as Record<string, unknown>
    assert.deepEqual(
      problem,
      {
        type: `/problems#/${code}`,
        title: problems[code as keyof typeof problems].title,
        status,
        instance: `urn:uuid:${answer.headers['x-request-id']}`,
        code,
        ...(parameter !== undefined && { parameter }),
      },
      name,
    )
    assert.ok(typeof detail === 'string' && detail.length > 10 && detail.length < 300, name)
    assert.doesNotMatch(detail, /select |relation|\.ts:|node_modules|syntax error/i, name)
  }
  assert.equal((await ask(url, { method: 'GET', path: `/api/user-activity-summary/${somebody}` })).status, 200)
  assert.equal((await admin.query('select from daily_user_item_summary')).rowCount, 1)
})

test('A: every request to /api/rejects of the catalogue gets its status and its code, and changes no reject', async t => {
  const place = { topic: await freshTopic(1), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await sendForeign(t, place.topic, [{ value: Buffer.from('no JSON'), partition: 0 }])
  await startCounting(t, place)
  await untilRead(client, 1)
  const settings = { ...settingsFor(sharedKafka(), place.database, place.topic), ADMIN_TOKEN: token }
  const { url } = await readyApi(t, { settings })
  const before = (await client.query('select * from rejects')).rows

  for (const one of adminCases) {
    const { status, headers, body } = await ask(url, one)
    assert.equal(status, one.status, `${one.name}: ${body.slice(0, 300)}`)
    if (status === 401) assert.match(headers['www-authenticate']!, /^Bearer /, one.name)
    if (one.code === undefined) continue
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8', one.name)
    const { code, detail } = JSON.parse(body) as Record<string, string>
    assert.equal(code, one.code, `${one.name}: ${body}`)
    assert.doesNotMatch(detail!, /select |relation|\.ts:|node_modules|syntax error|a-token/i, one.name)
  }
  assert.deepEqual((await client.query('select * from rejects')).rows, before)
})
