/** /api/trace and /api/explain: the same as on the command line, as the document says, and no harm to anybody without Kafka. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Limits } from '../../src/api/limits.ts'
import { freePort } from '../../src/stack/port.ts'
import { readyApi } from '../support/api.ts'
import { type Place, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { run } from '../support/tool.ts'

const settingsOf = ({ topic, database }: Place) => settingsFor(sharedKafka(), database, topic)

async function api(t: TestContext, settings: Record<string, string>, limits: Partial<Limits> = {}): Promise<string> {
  return (await readyApi(t, { settings }, limits)).url
}

interface Described {
  readonly content: Readonly<Record<string, { readonly schema: object; readonly examples?: object }>>
}

test('trace and explain answer as the command line does, and as the document says; without Kafka they alone are 503', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const event = { ...eventOf(1), event_id: 'one' }
  const values = [bytesOf(event), bytesOf(event), Buffer.from('no JSON'), null]
  await sendForeign(
    t,
    place.topic,
    values.map(value => ({ value, partition: 1 })),
  )
  const client = await connect(t, place.database)
  const counting = await startCounting(t, place)
  await untilRead(client, 4)
  await counting.stop()
  const url = await api(t, settingsOf(place))
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, { get: { responses: Record<string, Described> } }>
  }
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ ...document, $id: 'doc' })
  const ask = async (path: string, from = url) => {
    const answer = await fetch(from + path)
    const template = path.startsWith('/api/trace') ? '/api/trace' : '/api/explain/{user_id}/{item_id}/{date}'
    const { content } = document.paths[template]!.get.responses[answer.status]!
    const media = content[answer.headers.get('content-type')!.split(';')[0]!]!
    const body = (await answer.json()) as Record<string, unknown>
    const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"doc#/')) as object
    assert.ok(ajv.validate(schema, body), `${path}: ${ajv.errorsText()} ${JSON.stringify(body)}`)
    if (answer.status !== 200) assert.ok((body['code'] as string) in media.examples!, String(body['code']))
    if (answer.status === 503) assert.ok(answer.headers.has('retry-after'))
    return { status: answer.status, body }
  }
  const said = async (verb: string, ...args: string[]) => {
    const ran = await run(t, verb, settingsOf(place), [...args, '--json'])
    return { ...JSON.parse(ran.said), as_of: '' }
  }

  const explained = `/api/explain/${event.user_id}/${event.item_id}/${event.timestamp.slice(0, 10)}`
  const words = explained.split('/').slice(3)
  for (const [path, verb, ...args] of [
    ['/api/trace?position=1:2', 'trace', '--position', '1:2'],
    [`/api/trace?user_id=${event.user_id}&event_id=one`, 'trace', '--user', event.user_id, '--event-id', 'one'],
    [explained, 'explain', ...words],
  ] as const) {
    const { status, body } = await ask(path)
    assert.equal(status, 200)
    assert.deepEqual({ ...body, as_of: '' }, await said(verb, ...args), path)
  }
  for (const query of ['position=1:0', 'position=1:3', 'position=1:4', `user_id=${event.user_id}`]) {
    assert.equal((await ask(`/api/trace?${query}`)).status, 200)
  }
  const { body } = await ask(explained)
  assert.deepEqual([body['verdict'], (body['events'] as object[]).length], ['equal', 2])
  assert.deepEqual((await ask(`${explained}?limit=1`)).body['more'], 1)

  for (const [path, code] of [
    ['/api/trace', 'bad_parameter'],
    ['/api/trace?position=x', 'bad_parameter'],
    ['/api/trace?user_id=me', 'bad_parameter'],
    ['/api/trace?position=0:0&position=0:1', 'repeated_parameter'],
    [`${explained}?position=0:0`, 'unknown_parameter'],
    [`${explained}?limit=0`, 'bad_parameter'],
    ['/api/explain/me/me/2026-01-01', 'not_uuid'],
    [explained.replace(/[^/]*$/, '2026-02-30'), 'bad_day'],
  ] as const) {
    assert.equal((await ask(path)).body['code'], code, path)
  }

  const full = await api(t, settingsOf(place), { proofsMax: 0 })
  assert.equal((await ask(explained, full)).body['code'], 'overloaded')
  const nowhere = { KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${await freePort()}` }
  const alone = await api(t, { ...settingsOf(place), ...nowhere })
  assert.equal((await ask('/api/trace?position=1:0', alone)).body['code'], 'log_away')
  assert.equal((await ask(explained, alone)).body['code'], 'log_away')
  assert.equal((await fetch(`${alone}/api/user-activity-summary/${event.user_id}`)).status, 200)
})
