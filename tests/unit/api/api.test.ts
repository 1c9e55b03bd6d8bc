import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { pino } from 'pino'
import { buildApi } from '../../../src/api/api.ts'
import { userActivitySchema } from '../../../src/event/schema.ts'
import { connectPool } from '../../../src/postgres/connect.ts'

const nowhere = { host: '127.0.0.1', port: 1, database: 'none', user: 'none', password: 'none' }
const pool = connectPool({ postgres: nowhere })
const app = await buildApi(pool, async () => [{ name: 'postgres', ready: true }], pino({ level: 'silent' }))

interface Media {
  readonly schema: object
  readonly examples?: Record<string, { value: unknown }>
}
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly responses: Record<string, { content: Record<string, Media> }>
}
const document = app.swagger() as unknown as {
  openapi: string
  paths: Record<string, { get: Operation }>
  components: { schemas: Record<string, object> }
}
const operations = Object.entries(document.paths).map(([path, { get }]) => [path, get] as const)

test('the document lists exactly the routes that are registered, but for the pages that show it', () => {
  const routes = registeredRoutes().filter(route => !route.startsWith('/docs'))

  assert.deepEqual(routes.sort(), Object.keys(document.paths).sort())
  for (const [path, item] of Object.entries(document.paths)) assert.deepEqual(Object.keys(item), ['get'], path)
})

test('every operation has an id, a summary and described answers; every example keeps its schema', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ ...document, $id: 'doc' })
  const ids = operations.map(([, operation]) => operation.operationId)
  assert.equal(new Set(ids).size, operations.length)
  let examples = 0
  for (const [path, { summary, responses }] of operations) {
    assert.ok(summary, path)
    for (const [status, { content }] of Object.entries(responses)) {
      for (const [type, media] of Object.entries(content)) {
        if (Number(status) >= 400 && path !== '/readyz') assert.equal(type, 'application/problem+json')
        const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"doc#/')) as object
        for (const { value } of Object.values(media.examples ?? {})) {
          assert.ok(ajv.validate(schema, value), `${path} ${status}: ${ajv.errorsText()}`)
          examples += 1
        }
      }
    }
  }
  assert.ok(examples >= 8)
})

test('the document is OpenAPI 3.1 and says what a summary can answer', () => {
  assert.equal(document.openapi, '3.1.0')
  const summary = document.paths['/api/user-activity-summary/{user_id}']!.get
  assert.deepEqual(Object.keys(summary.responses), ['200', '400', '404', '422', '503'])
  assert.deepEqual(Object.keys(document.components.schemas).sort(), ['DayCounts', 'Problem', 'Readiness'])
})

test('what is no UUID is refused as such, whatever it is, without asking the database', async () => {
  const hostile = [
    ...['', '1', '%00', '..%2f..%2fetc%2fpasswd', '%3Cscript%3E', "'%20or%20'1'='1", '%F0%9F%98%80', '%20'],
    ...['11111111111111111111111111111111', '{11111111-1111-1111-1111-111111111111}', 'x'.repeat(10_000)],
    ...['11111111-1111-1111-1111-11111111111g', '11111111-1111-1111-1111-1111111111111'],
    ...['１1111111-1111-1111-1111-111111111111', '11111111-1111-1111-1111-111111111111%0a'],
  ]
  for (const id of hostile) {
    const answer = await app.inject(`/api/user-activity-summary/${id}`)
    assert.equal(answer.statusCode, 422, id)
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.match(answer.json<{ detail: string }>().detail, /^user_id must be a UUID/)
  }
})

test('a broken escape, an unknown path and a wrong method have their own problems', async () => {
  const cases = [
    ['GET', '/api/user-activity-summary/%zz', 400],
    ['GET', '/api/user-activity-summary/%E0%A4%A', 400],
    ['GET', '/%', 400],
    ['GET', '/nowhere', 404],
    ['GET', '/api/user-activity-summary', 404],
    ['GET', '/docs/static/%2e%2e%2f%2e%2e%2fpackage.json', 404],
    ['POST', '/nowhere', 404],
    ['POST', '/health', 405],
    ['DELETE', '/api/user-activity-summary/11111111-1111-1111-1111-111111111111', 405],
  ] as const
  for (const [method, url, status] of cases) {
    const answer = await app.inject({ method, url })
    assert.equal(answer.statusCode, status, `${method} ${url}`)
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', url)
    const { instance, ...problem } = answer.json<Record<string, unknown>>()
    assert.deepEqual({ type: problem['type'], status: problem['status'] }, { type: 'about:blank', status })
    assert.equal(instance, `urn:uuid:${answer.headers['x-request-id'] as string}`)
    if (status === 405) assert.equal(answer.headers['allow'], 'GET, HEAD')
  }
})

test('a body, of whatever type and size, changes nothing about the answer', async () => {
  for (const payload of ['{', 'x'.repeat(100_000)]) {
    const headers = { 'content-type': 'application/json' }
    assert.equal((await app.inject({ method: 'GET', url: '/health', headers, payload })).statusCode, 200)
    assert.equal((await app.inject({ method: 'POST', url: '/health', headers, payload })).statusCode, 405)
  }
})

test('the docs page names no other host and forbids the browser to ask one', async () => {
  for (const url of ['/docs', '/docs/', '/docs/static/swagger-initializer.js']) {
    const page = await app.inject(url)
    assert.equal(page.statusCode, 200, url)
    assert.doesNotMatch(page.body.replaceAll('https://stackoverflow.com/a/77855838/492336', ''), /https?:\/\//, url)
    assert.match(String(page.headers['content-security-policy']), /^default-src 'self';/)
  }
  assert.match((await app.inject('/docs')).body, /<title>Footfall API<\/title>/)
})

test('the schema of an event is published at its own id', async () => {
  const answer = await app.inject(userActivitySchema.$id)
  assert.equal(answer.headers['content-type'], 'application/schema+json; charset=utf-8')
  assert.deepEqual(answer.json(), userActivitySchema)
})

/** What the router has, read from the tree it prints: each line is indented by four below its parent. */
function registeredRoutes(): string[] {
  const parents: string[] = []
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap(line => {
      const [, indent, segment, methods] = /^([│├└─ ]*)(\S+)( \(.*\))?$/.exec(line) ?? []
      if (segment === undefined) return []
      const depth = indent!.length / 4
      parents.length = depth
      const path = parents.join('') + segment
      parents[depth] = segment
      return methods === undefined ? [] : [path.replace(/^\/+/, '/').replace(/:(\w+)/g, '{$1}')]
    })
}
