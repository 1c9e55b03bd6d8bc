/** /api/rejects: there with the token only, as the document says, and as the command line does it. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Limits } from '../../src/api/limits.ts'
import type { RejectsReport } from '../../src/evidence/rejects/reject-report.ts'
import { freePort } from '../../src/stack/port.ts'
import { readyApi } from '../support/api.ts'
import { countedTable, recount, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { listed, settingsOf, shown, summary } from '../support/rejects.ts'
import { run } from '../support/tool.ts'

const token = 'a-token-of-the-tests'

async function api(t: TestContext, settings: Record<string, string>, limits: Partial<Limits> = {}): Promise<string> {
  return (await readyApi(t, { settings }, limits)).url
}

interface Described {
  readonly content: Readonly<Record<string, { readonly schema: object; readonly examples?: object }>>
}
type Operations = Record<string, { responses: Record<string, Described> }>

test('rejects are listed, shown, discarded and sent again over HTTP, by whoever has the token and nobody else', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase(), settings: { MAX_EVENT_AGE_DAYS: '1' } }
  const client = await connect(t, place.database)
  const old = (n: number) => ({ ...eventOf(n), timestamp: new Date(Date.now() - 3 * 86_400_000).toISOString() })
  await sendForeign(
    t,
    place.topic,
    [bytesOf(old(0)), bytesOf(old(1)), Buffer.from([0xff])].map(value => ({ value, partition: 1 })),
  )
  const counting = await startCounting(t, place)
  await untilRead(client, 3)
  const without = await api(t, settingsOf(place))
  const url = await api(t, { ...settingsOf(place), ADMIN_TOKEN: token })
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, Operations> }
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ ...document, $id: 'doc' })

  const ask = async (path: string, body?: string | object, headers: Record<string, string> = {}, from = url) => {
    const text = typeof body === 'object' ? JSON.stringify(body) : body
    const asked = { authorization: `Bearer ${token}`, ...headers }
    const method = text === undefined ? 'GET' : 'POST'
    const answer = await fetch(from + path, { method, headers: asked, ...(text !== undefined && { body: text }) })
    const template = path.split('?')[0]!.replace(/\/api\/rejects\/[^/]+\/[^/]+/, '/api/rejects/{partition}/{offset}')
    const { content } = document.paths[template]![method.toLowerCase()]!.responses[answer.status]!
    const media = content[answer.headers.get('content-type')!.split(';')[0]!]!
    const said = (await answer.json()) as Record<string, unknown>
    const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"doc#/')) as object
    assert.ok(ajv.validate(schema, said), `${path}: ${ajv.errorsText()} ${JSON.stringify(said)}`)
    if (answer.status >= 400) assert.ok((said['code'] as string) in media.examples!, String(said['code']))
    if (answer.status === 401) assert.match(answer.headers.get('www-authenticate')!, /^Bearer /)
    return { status: answer.status, said }
  }
  const did = async (path: string, body: object) => {
    const { status, said } = await ask(path, body)
    return `${status} ${summary(said as unknown as RejectsReport)}`
  }

  // Off: the paths are not there.
  for (const path of ['/api/rejects', '/api/rejects/1/0']) assert.equal((await fetch(without + path)).status, 404)
  assert.equal((await fetch(`${without}/api/rejects/retry`, { method: 'POST' })).status, 404)
  assert.doesNotMatch(await (await fetch(`${without}/openapi.json`)).text(), /rejects"|bearer/)

  for (const authorization of ['', 'Bearer', `Basic ${token}`, `Bearer ${token}x`, `Bearer ${token.slice(1)}`, token]) {
    assert.equal((await ask('/api/rejects', undefined, { authorization })).said['code'], 'unauthorized')
    assert.equal((await ask('/api/rejects/discard', '{', { authorization })).said['code'], 'unauthorized')
  }
  const put = await fetch(`${url}/api/rejects/retry`, { method: 'PUT', headers: { authorization: `Bearer ${token}` } })
  assert.deepEqual([put.status, put.headers.get('allow')], [405, 'POST'])

  assert.deepEqual((await ask('/api/rejects')).said, await listed(place))
  assert.deepEqual(
    (await ask('/api/rejects?reason=not_utf8&all=true')).said,
    await listed(place, '--reason', 'not_utf8', '--all'),
  )
  assert.deepEqual((await ask('/api/rejects/1/2')).said, await shown(place, '1:2'))

  const positions = ['1:0']
  for (const [path, body, code] of [
    ['/api/rejects?reason=bad', undefined, 'bad_parameter'],
    ['/api/rejects?partition=x', undefined, 'bad_parameter'],
    ['/api/rejects?since=x', undefined, 'bad_parameter'],
    ['/api/rejects?pointer=%00', undefined, 'bad_parameter'],
    ['/api/rejects?all=1', undefined, 'bad_parameter'],
    ['/api/rejects?every=1', undefined, 'unknown_parameter'],
    ['/api/rejects?all=true&all=true', undefined, 'repeated_parameter'],
    ['/api/rejects/1/9', undefined, 'no_such_reject'],
    ['/api/rejects/9/0', undefined, 'no_such_reject'],
    ['/api/rejects/1/x', undefined, 'bad_parameter'],
    ['/api/rejects/1/0?lineage=x', undefined, 'bad_parameter'],
    ['/api/rejects/retry', '{', 'bad_request'],
    ['/api/rejects/retry', '[]', 'bad_request'],
    ['/api/rejects/retry', {}, 'bad_parameter'],
    ['/api/rejects/retry', { positions: [] }, 'bad_parameter'],
    ['/api/rejects/retry', { positions: ['1:0', 7] }, 'bad_parameter'],
    ['/api/rejects/retry', { positions: Array(101).fill('1:0') }, 'bad_parameter'],
    ['/api/rejects/retry', { positions, lineage: 0 }, 'bad_parameter'],
    ['/api/rejects/retry', { positions, note: 'x' }, 'bad_parameter'],
    ['/api/rejects/retry', 'x'.repeat(16_385), 'body_too_large'],
    ['/api/rejects/discard', { positions }, 'bad_parameter'],
    ['/api/rejects/discard', { positions, note: 'a\0b' }, 'bad_parameter'],
    ['/api/rejects/discard', { positions, undo: 'yes' }, 'bad_parameter'],
  ] as const) {
    assert.equal((await ask(path, body)).said['code'], code, `${path} ${JSON.stringify(body)?.slice(0, 80)}`)
  }

  assert.equal(await did('/api/rejects/retry', { positions: ['1:0', '1:1', '1:2', '1:9'] }), '200 4 unfit')
  const discard = { positions: ['1:2'], note: 'noise', by: 'Ada' }
  assert.equal(await did('/api/rejects/discard', { ...discard, dry_run: true }), '200 1 ready')
  assert.equal(await did('/api/rejects/discard', discard), '200 1 discarded')
  const { label } = await shown(place, '1:2')
  assert.deepEqual([label?.label, label?.note], ['discarded', 'noise'])
  assert.match(label!.by, /^Ada over HTTP, \S+@\S+ as footfall$/)
  assert.equal(await did('/api/rejects/discard', { positions: ['1:2'], undo: true }), '200 1 restored')

  await counting.stop()
  const wider = { ...place, settings: { MAX_EVENT_AGE_DAYS: '10' } }
  assert.equal((await run(t, 'setup', settingsOf(wider), ['--change-rules', '--yes'])).code, 0)
  const hasty = await api(t, { ...settingsOf(place), ADMIN_TOKEN: token }, { adminTimeoutMs: 4_000 })
  const waiting = await ask('/api/rejects/retry', { positions: ['1:0', '1:1'] }, {}, hasty)
  assert.deepEqual([waiting.status, summary(waiting.said as unknown as RejectsReport)], [202, '2 waiting'])
  await startCounting(t, wider)
  await untilRead(client, 5)
  assert.equal(await did('/api/rejects/retry', { positions: ['1:0', '1:1', '1:2'] }), '200 1 unfit, 2 done')
  assert.deepEqual(await countedTable(client), recount([old(0), old(1)]))

  const full = await api(t, { ...settingsOf(place), ADMIN_TOKEN: token }, { proofsMax: 0 })
  assert.equal((await ask('/api/rejects', undefined, {}, full)).said['code'], 'overloaded')
  const nowhere = { KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${await freePort()}`, ADMIN_TOKEN: token }
  const alone = await api(t, { ...settingsOf(place), ...nowhere })
  assert.equal((await ask('/api/rejects/retry', { positions: ['1:2'] }, {}, alone)).said['code'], 'log_away')
  assert.equal((await ask('/api/rejects', undefined, {}, alone)).status, 200)
})
