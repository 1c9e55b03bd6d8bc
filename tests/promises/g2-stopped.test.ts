/** G2 and G5: consumers that are stopped, killed and brought back, as processes of their own. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { Event } from '../../src/runtime/events.ts'
import {
  assertBalanced,
  countedTable,
  fates,
  ledger,
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
  type Role,
  roleProcess,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { startLoad } from '../support/load.ts'
import { type Deed, proxyPostgres } from '../support/proxy.ts'

/** How long the group waits for a silent member. */
const sessionMs = 10_000
/** How long PostgreSQL lets a silent transaction hold its locks. */
const transactionMs = 5_000
const isSettle = (sql: string) => sql === 'begin'

const event = (n: number) => eventOf(n)

// They wait for timeouts most of the time, and they wait side by side.
suite('G2: consumers that are stopped or killed', { concurrency: true }, () => {
  test('G2: a zombie that wakes up after another took over writes nothing and says so', async t => {
    const topic = await freshTopic(2)
    const database = await freshDatabase()
    const client = await connect(t, database)
    let deed: Deed = 'forward'
    const proxy = await proxyPostgres(t, database, sql => (isSettle(sql) ? deed : 'forward'))
    const zombie = startConsumer(t, topic, proxy.database)
    await until(() => said(zombie, 'partition_opened').length === 2, 20_000, 'it opened both partitions')
    const load = await startLoad(t, topic, event, {})
    await until(async () => (await fates(client)).counted > 0, 15_000, 'it counts')

    deed = 'hold'
    await until(() => proxy.held() > 0, 15_000, 'it has a batch on the way')
    zombie.signal('SIGSTOP')
    const stuckAt = await ledger(client)
    const heir = startConsumer(t, topic, database)
    const tookOver = async () => (await ledger(client)).every((row, i) => row.next_offset > stuckAt[i]!.next_offset)
    await until(tookOver, 2 * sessionMs, 'another took both partitions over')
    deed = 'forward'
    zombie.signal('SIGCONT')
    proxy.release()
    await until(() => said(zombie, 'partition_overtaken').length > 0, 15_000, 'it found that it was overtaken')

    await load.stop()
    await untilRead(client, load.sent.length)
    assert.deepEqual(await countedTable(client), recount(load.sent))
    await assertBalanced(client)
    assert.equal(said(heir, 'partition_overtaken').length, 0, 'nobody was faster than the owner')
  })

  test('G2: a static member that was killed comes back and takes over at once', async t => {
    const topic = await freshTopic(2)
    const database = await freshDatabase()
    const client = await connect(t, database)
    const member = { KAFKA_GROUP_INSTANCE_ID: 'one' }
    const first = startConsumer(t, topic, database, member)
    const load = await startLoad(t, topic, event, {})
    await until(async () => (await fates(client)).counted > 0, 20_000, 'it counts')

    await first.kill()
    const { counted } = await fates(client)
    const second = startConsumer(t, topic, database, member)
    await until(async () => (await fates(client)).counted > counted, 30_000, 'it counts again')
    const tookMs = saidAtMs(second, 'partitions_assigned') - saidAtMs(second, 'topic_found')
    t.diagnostic(`the partitions were its own again ${tookMs} ms after it found the topic`)
    assert.ok(tookMs < sessionMs / 2, `it waited ${tookMs} ms for the member it was itself`)

    await load.stop()
    await untilRead(client, load.sent.length)
    assert.deepEqual(await countedTable(client), recount(load.sent))
    await assertBalanced(client)
  })

  test('G5: a consumer stopped in the middle of a settle holds up one partition, and that only for a while', async t => {
    const topic = await freshTopic(2)
    const database = await freshDatabase()
    const client = await connect(t, database)
    let deed: Deed = 'forward'
    const proxy = await proxyPostgres(t, database, sql => (sql === 'commit' ? deed : 'forward'))
    const stopped = startConsumer(t, topic, proxy.database)
    await until(() => said(stopped, 'partition_opened').length === 2, 20_000, 'it opened both partitions')
    const other = startConsumer(t, topic, database, { KAFKA_CONSUMER_GROUP: `${topic}-other` })
    await until(() => said(other, 'partition_opened').length === 2, 20_000, 'the other opened both as well')

    // The first to come in wins partition 0, and is stopped when all is written but nothing committed.
    other.signal('SIGSTOP')
    deed = 'hold'
    const events = [0, 1].map(partition => Array.from({ length: 100 }, (_, n) => ofPartition(partition, n)))
    const send = (partition: number) =>
      sendForeign(
        t,
        topic,
        events[partition]!.map(one => ({ value: bytesOf(one), partition })),
      )
    await send(0)
    await until(() => proxy.held() > 0, 15_000, 'it wrote partition 0 and did not commit')
    stopped.signal('SIGSTOP')
    const stoppedMs = performance.now()
    other.signal('SIGCONT')
    await send(1)
    const next = async (partition: number) => (await ledger(client))[partition]!.next_offset
    await until(async () => (await next(1)) === 100, transactionMs, 'partition 1 goes on')
    const goesOnMs = performance.now() - stoppedMs
    await until(async () => (await next(0)) === 100, transactionMs + 2_000, 'partition 0 goes on')
    const waitedMs = performance.now() - stoppedMs
    t.diagnostic(`partition 1 went on after ${Math.round(goesOnMs)} ms, partition 0 after ${Math.round(waitedMs)} ms`)

    assert.deepEqual(await countedTable(client), recount(events.flat()))
    await assertBalanced(client)
  })

  test('G5: a partition whose ledger row stays locked takes no room from the others', async t => {
    const topic = await freshTopic(2)
    const database = await freshDatabase()
    const client = await connect(t, database)
    const records = 3_000
    await startCounting(t, { topic, database, settings: { CONSUMER_MAX_PENDING_RECORDS: '1000' } })
    const next = async (partition: number) => (await ledger(client))[partition]?.next_offset
    await until(async () => (await next(1)) === 0, 15_000, 'both partitions were opened')

    const locker = await connect(t, database)
    await locker.query('begin')
    await locker.query('select from partition_ledger where partition = 0 for update')
    const events = Array.from({ length: records }, (_, n) => ofPartition(n % 2, n))
    await sendForeign(
      t,
      topic,
      events.map((one, n) => ({ value: bytesOf(one), partition: n % 2 })),
    )
    await until(async () => (await next(1)) === records / 2, 10_000, 'partition 1 was counted')
    assert.equal(await next(0), 0)
    await locker.query('rollback')

    await untilRead(client, records)
    assert.deepEqual(await countedTable(client), recount(events))
    await assertBalanced(client)
  })
})

/** Partitions of users of their own: they meet in no row. */
function ofPartition(partition: number, n: number): Sent {
  return { ...eventOf(n), user_id: uuidOf(`user ${n % 10} of partition ${partition}`) }
}

function startConsumer(test: TestContext, topic: string, database: Database, settings = {}): Role {
  // A group of its own for every test: a member that is stopped would hold up the others' assignments.
  const group = { KAFKA_CONSUMER_GROUP: topic }
  return roleProcess(test, 'consumer', { ...settingsFor(sharedKafka(), database, topic), ...group, ...settings })
}

/** Its lines of this event. */
function said({ output }: Role, event: Event): string[] {
  return output.filter(line => line.includes(`"event":"${event}"`))
}

/** When it first said so, in ms. */
function saidAtMs(role: Role, event: Event): number {
  return Date.parse((JSON.parse(said(role, event)[0]!) as { time: string }).time)
}
