/** G8: an answer says how fresh it is and never more than is true; a write followed by a read shows the write. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { startApi } from '../../src/api/api.ts'
import { defaultLimits } from '../../src/api/limits.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { createLog } from '../../src/runtime/log.ts'
import { startCounting } from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignProducer } from '../support/foreign.ts'

const partitions = 2

test('a read that awaits the position of a write shows the write, whoever asks and however often', async t => {
  const { topic, database, url } = await open(t)
  await startCounting(t, { topic, database })
  const producer = await foreignProducer(t)
  for (let round = 0; round < 20; round++) {
    // New users each time: without waiting the answer would be 404.
    const writes = [0, 1].map(async partition => {
      const user_id = randomUUID()
      const value = bytesOf({ ...eventOf(round), user_id })
      const [written] = await producer.send({ topic, messages: [{ value, partition }] })
      return { user_id, position: `${partition}:${written!.baseOffset}` }
    })
    const written = await Promise.all(writes)
    const all = written.map(({ position }) => position).join(',')
    const asked = written.flatMap(({ user_id, position }) => [
      `${url}/${user_id}?min_position=${position}`,
      `${url}/${user_id}?min_position=${all}`,
    ])
    const answers = await Promise.all(asked.map(one => fetch(one)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    )
  }
})

test('what is not counted in time is refused and says where counting stands; a halt is not waited for', async t => {
  const { database, url } = await open(t)
  const client = await connect(t, database)
  const never = await fetch(`${url}/${randomUUID()}?min_position=0:3`)
  const problem = (await never.json()) as { code: string; detail: string }
  assert.deepEqual([never.status, problem.code], [503, 'not_counted_yet'])
  assert.ok(Number(never.headers.get('retry-after')) >= 1)
  assert.match(problem.detail, /^Offset 3 of partition 0 is awaited: nothing of it was counted yet\.$/)

  await client.query(
    `insert into rules (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max) values (1,1,1,1,1)`,
  )
  await client.query(
    `insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, counted, rules_version,
                                   clock_ms, state, halt_reason, halt_from, halt_to, halt_detail)
     values ('${randomUUID()}', 0, 1, 0, 3, 3, 1, 0, 'halted', 'gap', 3, 4, '')`,
  )
  const startedMs = performance.now()
  const halted = await fetch(`${url}/${randomUUID()}?min_position=0:3`)
  const because = (await halted.json()) as { code: string; detail: string }
  assert.equal(because.code, 'partition_halted')
  assert.match(because.detail, /it is counted up to 2, and it is halted \(gap\) until a person decides/)
  assert.ok(performance.now() - startedMs < waitTimeoutMs)
  assert.equal((await fetch(`${url}/${randomUUID()}?min_position=0:2`)).status, 404)
})

test('every answer says up to where and as of when it is true, and no more when nobody counts', async t => {
  const { topic, database, url } = await open(t)
  const unknown = await fetch(`${url}/${randomUUID()}`)
  assert.deepEqual(freshnessOf(unknown), { positions: null, lag: null, asOf: null })

  const counting = await startCounting(t, { topic, database })
  const producer = await foreignProducer(t)
  const { user_id } = eventOf(0)
  const send = (count: number) =>
    producer.send({
      topic,
      messages: Array.from({ length: count }, () => ({ value: bytesOf(eventOf(0)), partition: 0 })),
    })
  await send(5)
  const sentMs = Date.now()
  const fresh = await untilFresh(`${url}/${user_id}`, ({ asOf }) => asOf !== null && Date.parse(asOf) > sentMs)
  assert.deepEqual([fresh.positions, fresh.lag], ['p0=5, p1=0', '0'])
  assert.ok(Date.parse(fresh.asOf!) <= Date.now())
  const first = await fetch(`${url}/${user_id}`)
  assert.match(await first.text(), /"view_count":5/)

  // It is in every form of the answer.
  const tag = { 'if-none-match': first.headers.get('etag')! }
  assert.equal(freshnessOf(await fetch(`${url}/${user_id}`, { headers: tag })).positions, 'p0=5, p1=0')
  assert.equal(freshnessOf(await fetch(`${url}/${user_id}`, { method: 'HEAD' })).positions, 'p0=5, p1=0')
  assert.equal(freshnessOf(await fetch(`${url}/${randomUUID()}`)).positions, 'p0=5, p1=0')
  const client = await connect(t, database)
  const long = randomUUID()
  await client.query(
    `insert into daily_user_item_summary
     select '${long}', '2026-01-01', md5(n::text)::uuid, 1, 1, 1 from generate_series(1, ${defaultLimits.rowsMax + 1}) n`,
  )
  const list = await fetch(`${url}/${long}`)
  assert.equal(((await list.json()) as unknown[]).length, defaultLimits.rowsMax + 1)
  assert.equal(freshnessOf(list).positions, 'p0=5, p1=0')

  await counting.stop()
  const stoppedMs = Date.now()
  await send(5)
  const stale = freshnessOf(await fetch(`${url}/${user_id}`))
  assert.equal(stale.positions, 'p0=5, p1=0')
  assert.ok(Date.parse(stale.asOf!) <= stoppedMs, `${stale.asOf} is later than the last look at the log`)
})

const waitTimeoutMs = 2_000

async function open(t: TestContext) {
  const topic = await freshTopic(partitions)
  const database = await freshDatabase()
  const client = await connect(t, database)
  await migrate(client)
  const api = { host: '127.0.0.1', port: 0, awaitSeed: false }
  const limits = { ...defaultLimits, waitTimeoutMs }
  const running = await startApi({ postgres: database, api }, createLog('api', 'silent'), limits)
  closing(t, () => running.stop())
  return { topic, database, url: `${running.url}/api/user-activity-summary` }
}

const freshnessOf = ({ headers }: Response) => ({
  positions: headers.get('footfall-positions'),
  lag: headers.get('footfall-lag'),
  asOf: headers.get('footfall-as-of'),
})

type Fresh = ReturnType<typeof freshnessOf>

async function untilFresh(url: string, isWanted: (fresh: Fresh) => boolean): Promise<Fresh> {
  let fresh: Fresh | undefined
  await until(
    async () => {
      fresh = freshnessOf(await fetch(url))
      return isWanted(fresh)
    },
    15_000,
    'the answer is fresh',
  )
  return fresh!
}
