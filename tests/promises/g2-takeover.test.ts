/** G2: two owners of a partition cost work, never counts. A second group id makes owners overlap as long as one likes. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { joinGroup } from '../../src/kafka/group.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { assertBalanced, countedTable, ledger, recount, untilRead } from '../support/counting.ts'
import {
  closing,
  connect,
  type Database,
  freshDatabase,
  freshTopic,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { eventOf } from '../support/events.ts'
import { startHeard } from '../support/heard.ts'
import { startLoad } from '../support/load.ts'
import { type Deed, proxyPostgres } from '../support/proxy.ts'

const event = (n: number) => eventOf(n)
const otherGroup = (topic: string) => ({ KAFKA_CONSUMER_GROUP: `${topic}-other` })
/** The first statement of a settle, and of an opening. */
const isSettle = (sql: string) => sql === 'begin'
const isOpening = (sql: string) => sql.startsWith('begin isolation level repeatable read')

const overtaken = 'partition_overtaken'

test('G2: one of two partitions is taken over while both are being settled, and the other settles on', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const next = async (partition: number) => (await ledger(client))[partition]?.next_offset ?? 0
  let deed: Deed = 'forward'
  const proxy = await proxyPostgres(t, database, sql => (isSettle(sql) ? deed : 'forward'))
  const first = await startHeard(t, { topic, database: proxy.database })
  await until(() => first.said('partition_opened').length === 2, 15_000, 'the first owner opened both partitions')
  deed = 'hold'
  const load = await startLoad(t, topic, event, {})
  await until(() => proxy.held() > 0, 15_000, 'the first owner has a batch on the way')
  await untilHasReadBoth(client)
  // This batch was of one partition, the next is of both.
  const isNext = async () => {
    const isSettled = (await next(0)) + (await next(1)) > 0
    if (!isSettled) proxy.release()
    return isSettled && proxy.held() > 0
  }
  await until(isNext, 15_000, 'the next batch')

  await idleMember(t, topic, database)
  const second = await startHeard(t, { topic, database, settings: otherGroup(topic) })
  const opened = await until(() => second.said('partition_opened')[0], 15_000, 'the second owner opened a partition')
  const taken = opened.partition!
  const other = 1 - taken
  await until(async () => (await next(taken)) > opened.offset!, 15_000, 'the second owner took it over')
  const before = await next(other)
  const goesOn = () => {
    proxy.release() // more than once: it tries the same again after seconds without an answer
    return first.said(overtaken).length > 0
  }
  await until(goesOn, 15_000, 'the first owner found that it was overtaken')
  assert.ok((await next(other)) > before, 'the transaction that found one overtaken settled the other')

  deed = 'forward'
  proxy.release()
  await load.stop()
  await untilRead(client, load.sent.length)
  assert.deepEqual(await countedTable(client), recount(load.sent))
  await assertBalanced(client)
  assert.ok(first.said(overtaken).every(({ partition }) => partition === taken))
  assert.equal(
    second.said('partition_opened').every(({ partition }) => partition === taken),
    true,
  )
})

test('G2: a partition opened while its old owner is committing goes on where that commit ends', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const read = async () => (await ledger(client))[0]?.next_offset ?? 0
  let old: Deed = 'forward'
  const oldProxy = await proxyPostgres(t, database, sql => (sql === 'commit' ? old : 'forward'))
  let opening: Deed = 'forward'
  const newProxy = await proxyPostgres(t, database, sql => (isOpening(sql) ? opening : 'forward'))
  const oldOwner = await startHeard(t, { topic, database: oldProxy.database })
  const load = await startLoad(t, topic, event, { partitions: 1 })
  await until(async () => (await read()) > 0, 15_000, 'the old owner counts')

  opening = 'hold'
  const newOwner = await startHeard(t, { topic, database: newProxy.database, settings: otherGroup(topic) })
  await until(() => newProxy.held() > 0, 15_000, 'the new owner is about to read the ledger')
  old = 'hold'
  await until(() => oldProxy.held() > 0, 15_000, 'the old owner is about to commit')
  const uncommitted = await read()
  opening = 'forward'
  newProxy.release()
  const opened = await until(() => newOwner.said('partition_opened')[0], 15_000, 'the new owner opened it')
  assert.equal(opened.offset, uncommitted)
  old = 'forward'
  oldProxy.release()
  await until(() => newOwner.said(overtaken).length + oldOwner.said(overtaken).length > 0, 15_000, 'they met')

  await load.stop()
  await untilRead(client, load.sent.length)
  assert.deepEqual(await countedTable(client), recount(load.sent))
  await assertBalanced(client)
})

test('G2: two groups that count the same partitions under load lose nothing and count nothing twice', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const one = await startHeard(t, { topic, database })
  const two = await startHeard(t, { topic, database, settings: otherGroup(topic) })
  const load = await startLoad(t, topic, event, {})
  const met = () => Math.min(one.said(overtaken).length, two.said(overtaken).length)
  await until(() => met() >= 5, 30_000, 'each was overtaken by the other five times')

  await load.stop()
  await untilRead(client, load.sent.length)
  assert.deepEqual(await countedTable(client), recount(load.sent))
  await assertBalanced(client)
})

/** A member of the other group that reads nothing: it keeps one of two partitions to itself. */
async function idleMember(test: TestContext, topic: string, database: Database): Promise<void> {
  const config = parseConfig({ ...settingsFor(sharedKafka(), database, topic), ...otherGroup(topic) })
  let assigned = 0
  const membership = joinGroup(config, createLog('idle', 'silent'), partitions => {
    assigned = partitions.length
  })
  closing(test, () => membership.leave())
  await until(() => assigned === 2, 15_000, 'the idle member has both partitions')
}

/** What a consumer says of itself every two seconds: it has read records of both partitions. */
async function untilHasReadBoth(client: pg.Client): Promise<void> {
  await until(
    async () => (await client.query('select from partition_watch where log_end > 0')).rowCount === 2,
    15_000,
    'records of both partitions were read',
  )
}
