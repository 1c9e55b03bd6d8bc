/** The API document is true: whatever the summary answers, and with which headers and codes, stands in it. */
import assert from 'node:assert/strict'
import { connect as dial } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Limits } from '../../src/api/limits.ts'
import { parameterNames } from '../../src/api/parameters.ts'
import { readyApi } from '../support/api.ts'
import { connect, type Database, freshDatabase, until } from '../support/environment.ts'

const user = 'abcdef00-0000-4000-8000-000000000001'
const template = '/api/user-activity-summary/{user_id}'
const path = template.replace('{user_id}', user)

/** What HTTP itself says, and no document repeats. */
const ofHttp = ['date', 'connection', 'keep-alive', 'content-length', 'content-type', 'transfer-encoding']

interface Media {
  readonly schema: object
  readonly examples: Readonly<Record<string, unknown>>
}
interface Described {
  readonly headers?: Readonly<Record<string, { readonly schema: object }>>
  readonly content?: Readonly<Record<string, Media>>
}
interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<Record<string, Described>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** By hand: `fetch` decodes, follows and hides. */
function ask(url: string, text: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const parts: Buffer[] = []
    const socket = dial(Number(port), hostname, () => socket.write(text))
    socket.on('error', reject)
    socket.on('data', (part: Buffer) => void parts.push(part))
    socket.on('end', () => {
      const [head, ...rest] = Buffer.concat(parts).toString('latin1').split('\r\n\r\n')
      const [first, ...lines] = head!.split('\r\n')
      const headers = lines.map(
        line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^[^:]*: ?/, '')] as const,
      )
      resolve({ status: Number(first!.slice(9, 12)), headers: new Map(headers), body: rest.join('\r\n\r\n') })
    })
  })
}

const request = (target: string, headers = '', method = 'GET') =>
  `${method} ${target} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n${headers}\r\n`

async function api(t: TestContext, postgres: Database, limits: Partial<Limits> = {}): Promise<string> {
  return (await readyApi(t, { postgres }, limits)).url
}

test('every status, header, code and parameter of a summary is in the document, and nothing else is', async t => {
  const database = await freshDatabase()
  const url = await api(t, database)
  const hasty = await api(t, database, {
    answerTimeoutMs: 300,
    waitTimeoutMs: 100,
    headersTimeoutMs: 100,
    checkIntervalMs: 20,
    readsMax: 1,
  })
  const admin = await connect(t, database)
  await admin.query(`insert into daily_user_item_summary
    select '${user}', '2025-01-01', md5(n::text)::uuid, n, n, n from generate_series(1, 1500) as n`)
  await admin.query(
    `insert into rules (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max) values (1, 1, 1, 1, 1);
     insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, counted, rules_version, state,
                                   halt_reason)
     values ('${user}', 0, 1, 0, 3, 3, 1, 'open', null), ('${user}', 1, 1, 0, 3, 3, 1, 'halted', 'gap');
     insert into partition_watch select n, 'somebody', 0, 3, now() from generate_series(0, 1) as n`,
  )
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ ...document, $id: 'doc' })
  const seen = new Set<string>()

  const check = (answer: Answer, method: 'get' | 'head' = 'get'): Answer => {
    const shown = `${method} ${answer.status} ${answer.body.slice(0, 200)}`
    const described = document.paths[template]![method]!.responses[answer.status]
    assert.ok(described !== undefined, shown)
    seen.add(`${answer.status}`)
    const known = new Map(
      Object.entries(described.headers ?? {}).map(([name, one]) => [name.toLowerCase(), one.schema]),
    )
    for (const [name, value] of answer.headers) {
      if (ofHttp.includes(name)) continue
      const schema = known.get(name)
      assert.ok(schema !== undefined, `${name}: ${shown}`)
      assert.ok(ajv.validate(schema, /^\d+$/.test(value) ? Number(value) : value), `${name}: ${value}`)
      seen.add(`${answer.status} ${name}`)
    }
    const type = answer.headers.get('content-type')?.split(';')[0]
    if (type === undefined) return answer
    const media = described.content?.[type]
    assert.ok(media !== undefined, `${type}: ${shown}`)
    if (type === 'text/csv') return answer
    if (method === 'head' || answer.headers.has('content-encoding') || answer.headers.has('transfer-encoding'))
      return answer
    const value = JSON.parse(answer.body) as { code?: string }
    const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"doc#/')) as object
    assert.ok(ajv.validate(schema, value), `${shown}: ${ajv.errorsText()}`)
    if (value.code !== undefined) {
      assert.ok(value.code in media.examples, value.code)
      seen.add(value.code)
    }
    return answer
  }

  const page = check(await ask(url, request(`${path}?limit=100`)))
  assert.ok(page.headers.has('link'))
  check(await ask(url, request(`${path}?limit=100`, `If-None-Match: ${page.headers.get('etag')}\r\n`)))
  check(await ask(url, request(`${path}?limit=100`, 'Accept-Encoding: br\r\n')))
  check(await ask(url, request(path)))
  const csv = check(await ask(url, request(`${path}?limit=2&format=csv`)))
  assert.match(
    csv.body,
    /^item_id,date,view_count,click_count,purchase_count\r\n(\S{36},2025-01-01,\d+,\d+,\d+\r\n){2}$/,
  )
  for (const method of ['', `If-None-Match: *\r\n`]) check(await ask(url, request(path, method, 'HEAD')), 'head')
  for (const query of ['x=1', 'limit=1&limit=1', 'limit=0', 'from=2026-01-02&to=2026-01-01', 'cursor=x']) {
    check(await ask(url, request(`${path}?${query}`)))
    check(await ask(url, request(`${path}?${query}`, '', 'HEAD')), 'head')
  }
  check(await ask(url, request(path.replace(/1$/, '2'))))
  check(await ask(url, request(`${template.replace('{user_id}', 'me')}`)))
  check(await ask(url, request(`${path}%zz`)))
  check(await ask(url, request(`http://here${path}`)))
  check(await ask(url, request(path, 'Host: there\r\n')))
  check(await ask(url, request(path, 'X Y: z\r\n')))
  check(await ask(url, request(path, 'X: y\r\n'.repeat(101))))
  check(await ask(url, request(path, 'Content-Length: 5000\r\n')))
  check(await ask(hasty, `GET ${path} HTTP/1.1\r\n`))
  for (const position of ['0:3', '1:3']) check(await ask(hasty, request(`${path}?min_position=${position}`)))

  await admin.query('begin; lock table daily_user_item_summary in access exclusive mode')
  const late = ask(hasty, request(path))
  const other = await connect(t, database)
  const isWaiting = async () => (await other.query('select from pg_locks where not granted')).rowCount === 1
  await until(isWaiting, 5_000, 'a read waits for the lock')
  check(await ask(hasty, request(path)))
  check(await late)
  await admin.query('commit')
  await admin.query('alter table daily_user_item_summary rename to elsewhere')
  check(await ask(url, request(path)))
  await admin.query(
    `create view daily_user_item_summary as
     select user_id, date, item_id, view_count / 0 as view_count, click_count, purchase_count from elsewhere`,
  )
  check(await ask(url, request(path)))

  const { get, head } = document.paths[template]!
  for (const { parameters } of [get!, head!]) {
    const inQuery = parameters.filter(parameter => parameter.in === 'query').map(parameter => parameter.name)
    assert.deepEqual(inQuery.sort(), [...parameterNames].sort())
  }
  const promised = Object.entries(get!.responses).flatMap(([status, { headers, content }]) => [
    status,
    ...Object.keys(headers ?? {}).map(name => `${status} ${name.toLowerCase()}`),
    ...Object.keys(content?.['application/problem+json']?.examples ?? {}),
  ])
  assert.deepEqual([...seen].sort(), promised.sort())
})
