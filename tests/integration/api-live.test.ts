/** /api/live against a real PostgreSQL: what it tells whom, what it costs, and how it ends. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { buildApi } from '../../src/api/api.ts'
import { defaultLimits, type Limits } from '../../src/api/limits.ts'
import { connectPool } from '../../src/postgres/connect.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { apiMetrics, exportMetrics } from '../../src/runtime/metrics.ts'
import { fates, startCounting, untilRead } from '../support/counting.ts'
import { closing, connect, type Database, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { listenTo, type Told } from '../support/live.ts'
import { proxyPostgres } from '../support/proxy.ts'

interface Watched {
  readonly url: string
  readonly database: Database
  readonly admin: pg.Client
  /** Statements asked of PostgreSQL so far. */
  readonly statements: () => number
  readonly logged: string[]
  readonly stop: () => Promise<void>
}

/** An API over a database with tables, that looks ten times as often as it does by itself. */
async function watched(
  t: TestContext,
  limits: Partial<Limits> = {},
  given?: Database,
  settings: Record<string, string> = {},
): Promise<Watched> {
  const database = given ?? (await freshDatabase())
  const admin = await connect(t, database)
  if (given === undefined) await migrate(admin)
  exportMetrics('api', apiMetrics)
  const pool = connectPool({ postgres: database }, 'live tests')
  let statements = 0
  pool.on('acquire', () => {
    statements += 1
  })
  const logged: string[] = []
  const log = createLog('tests', 'info', line => void logged.push((JSON.parse(line) as { event: string }).event))
  const all = { ...defaultLimits, pollMs: 100, ...limits }
  const app = await buildApi(pool, async () => [], log, all, parseConfig(settings))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const stop = () => app.close()
  closing(t, () => pool.end())
  closing(t, stop)
  return { url: `http://127.0.0.1:${port}`, database, admin, statements: () => statements, logged, stop }
}

const topicId = '0b0e2c1a-7f0f-4d3b-9a53-2f2a6f1d2c11'

/** Books as a consumer keeps them, for what a consumer would need long for. */
async function keepBooks(admin: pg.Client, partitions = 2): Promise<void> {
  await admin.query(
    `insert into rules (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max) values (2, 1, 1, 1, 1)`,
  )
  await admin.query(
    `insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, counted, rules_version,
                                   clock_ms, settled_at, waited_ms)
     select $1, n, 1, 0, 10, 10, 1, extract(epoch from now()) * 1000, now(), 40 from generate_series(0, $2 - 1) as n`,
    [topicId, partitions],
  )
  await report(admin)
}

const report = (admin: pg.Client) =>
  admin.query(
    `insert into partition_watch select partition, 'here:1', 0, next_offset, now() from partition_ledger
     on conflict (partition) do update set log_end = excluded.log_end, seen_at = now()`,
  )

const count = (admin: pg.Client, events = 1) =>
  admin.query(
    `update partition_ledger set next_offset = next_offset + $1, counted = counted + $1, settled_at = now()
      where partition = 0`,
    [events],
  )

test('what is told after a known run is what the tables say, and it moves within a second of the commit', async t => {
  const place = { topic: await freshTopic(2), database: await freshDatabase() }
  const client = await connect(t, place.database)
  const kinds = ['view', 'view', 'click', 'purchase'] as const
  const event = (n: number) => ({ ...eventOf(n), user_id: eventOf(0).user_id, activity_type: kinds[n % 4]! })
  const good = Array.from({ length: 40 }, (_, n) => ({ value: bytesOf(event(n)), partition: n % 2 }))
  await sendForeign(t, place.topic, [...good, { value: Buffer.from('{'), partition: 1 }])
  await startCounting(t, place)
  await untilRead(client, 41)
  const { url } = await watched(t, {}, place.database)
  const listener = await listenTo(t, url)

  const { data: state } = await listener.hear('state', ({ ledger }) => ledger.read === '41')
  const sums = await fates(client)
  assert.deepEqual(state.ledger, {
    ...{ read: '41', counted: String(sums.counted), duplicate: String(sums.duplicate) },
    ...{ rejected: String(sums.rejected), skipped: '0', lost: '0' },
  })
  assert.equal(sums.counted, 40)
  assert.equal(state.partitions.length, 2)
  for (const one of state.partitions) assert.ok(one.waited_ms >= 0 && one.settled_at !== null, JSON.stringify(one))

  const { data: activity } = await listener.hear('activity', ({ minutes }) => minutes.length > 0)
  const sum = (lines: string[][], kind: number) => lines.reduce((total, line) => total + Number(line[kind]), 0)
  for (const lines of [activity.minutes, activity.days]) {
    assert.deepEqual(
      [1, 2, 3].map(kind => sum(lines, kind)),
      [20, 10, 10],
    )
  }
  assert.deepEqual((await listener.hear('rejects')).data, { total: '1', recent: 1 })

  await sendForeign(t, place.topic, [{ value: bytesOf(event(41)), partition: 0 }])
  await untilRead(client, 42)
  const committed = performance.now()
  await listener.hear('state', ({ ledger }) => ledger.read === '42')
  assert.ok(performance.now() - committed < 1_000)
  const change = await listener.hear('activity', ({ isChange }) => isChange)
  assert.equal(change.data.days.length, 1)
  const users = await listener.hear('busiest', ({ users }) => users.length > 0)
  assert.equal(users.data.users[0][0], event(0).user_id)
  assert.ok(users.data.users[0][1] > 0)
})

test('a newcomer is told everything, in order, with an id at the end; whoever comes back only what was missed', async t => {
  const { url, admin } = await watched(t)
  await keepBooks(admin)
  const first = await listenTo(t, url)
  assert.deepEqual([first.status, first.headers['content-type']], [200, 'text/event-stream'])
  assert.deepEqual([first.headers['cache-control'], first.headers['x-content-type-options']], ['no-store', 'nosniff'])
  await first.hear('rejects')
  const names = ['hello', 'state', 'history', 'activity', 'busiest', 'rejects']
  assert.deepEqual(
    first.told.slice(0, 6).map(({ name }) => name),
    names,
  )
  assert.deepEqual(
    first.told.slice(0, 6).map(({ id }) => id !== undefined),
    [false, false, false, false, false, true],
  )
  const { data: hello } = first.told[0]!
  assert.deepEqual([hello.try_it, hello.rejects, hello.retry_ms], [false, false, 1_000])
  const admins = await watched(t, {}, undefined, { ADMIN_TOKEN: 'a-token-of-the-tests', TRY_IT: 'true' })
  const { data: offers } = await (await listenTo(t, admins.url)).hear('hello')
  assert.deepEqual([offers.try_it, offers.rejects], [true, true])

  const other = await listenTo(t, url)
  await other.hear('rejects')
  const [before, left] = [first.lastId(), first.told.length]
  first.leave()
  for (const read of ['21', '22', '23']) {
    await count(admin)
    await other.hear('state', ({ ledger }) => ledger.read === read)
  }
  const again = await listenTo(t, url, { 'last-event-id': before! })
  await again.hear('state', ({ ledger }) => ledger.read === '23')
  const missed = again.told.filter(({ name }) => name === 'state').map(({ data }) => data.ledger.read)
  assert.deepEqual(
    [missed, again.told.some(({ name }) => name === 'hello'), left > 5],
    [['21', '22', '23'], false, true],
  )
  const numbers = again.told.map(({ id }) => Number(id!.split('-')[1]))
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  )
  assert.equal(new Set(numbers).size, numbers.length)

  const stranger = await listenTo(t, url, { 'last-event-id': 'another-17' })
  await stranger.hear('rejects')
  assert.equal(stranger.told[0]!.name, 'hello')
})

test('all who watch share one look, and nobody looks while nobody watches', async t => {
  const { url, admin, statements } = await watched(t)
  await keepBooks(admin)
  const alone = await listenTo(t, url)
  await alone.hear('rejects')
  const looks = async (watching: Told[] | readonly Told[]) => {
    const [from, told] = [statements(), watching.length]
    for (let n = 0; n < 10; n++) {
      await count(admin)
      const events = watching.length
      await until(() => watching.length > events, 5_000, 'a change is told')
    }
    assert.ok(watching.length > told)
    return statements() - from
  }
  const ofOne = await looks(alone.told)
  const crowd = await Promise.all(Array.from({ length: 100 }, () => listenTo(t, url)))
  await Promise.all(crowd.map(one => one.hear('rejects')))
  const ofMany = await looks(alone.told)
  // A look is two or three statements; how many there are in ten changes is a matter of milliseconds, not of readers.
  assert.ok(ofMany < 3 * ofOne + 30, `${ofMany} statements for 101, ${ofOne} for one`)
  const last = alone.told.findLast(({ name }) => name === 'state')!
  for (const one of crowd) await one.hear('state', ({ ledger }) => ledger.read === last.data.ledger.read)

  for (const one of [alone, ...crowd]) one.leave()
  let seen = -1
  let looksAlike = 0
  const isQuiet = () => {
    looksAlike = statements() === seen ? looksAlike + 1 : 0
    seen = statements()
    return looksAlike > 25 // half a second, in which five looks would have come
  }
  await until(isQuiet, 10_000, 'nobody looks any more')
})

test('a halt is told with its place, and a consumer that is silent with the time', async t => {
  const { url, admin } = await watched(t)
  const waiting = await listenTo(t, url)
  await waiting.hear('state', ({ state }) => state === 'waiting')
  await keepBooks(admin)
  const listener = await listenTo(t, url)
  await listener.hear('state', ({ state }) => state === 'live')
  await admin.query(
    `update partition_ledger set state = 'halted', halt_reason = 'gap', halt_from = 10, halt_to = 12,
            halt_detail = 'missing', halted_at = now() where partition = 1`,
  )
  const { data } = await listener.hear('state', ({ state }) => state === 'halted')
  assert.match(data.why, /^Partition 1 \(gap\) is halted/)
  const { since, ...halt } = data.partitions[1].halt
  assert.deepEqual(
    [halt, Number.isNaN(Date.parse(since))],
    [{ reason: 'gap', from: 10, to: 12, detail: 'missing' }, false],
  )

  await admin.query(`update partition_ledger set state = 'open', halt_reason = null`)
  await admin.query(`update partition_watch set seen_at = now() - interval '11 seconds'`)
  assert.match(
    (await listener.hear('state', ({ state }) => state === 'stale')).data.why,
    /^No consumer has reported since /,
  )
  await report(admin)
  const told = listener.told.length
  await until(() => listener.told.slice(told).some(one => one.data.state === 'live'), 5_000, 'it is live again')
})

test('while PostgreSQL does not answer the last state is told as stale, with its old time, and once', async t => {
  const { url, admin, logged } = await watched(t)
  await keepBooks(admin)
  const listener = await listenTo(t, url)
  const { data: before } = await listener.hear('state', ({ state }) => state === 'live')
  await admin.query('alter table partition_ledger rename to elsewhere')
  const { data: stale } = await listener.hear('state', ({ state }) => state === 'stale')
  assert.deepEqual([stale.ledger, stale.partitions.length], [before.ledger, 2])
  assert.ok(Date.parse(stale.at) >= Date.parse(before.at) && Date.parse(stale.at) < Date.now())
  assert.match(stale.why, /The tables are not there yet/)
  const newcomer = await listenTo(t, url)
  assert.equal((await newcomer.hear('state')).data.state, 'stale')
  await listener.hear('beat')
  assert.equal(listener.told.filter(({ data }) => data.state === 'stale').length, 1)
  await admin.query('alter table elsewhere rename to partition_ledger')
  await count(admin)
  await listener.hear('state', ({ ledger }) => ledger.read === '21')
  assert.deepEqual(
    logged.filter(event => event.startsWith('live')),
    ['live_failing', 'live_working'],
  )
})

test('a PostgreSQL that falls silent is told as stale within seconds, and seen again when it speaks', async t => {
  const database = await freshDatabase()
  const admin = await connect(t, database)
  await migrate(admin)
  await keepBooks(admin)
  const proxy = await proxyPostgres(t, database, () => 'forward')
  const { url } = await watched(t, {}, proxy.database)
  const listener = await listenTo(t, url)
  await listener.hear('state', ({ ledger }) => ledger?.read === '20')
  proxy.isMute = true
  await listener.hear('state', ({ why }) => why === 'PostgreSQL does not answer.')
  proxy.isMute = false
  await count(admin)
  await listener.hear('state', ({ ledger }) => ledger.read === '21')
})

test('a reader that does not read is dropped, and the others go on', async t => {
  const { url, admin } = await watched(t)
  await keepBooks(admin)
  const [reader, sleeper] = [await listenTo(t, url), await listenTo(t, url)]
  await sleeper.hear('rejects')
  sleeper.pause()
  // Some megabytes wait in the system before any waits here.
  await admin.query(
    `update partition_ledger set state = 'halted', halt_reason = 'gap', halt_detail = repeat('x', 1000000)`,
  )
  const dropped = async () => {
    await count(admin)
    const page = await (await fetch(`${url}/metrics`)).text()
    return /^footfall_live_viewers_dropped_total [1-9]/m.test(page)
  }
  await until(dropped, 20_000, 'it is dropped')
  assert.equal(reader.isEnded(), false)
  const told = reader.told.length
  await until(() => reader.told.length > told, 5_000, 'the other still hears')
})

test('streams end at once with the API, are bounded in number, and HEAD has none', async t => {
  const { url, admin, stop } = await watched(t, { viewersMax: 2 })
  await keepBooks(admin)
  const listeners = [await listenTo(t, url), await listenTo(t, url)]
  await Promise.all(listeners.map(one => one.hear('rejects')))
  const third = await fetch(`${url}/api/live`)
  assert.equal(third.status, 503)
  assert.ok(Number(third.headers.get('retry-after')) >= 1)
  assert.equal(((await third.json()) as { code: string }).code, 'overloaded')
  listeners[0]!.leave()
  await until(
    async () => (await fetch(`${url}/api/live`, { method: 'HEAD' })).status === 200,
    5_000,
    'there is a place',
  )
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^footfall_http_requests_in_progress 1$/m)
  const before = performance.now()
  await stop()
  assert.ok(performance.now() - before < 900)
  await until(() => listeners[1]!.isEnded(), 1_000, 'the stream has ended')
})
