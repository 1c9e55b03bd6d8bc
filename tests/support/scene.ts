/**
 * A load, consumers that count it, and a reader that watches: what the tests of crashes have in common. In the end the
 * table is held against the plain recount of the log, as a foreign client reads it.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { assertBalanced, countedTable, fates, once, recount, type Sent } from './counting.ts'
import {
  type Address,
  connect,
  type Database,
  freshDatabase,
  freshTopic,
  type Role,
  roleProcess,
  settingsFor,
  sharedKafka,
  sharedPostgres,
  until,
} from './environment.ts'
import { eventOf } from './events.ts'
import { type Load, readLog, startLoad } from './load.ts'
import { startWatching, type Watch } from './watch.ts'

const partitions = 4
/** Every other one has an id; every fiftieth is bad. The log, not the sender, tells which were written twice. */
const event = (n: number): Sent => {
  const good = eventOf(n, n % 2 === 0 ? 'id-' : undefined)
  return n % 50 === 7 ? { ...good, activity_type: 'like' } : good
}

export interface Scene {
  readonly topic: string
  readonly database: Database
  readonly kafka: Address
  readonly load: Load
  readonly watch: Watch
  readonly start: (instance?: string) => Role
  /** Waits until so many more records have a fate than now. */
  readonly untilMore: (records: number, what: string) => Promise<void>
}

/** Makes topic and database, and begins to load and to watch. */
export async function openScene(
  t: TestContext,
  {
    kafka = sharedKafka(),
    postgres = sharedPostgres(),
  }: { readonly kafka?: Address; readonly postgres?: Address } = {},
): Promise<Scene> {
  const topic = await freshTopic(partitions, {}, kafka)
  const database = await freshDatabase(postgres)
  const load = await startLoad(t, topic, event, { partitions, kafka })
  const watch = startWatching(t, database)
  const start = (instance?: string) => {
    const member = instance === undefined ? {} : { KAFKA_GROUP_INSTANCE_ID: instance }
    return roleProcess(t, 'consumer', { ...settingsFor(kafka, database, topic), ...member })
  }
  const untilMore = async (records: number, what: string) => {
    const before = watch.records()
    await until(() => watch.records() >= before + records, 40_000, what)
  }
  return { topic, database, kafka, load, watch, start, untilMore }
}

/** Ends the load, waits until all of it has a fate, and holds the table against the log. */
export async function finishScene(t: TestContext, { topic, database, kafka, load, watch }: Scene): Promise<void> {
  await load.stop()
  const log = await readLog(t, topic, kafka)
  await until(() => watch.records() >= log.length, 40_000, `all ${log.length} records of the log have a fate`)
  await watch.stop()
  t.diagnostic(`${log.length} records, ${load.sent.length} sent, ${watch.looks()} snapshots`)

  const read: (Sent & { readonly partition: number })[] = log.map(({ partition, value }) => ({
    ...(JSON.parse(value.toString()) as Sent),
    partition,
  }))
  assert.ok(
    new Set(read.map(({ event_id }) => event_id)).size > load.sent.length / 2,
    'nothing acknowledged is missing',
  )
  const good = read.filter(({ activity_type }) => activity_type !== 'like')
  const counted = Array.from({ length: partitions }, (_, n) => once(good.filter(one => one.partition === n))).flat()
  const client = await connect(t, database)
  assert.deepEqual(await countedTable(client), recount(counted))
  assert.deepEqual(await fates(client), {
    counted: counted.length,
    duplicate: good.length - counted.length,
    rejected: read.length - good.length,
    skipped: 0,
  })
  await assertBalanced(client)
  assert.deepEqual(watch.wrong, [])
  assert.ok(watch.looks() > 50, `only ${watch.looks()} snapshots were seen`)
}
