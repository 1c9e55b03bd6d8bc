import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { fastify } from 'fastify'
import { addDashboard, prefersHtml, readDashboard, sendPage } from '../../../src/api/dashboard.ts'

const dashboard = readDashboard()
const app = fastify()
addDashboard(app, dashboard)
app.get('/', async (request, reply) => (prefersHtml(request) ? sendPage(request, reply, dashboard) : { is: 'json' }))
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

test('people get the page at /, programs what they got before', async () => {
  for (const accept of [browser, 'text/html', 'text/*', 'application/json;q=0.5, text/html;q=0.6']) {
    const answer = await app.inject({ url: '/', headers: { accept } })
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8', accept)
  }
  for (const accept of [
    undefined,
    '*/*',
    'application/json',
    'application/json, text/plain, */*',
    'text/html;q=0',
    '',
  ]) {
    const answer = await app.inject({ url: '/', headers: accept === undefined ? {} : { accept } })
    assert.deepEqual(answer.json(), { is: 'json' }, String(accept))
  }
})

test('the page and each of its files forbid inline code, foreign hosts and frames, and are asked about each time', async () => {
  assert.ok(dashboard.has('uplot.js') && dashboard.has('uplot.css'))
  for (const name of dashboard.keys()) {
    const { statusCode, headers } = await app.inject(`/dashboard/${name}`)
    assert.equal(statusCode, 200, name)
    assert.match(
      String(headers['content-security-policy']),
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    )
    assert.match(
      String(headers['content-security-policy']),
      /require-trusted-types-for 'script'; trusted-types 'none'$/,
    )
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|https?:/)
    assert.deepEqual([headers['cache-control'], headers['referrer-policy']], ['no-cache', 'no-referrer'], name)
  }
})

test('a file is the same bytes in every coding, and 304 for who has them', async () => {
  const plain = (await app.inject('/dashboard/uplot.js')).rawPayload
  const tags = new Set<string>()
  for (const [coding, decode] of [
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
    ['identity', (bytes: Buffer) => bytes],
  ] as const) {
    const headers = { 'accept-encoding': coding }
    const { headers: said, rawPayload } = await app.inject({ url: '/dashboard/uplot.js', headers })
    assert.equal(said['content-encoding'] ?? 'identity', coding)
    assert.ok(decode(rawPayload).equals(plain), coding)
    const tag = String(said['etag'])
    const again = await app.inject({ url: '/dashboard/uplot.js', headers: { ...headers, 'if-none-match': tag } })
    assert.deepEqual([again.statusCode, again.rawPayload.length, again.headers['etag']], [304, 0, tag])
    tags.add(tag)
  }
  assert.equal(tags.size, 3)
  const every = await app.inject({
    url: '/dashboard/uplot.js',
    headers: { 'accept-encoding': 'gzip, deflate, br, zstd' },
  })
  assert.equal(every.headers['content-encoding'], 'br', 'the smallest')
})

test('only what was read at the start is there, whatever the path looks like', async () => {
  for (const path of [
    '',
    'nothing.js',
    '../api/api.ts',
    '%2e%2e/api/api.ts',
    'index.html/',
    '__proto__',
    'INDEX.html',
  ]) {
    assert.equal((await app.inject(`/dashboard/${path}`)).statusCode, 404, path)
  }
})

test('the page with all its files weighs under 100 kB as it travels', async () => {
  let bytes = 0
  for (const name of dashboard.keys()) {
    bytes += (await app.inject({ url: `/dashboard/${name}`, headers: { 'accept-encoding': 'br' } })).rawPayload.length
  }
  assert.ok(bytes < 100_000, `${bytes} bytes`)
})
