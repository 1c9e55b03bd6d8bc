/** The read API over HTTP against a real PostgreSQL: filters, pages, tags, codings, long lists, and what it refuses. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import type { RunningApi } from '../../src/api/api.ts'
import { defaultLimits, type Limits } from '../../src/api/limits.ts'
import { readLongList } from '../../src/api/long-list.ts'
import { everything } from '../../src/api/parameters.ts'
import { connectPool } from '../../src/postgres/connect.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { readyApi } from '../support/api.ts'
import { closing, connect, type Database, freshDatabase, until } from '../support/environment.ts'

const user = 'abcdef00-0000-4000-8000-000000000001'
const path = `/api/user-activity-summary/${user}`

interface Row {
  readonly item_id: string
  readonly date: string
  readonly view_count: number
}

function api(t: TestContext, postgres: Database, limits: Partial<Limits> = {}): Promise<RunningApi> {
  return readyApi(t, { postgres }, limits)
}

/** Rows of `days` times `items`, ids in no order. */
const fill = (days: number, items: number) => `
  insert into daily_user_item_summary
  select '${user}', date '2025-12-31' - day, md5(day || ' ' || item)::uuid, day * 1000 + item, item, day
  from generate_series(1, ${days}) as day, generate_series(1, ${items}) as item`

/** What the API answered before it had pages, from PostgreSQL's own mouth. */
const wholeList = `
  select '[' || string_agg(format('{"item_id":"%s","date":"%s","view_count":%s,"click_count":%s,"purchase_count":%s}',
    item_id, date, view_count, click_count, purchase_count), ',' order by date desc, item_id) || ']' as text
  from daily_user_item_summary where user_id = '${user}'`

const plain = { 'accept-encoding': 'identity' }
const nextOf = (answer: Response) => /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1]
const keyOf = (row: Row) => `${row.date} ${row.item_id}`

async function* pages(url: string, first: string): AsyncGenerator<Row[]> {
  for (let next: string | undefined = first; next !== undefined; ) {
    const answer = await fetch(`${url}${next}`)
    assert.equal(answer.status, 200)
    yield (await answer.json()) as Row[]
    next = nextOf(answer)
  }
}

async function codeOf(answer: Response): Promise<string> {
  return ((await answer.json()) as { code: string }).code
}

test('filters pick from the whole list, and pages of any size are the list again', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database)
  const admin = await connect(t, database)
  await admin.query(fill(30, 12))
  const whole = (await (await fetch(`${url}${path}`)).json()) as Row[]
  assert.equal(whole.length, 360)

  const [from, to, item] = ['2025-12-10', '2025-12-20', whole[100]!.item_id]
  const cases: [query: string, passes: (row: Row) => boolean][] = [
    [`from=${from}`, row => row.date >= from],
    [`to=${to}`, row => row.date <= to],
    [`from=${from}&to=${to}`, row => row.date >= from && row.date <= to],
    [`from=${from}&to=${from}`, row => row.date === from],
    [`item_id=${item.toUpperCase()}`, row => row.item_id === item],
    [`item_id=${item}&from=0001-01-01&to=9999-12-31`, row => row.item_id === item],
    ['from=2026-01-01', () => false],
    [`item_id=${user}`, () => false],
  ]
  for (const [query, passes] of cases) {
    const answer = await fetch(`${url}${path}?${query}`)
    assert.equal(answer.status, 200, query)
    assert.equal(nextOf(answer), undefined)
    assert.deepEqual(await answer.json(), whole.filter(passes), query)
  }
  for (const [limit, query, passes] of [
    [1, `from=${from}&to=2025-12-10`, (row: Row) => row.date === from],
    [7, '', () => true],
    [12, '', () => true],
    [100, `from=${from}`, (row: Row) => row.date >= from],
    [359, '', () => true],
    [360, '', () => true],
    [1_000, '', () => true],
  ] as const) {
    const read: Row[][] = []
    for await (const page of pages(url, `${path}?${query}&limit=${limit}`)) read.push(page)
    const expected = whole.filter(passes)
    assert.deepEqual(read.flat(), expected, `${query} ${limit}`)
    assert.equal(read.length, Math.ceil(expected.length / limit))
  }
  const other = path.replace(/1$/, '2')
  assert.equal((await fetch(`${url}${other}`)).status, 404)
  assert.equal((await fetch(`${url}${other}?from=${from}&limit=1`)).status, 404)
})

test('a cursor holds for its user and filters only, with any limit, and forged it is refused', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database)
  const admin = await connect(t, database)
  await admin.query(fill(5, 3))
  const next = nextOf(await fetch(`${url}${path}?from=2025-01-01&limit=4`))!
  const cursor = new URL(next, url).searchParams.get('cursor')!
  const rest = (await (await fetch(`${url}${path}`)).json()) as Row[]
  const status = async (query: string, of = path) => (await fetch(`${url}${of}?${query}`)).status

  for (const limit of ['', '&limit=1000']) {
    const answer = await fetch(`${url}${path}?from=2025-01-01&cursor=${cursor}${limit}`)
    assert.deepEqual(await answer.json(), rest.slice(4))
  }
  assert.equal(
    await status(
      `cursor=${cursor}&from=2025-01-01`,
      path.toUpperCase().replace('/API/USER-ACTIVITY-SUMMARY', '/api/user-activity-summary'),
    ),
    200,
  )
  assert.equal(await status(`cursor=${cursor}`), 400)
  assert.equal(await status(`cursor=${cursor}&from=2025-01-02`), 400)
  assert.equal(await status(`cursor=${cursor}&from=2025-01-01&to=2025-12-31`), 400)
  assert.equal(await status(`cursor=${cursor}&from=2025-01-01&item_id=${user}`), 400)
  assert.equal(await status(`cursor=${cursor}&from=2025-01-01`, path.replace(/1$/, '2')), 400)
  const forged = `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`
  assert.equal(await codeOf(await fetch(`${url}${path}?from=2025-01-01&cursor=${forged}`)), 'bad_cursor')
})

test('while counts move, pages show no key twice and leave none out', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database)
  const admin = await connect(t, database)
  await admin.query(fill(20, 10))
  const before = ((await (await fetch(`${url}${path}`)).json()) as Row[]).map(keyOf)
  const seen: string[] = []
  let round = 0
  for await (const page of pages(url, `${path}?limit=7`)) {
    seen.push(...page.map(keyOf))
    round += 1
    // Rows before, within and after the page that was just read; and each count that is there grows.
    await admin.query(
      `insert into daily_user_item_summary
       select '${user}', date '2025-12-05' + 2 * n, md5('new ' || n || ' ' || $1::int)::uuid, 1, 1, 1
       from generate_series(1, 14) as n`,
      [round],
    )
    await admin.query('update daily_user_item_summary set view_count = view_count + 1')
  }
  assert.ok(round > 28, 'rows were added where pages were still to come')
  assert.equal(new Set(seen).size, seen.length)
  assert.deepEqual(
    [...seen]
      .sort()
      .reverse()
      .map(key => key.slice(0, 10)),
    seen.map(key => key.slice(0, 10)),
  )
  const shown = new Set(seen)
  assert.deepEqual(
    before.filter(key => !shown.has(key)),
    [],
  )
})

test('a tag stands for the bytes: unchanged is 304, changed is another; HEAD has the headers of GET', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database)
  const admin = await connect(t, database)
  await admin.query(fill(150, 10))
  const headersOf = ({ headers }: Response) => {
    const ofTheMoment = ['date', 'x-request-id', 'traceparent', 'keep-alive', 'connection']
    return Object.fromEntries([...headers].filter(([name]) => !ofTheMoment.includes(name)))
  }
  for (const [query, encoding, coding] of [
    ['limit=3', 'gzip', undefined],
    ['limit=100', 'identity', undefined],
    ['limit=100', 'gzip', 'gzip'],
    ['limit=100', 'zstd, br', 'zstd'],
    ['', 'identity', undefined],
    ['', 'br', 'br'],
  ] as const) {
    const ask = (method: string, headers: Record<string, string> = {}) =>
      fetch(`${url}${path}?${query}`, { method, headers: { 'accept-encoding': encoding, ...headers } })
    const full = await ask('GET')
    await full.arrayBuffer()
    const tag = full.headers.get('etag')!
    assert.match(tag, /^"[^"]+"$/)
    assert.equal(full.headers.get('cache-control'), 'private, no-cache')
    assert.equal(full.headers.get('vary'), 'Accept-Encoding')
    assert.equal(full.headers.get('content-encoding') ?? undefined, coding)

    const { 'transfer-encoding': _, ...expected } = headersOf(full)
    assert.deepEqual(headersOf(await ask('HEAD')), expected, `${query} ${encoding}`)
    for (const [method, sent] of [
      ['GET', tag],
      ['GET', `"x", W/${tag}`],
      ['HEAD', tag],
      ['GET', '*'],
    ] as const) {
      const same = await ask(method, { 'if-none-match': sent })
      assert.equal(same.status, 304, `${query} ${encoding} ${method} ${sent}`)
      assert.equal(await same.text(), '')
      const { 'content-type': _, 'content-encoding': __, 'content-length': ___, ...kept } = expected
      assert.deepEqual(headersOf(same), kept)
    }
    await admin.query(
      `update daily_user_item_summary set click_count = click_count + 1
       where (date, item_id) = (select max(date), min(item_id::text)::uuid from daily_user_item_summary
                                where date = (select max(date) from daily_user_item_summary))`,
    )
    const changed = await ask('GET', { 'if-none-match': tag })
    assert.equal(changed.status, 200)
    assert.notEqual(changed.headers.get('etag'), tag)
    assert.equal((await ask('GET', { 'if-none-match': changed.headers.get('etag')! })).status, 304)
  }
})

/** An answer that is read only when it is told to. */
async function unread(url: string): Promise<{ answer: IncomingMessage; text: () => Promise<string> }> {
  const request = httpGet(url, { agent: false, headers: plain })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return {
    answer,
    text: async () => {
      let text = ''
      answer.setEncoding('utf8')
      for await (const part of answer) text += part
      return text
    },
  }
}

let long: Promise<Database> | undefined

/** One for the tests of long lists: 14 MB of text, where a kernel keeps 6 or so for a reader that does not read. */
const longDatabase = (): Promise<Database> => {
  long ??= (async () => {
    const database = await freshDatabase()
    const admin = new pg.Client(database)
    await admin.connect()
    await migrate(admin)
    await admin.query(fill(400, 300))
    await admin.end()
    return database
  })()
  return long
}

/** The backends that hold one for an API. */
async function snapshots(admin: pg.Client): Promise<number[]> {
  const { rows } = await admin.query<{ pid: number }>(
    `select pid from pg_stat_activity
     where datname = current_database() and application_name = 'footfall api' and xact_start is not null`,
  )
  return rows.map(row => row.pid)
}

test('a long list is whole, is one snapshot, and is cut off where it cannot be finished', {
  timeout: 60_000,
}, async t => {
  const database = await longDatabase()
  const { url } = await api(t, database, { listsMax: 1 })
  const admin = await connect(t, database)
  const expected = (await admin.query<{ text: string }>(wholeList)).rows[0]!.text
  const noneHeld = () => until(async () => (await snapshots(admin)).length === 0, 5_000, 'the snapshot is given back')

  const during = await unread(`${url}${path}`)
  const refused = await fetch(`${url}${path}`)
  assert.equal(refused.status, 503)
  assert.match(refused.headers.get('retry-after')!, /^[1-9]\d?$/)
  assert.equal(await codeOf(refused), 'overloaded')
  assert.equal((await fetch(`${url}${path}?limit=1`)).status, 200)
  // The oldest days are what is read last.
  await admin.query(`update daily_user_item_summary set view_count = 0 where date < '2025-01-10'`)
  await admin.query(`delete from daily_user_item_summary where date = '2025-01-20'`)
  assert.equal((await snapshots(admin)).length, 1)
  assert.ok((await during.text()) === expected, 'the answer is the snapshot of its beginning')
  await noneHeld()

  const lost = await unread(`${url}${path}`)
  await admin.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [await snapshots(admin)])
  await assert.rejects(lost.text(), /aborted/)

  await noneHeld()
  const left = await unread(`${url}${path}`)
  left.answer.destroy()
  await noneHeld()
  const later = (await admin.query<{ text: string }>(wholeList)).rows[0]!.text
  assert.notEqual(later.length, expected.length)
  assert.ok((await (await unread(`${url}${path}`)).text()) === later, 'the place of one that went away is free')
})

test('a reader that stops, takes too long or outlives the API is cut off, and holds no snapshot', {
  timeout: 60_000,
}, async t => {
  const database = await longDatabase()
  const admin = await connect(t, database)
  const stalling = await api(t, database, { stallTimeoutMs: 2_000 })
  const slow = await api(t, database, { listTimeoutMs: 200 })
  for (const { url } of [stalling, slow]) {
    const { answer, text } = await unread(`${url}${path}`)
    assert.equal((await snapshots(admin)).length, 1)
    await until(async () => (await snapshots(admin)).length === 0, 10_000, 'the snapshot is given back')
    assert.equal(answer.complete, false)
    await assert.rejects(text(), /aborted/)
  }
  const stopping = await api(t, database)
  const { text } = await unread(`${stopping.url}${path}`)
  await stopping.stop()
  await assert.rejects(text(), /aborted/)
  assert.deepEqual(await snapshots(admin), [])
})

test('a list of more rows than a page is streamed and the same in every coding; one of as many is not', async t => {
  const database = await freshDatabase()
  const { url } = await api(t, database)
  const admin = await connect(t, database)
  for (const rows of [1_000, 1_001, 2_500]) {
    await admin.query('truncate daily_user_item_summary')
    await admin.query(fill(rows, 1))
    const expected = (await admin.query<{ text: string }>(wholeList)).rows[0]!.text
    for (const coding of ['zstd', 'br', 'gzip', 'identity']) {
      const answer = await fetch(`${url}${path}`, { headers: { 'accept-encoding': coding } })
      assert.equal(answer.headers.get('content-encoding') ?? 'identity', coding)
      assert.equal(answer.headers.has('content-length'), rows <= 1_000)
      assert.ok((await answer.text()) === expected, `${rows} ${coding}`)
    }
  }
})

test('a long list that fails before its first byte throws, and holds nothing', async t => {
  const database = await freshDatabase()
  await api(t, database)
  const admin = await connect(t, database)
  await admin.query(fill(3, 3))
  const pool = connectPool({ postgres: database })
  closing(t, () => pool.end())
  let closed = 0
  const asked = { userId: user, ...everything }
  const list = await readLongList(pool, asked, defaultLimits, () => (closed += 1))
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where state = 'idle in transaction' and datname = current_database()`,
  )
  await assert.rejects(list.open(), /terminat|connection error/i)
  assert.deepEqual([closed, pool.totalCount], [1, 0])
  await assert.rejects(
    readLongList(pool, { ...asked, userId: 'none' }, defaultLimits, () => (closed += 1)),
    /uuid/,
  )
  assert.deepEqual([closed, pool.totalCount], [2, 0])
})

test('reads beyond the bound are 503 at once, those that take too long 503 in time, and places come back', async t => {
  const database = await freshDatabase()
  const bounded = await api(t, database, { readsMax: 2 })
  const hasty = await api(t, database, { answerTimeoutMs: 100 })
  const admin = await connect(t, database)
  await admin.query(fill(1, 1))
  await admin.query('begin; lock table daily_user_item_summary in access exclusive mode')
  const late = await fetch(`${hasty.url}${path}`)
  assert.deepEqual([late.status, late.headers.get('retry-after'), await codeOf(late)], [503, '2', 'too_slow'])

  const inside = [fetch(`${bounded.url}${path}`), fetch(`${bounded.url}${path}?limit=1`)]
  const other = await connect(t, database)
  const waiting = async () => (await other.query('select from pg_locks where not granted')).rowCount! >= 2
  await until(waiting, 5_000, 'two reads wait for the lock')
  const refused = await fetch(`${bounded.url}${path}`)
  assert.deepEqual([refused.status, await codeOf(refused)], [503, 'overloaded'])
  assert.equal(refused.headers.get('retry-after'), '1')
  assert.equal((await fetch(`${bounded.url}/health`)).status, 200)

  await admin.query('commit')
  for (const answer of await Promise.all(inside)) assert.equal(answer.status, 200)
  for (const { url } of [bounded, hasty]) assert.equal((await fetch(`${url}${path}`)).status, 200)
})
