import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { buildApi } from '../../../src/api/api.ts'
import { problems } from '../../../src/api/problem.ts'
import { userActivitySchema } from '../../../src/event/schema.ts'
import { connectPool } from '../../../src/postgres/connect.ts'
import { parseConfig } from '../../../src/runtime/config.ts'
import { createLog } from '../../../src/runtime/log.ts'

const nowhere = parseConfig({ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '1' }).postgres
const pool = connectPool({ postgres: nowhere })
const app = await buildApi(pool, async () => [{ name: 'postgres', ready: true }], createLog('tests', 'silent'))

interface Media {
  readonly schema: object
  readonly examples?: Record<string, { value: unknown }>
}
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly responses: Record<string, { content?: Record<string, Media> }>
}
const document = app.swagger() as unknown as {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.values(item).map(operation => [path, operation] as const),
)
const summaryPath = '/api/user-activity-summary/{user_id}'

test('the document lists exactly the routes that are registered, but for pages and their files', () => {
  // Of /dashboard/* the tree shows the star alone.
  const isPage = (route: string) => route.startsWith('/docs') || route === '/*'
  const routes = registeredRoutes().filter(route => !isPage(route))

  assert.deepEqual(routes.sort(), Object.keys(document.paths).sort())
  for (const [path, item] of Object.entries(document.paths)) {
    assert.deepEqual(Object.keys(item), path === summaryPath ? ['get', 'head'] : ['get'], path)
  }
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
      for (const [type, media] of Object.entries(content ?? {})) {
        if (Number(status) >= 400 && !(path === '/readyz' && status === '503'))
          assert.equal(type, 'application/problem+json')
        const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"doc#/')) as object
        for (const { value } of Object.values(media.examples ?? {})) {
          assert.ok(ajv.validate(schema, value), `${path} ${status}: ${ajv.errorsText()}`)
          examples += 1
        }
      }
    }
  }
  assert.ok(examples >= 50)
})

test('the document is OpenAPI 3.1 and says what a summary can answer', () => {
  assert.equal(document.openapi, '3.1.0')
  for (const method of ['get', 'head']) {
    const { responses } = document.paths[summaryPath]![method]!
    const statuses = ['200', '304', '400', '404', '408', '413', '422', '431', '500', '503']
    assert.deepEqual(Object.keys(responses), statuses)
  }
  assert.deepEqual(Object.keys(document.components.schemas).sort(), ['DayCounts', 'Problem', 'Readiness', 'TracedCopy'])
})

test('every code is in the document, at its status, but for those of paths that it does not list', async () => {
  const listed = new Set<string>()
  for (const [path, { responses }] of operations) {
    for (const [status, { content }] of Object.entries(responses)) {
      for (const code of Object.keys(content?.['application/problem+json']?.examples ?? {})) {
        assert.equal(problems[code as keyof typeof problems].status, Number(status), `${path} ${code}`)
        listed.add(code)
      }
    }
  }
  const elsewhere = ['bad_request', 'forbidden_path', 'no_such_path', 'method_not_allowed']
  elsewhere.push('unauthorized', 'not_granted', 'no_such_reject') // only where rejects are served
  assert.deepEqual([...listed, ...elsewhere].sort(), Object.keys(problems).sort())
  assert.deepEqual((await app.inject('/problems')).json(), problems)
})

test('a body is ignored whatever its type, and refused unread when it is long; nothing follows it', async () => {
  for (const type of ['application/json', 'text/plain', 'x/y', undefined]) {
    const headers = type === undefined ? {} : { 'content-type': type }
    for (const [method, url, status] of [
      ['GET', '/health', 200],
      ['POST', '/health', 405],
      ['POST', '/nowhere', 404],
    ] as const) {
      const short = await app.inject({ method, url, headers, payload: '{' })
      assert.deepEqual([short.statusCode, short.headers['connection']], [status, 'close'], `${method} ${url} ${type}`)
      const long = await app.inject({ method, url, headers, payload: 'x'.repeat(1_025) })
      assert.deepEqual([long.statusCode, long.headers['connection']], [413, 'close'])
      assert.equal(long.json<{ code: string }>().code, 'body_too_large')
    }
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

test('an answer belongs to the trace of its request; without a usable one a trace begins under its own id', async () => {
  const sent = '4bf92f3577b34da6a3ce929d0e0e4736'
  const answerTo = async (traceparent: string | string[]) => {
    const { headers } = await app.inject({ url: '/nowhere', headers: { traceparent } as Record<string, string> })
    const [version, traceId, spanId, flags] = String(headers['traceparent']).split('-')
    return { version, traceId, spanId, flags, id: String(headers['x-request-id']).replaceAll('-', '') }
  }
  for (const flags of ['00', '01']) {
    const answer = await answerTo(`00-${sent}-00f067aa0ba902b7-${flags}`)
    assert.deepEqual([answer.version, answer.traceId, answer.flags], ['00', sent, flags])
    assert.notEqual(answer.spanId, '00f067aa0ba902b7')
  }
  for (const wrong of [
    '',
    'x',
    `00-${sent}-0-01`,
    [`00-${sent}-00f067aa0ba902b7-01`, `00-${sent}-00f067aa0ba902b7-01`],
  ]) {
    const answer = await answerTo(wrong)
    assert.deepEqual([answer.version, answer.traceId, answer.flags], ['00', answer.id, '00'])
  }
})
