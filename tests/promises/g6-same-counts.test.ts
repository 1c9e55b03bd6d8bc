import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'
import {
  assertBalanced,
  countedTable,
  fates,
  once,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import {
  connect,
  type Database,
  freshDatabase,
  freshTopic,
  roleProcess,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

const partitions = 4
const perRound = 20_000
const startedMs = Date.now()

test('G6: the same log gives the same tables, however many consumers read it, how, where and how often killed', async t => {
  // Two hours of senders' time pass in the log: segments of ids close every ten minutes of it and leave after one hour.
  const topic = await freshTopic(partitions, {
    'message.timestamp.type': 'CreateTime',
    'message.timestamp.after.max.ms': '86400000',
  })
  const key = createHash('md5').update(topic).digest()
  const [plain, many, small, killed, far] = await Promise.all([1, 2, 3, 4, 5].map(() => prepared(t, topic, key)))
  const group = (name: string) => ({ KAFKA_CONSUMER_GROUP: `${topic}-${name}`, DEDUPE_WINDOW_HOURS: '1' })
  const settings = (database: Database, name: string) => ({
    ...settingsFor(sharedKafka(), database, topic),
    ...group(name),
  })

  // Three of them read while the log grows, two read it later in one go.
  for (let i = 0; i < 3; i++) await startCounting(t, { topic, database: many!.database, settings: group('many') })
  await startCounting(t, {
    topic,
    database: small!.database,
    settings: { ...group('small'), CONSUMER_MAX_PENDING_RECORDS: '1000' },
  })
  // A static member takes over from its own dead self at once, as under `start`.
  const dies = { ...settings(killed!.database, 'killed'), KAFKA_GROUP_INSTANCE_ID: 'dies' }
  let dying = roleProcess(t, 'consumer', dies)
  for (const round of [0, 1, 2]) {
    await sendForeign(t, topic, messages(round))
    const seen = await readOf(killed!.client)
    await until(async () => (await readOf(killed!.client)) > seen, 30_000, 'it counts')
    await dying.kill()
    dying = roleProcess(t, 'consumer', dies)
  }
  await startCounting(t, { topic, database: plain!.database, settings: group('plain') })
  roleProcess(t, 'consumer', { ...settings(far!.database, 'far'), TZ: 'Asia/Kolkata', LANG: 'hi_IN.UTF-8' })

  const all = [plain!, many!, small!, killed!, far!]
  for (const { client } of all) await untilRead(client, 3 * perRound, 60_000)
  const first = await contents(plain!.client)
  for (const { client } of all.slice(1)) assert.deepEqual(await contents(client), first)
  assert.deepEqual(await countedTable(plain!.client), recount(once([0, 1, 2].flatMap(goodOf))))
  const { duplicate, rejected } = await fates(plain!.client)
  assert.ok(duplicate > 1_000 && rejected === (3 * perRound) / 10, `${duplicate} duplicates, ${rejected} rejects`)
  await assertBalanced(plain!.client)
  const { rows } = await plain!.client.query(
    'select count(distinct (partition, segment))::int as segments from event_ids',
  )
  assert.ok(rows[0].segments > partitions && rows[0].segments < 10 * partitions, 'some closed and some have left')
})

interface Prepared {
  readonly database: Database
  readonly client: pg.Client
}

/** A database with a given secret for its ids: each one's own would make their hashes differ. */
async function prepared(t: TestContext, topic: string, key: Buffer): Promise<Prepared> {
  const database = await freshDatabase()
  const client = await connect(t, database)
  await migrate(client)
  await client.query('insert into installation (topic, id_key) values ($1, $2)', [topic, key])
  return { database, client }
}

/** Every table with proof in it, as a hash, without the time it took; of the ids what they are, not in how many rows. */
async function contents(client: pg.Client): Promise<Record<string, string>> {
  const tables = {
    counts: 'select * from daily_user_item_summary order by user_id, date, item_id',
    ledger: `select to_jsonb(l) - 'settled_at' - 'waited_ms' from partition_ledger as l order by partition`,
    minutes: 'select * from activity_minutes order by partition, minute',
    days: 'select * from activity_days order by partition, date',
    rules: 'select * from partition_rules order by partition',
    rejects: `select topic_id, partition, lineage, "offset", reason, pointer, detail, key, value, headers, append_ms
                from rejects order by partition, "offset"`,
    ids: `select partition, segment, min(first_offset), min(first_ms), max(newest_ms),
                 string_agg(ids, ''::bytea order by first_offset)
            from event_ids group by partition, segment order by partition, segment`,
  }
  const hashes: Record<string, string> = {}
  for (const [name, query] of Object.entries(tables)) {
    const { rows } = await client.query(`select count(*) as rows, md5(string_agg(r::text, E'\\n')) from (${query}) r`)
    hashes[name] = `${rows[0].rows} rows ${rows[0].md5}`
  }
  return hashes
}

async function readOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query('select coalesce(sum(next_offset), 0)::int as read from partition_ledger')
  return rows[0].read
}

/** Of ten records one is bad. Each round takes 40 minutes by the senders' clock. */
function messages(round: number) {
  return Array.from({ length: perRound }, (_, i) => {
    const value = i % 10 === 0 ? Buffer.from(`{"bad":${round * perRound + i}}`) : bytesOf(sentAs(round, i))
    const timestamp = String(startedMs + Math.round(((round * perRound + i) / (3 * perRound)) * 2 * 3_600_000))
    return { key: null, value, partition: i % partitions, timestamp }
  })
}

const goodOf = (round: number): Sent[] =>
  Array.from({ length: perRound }, (_, i) => i).flatMap(i => (i % 10 === 0 ? [] : [sentAs(round, i)]))

/** The second round sends the first one's events again, each where it was. */
const sentAs = (round: number, i: number): Sent => eventOf((round === 1 ? 0 : round) * perRound + i, 'id-')
