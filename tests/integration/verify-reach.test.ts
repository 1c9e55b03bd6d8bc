/** What `verify` can still prove where the log does not reach back, and that it says what it cannot. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { ledger, type Place, startCounting, untilRead } from '../support/counting.ts'
import {
  closing,
  connect,
  freshDatabase,
  freshName,
  freshTopic,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, leadersOf, sendForeign } from '../support/foreign.ts'
import { run } from '../support/tool.ts'
import { differencesOf, trim, verified } from '../support/verifying.ts'

/** Events `from` to `to`, in turn to both partitions; every tenth is bad, and every seventh is one from before again. */
const messages = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    const value = n % 10 === 4 ? Buffer.from(`{"bad":${n}}`) : bytesOf(eventOf(n % 7 === 0 ? n - 70 : n, 'id-'))
    return { key: null, value, partition: n % 2 }
  })

async function begun(t: TestContext): Promise<Place & { readonly client: pg.Client }> {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const place = { topic, database }
  const consumer = await startCounting(t, place)
  closing(t, () => consumer.stop())
  const client = await connect(t, database)
  await sendForeign(t, topic, messages(100, 300))
  await untilRead(client, 200)
  return { ...place, client }
}

const summary = async (place: Place) => {
  const report = await verified(place)
  return {
    verdict: report.verdict,
    by: report.partitions.map(({ provenBy }) => provenBy),
    differences: differencesOf(report),
    unproven: report.unproven.map(({ partition, from, to }) => `${partition}: ${from}-${to}`),
  }
}
const proven = (...by: string[]) => ({ verdict: 'proven', by, differences: [], unproven: [] })

test('where retention has trimmed the log, a checkpoint proves what lies before it', async t => {
  const place = await begun(t)
  const { client, topic } = place
  assert.deepEqual(await summary(place), proven('log', 'log'))
  await sendForeign(t, topic, messages(300, 500)) // some of them again what lies before the checkpoint
  await untilRead(client, 400)
  await trim(topic, 0, 40)
  await trim(topic, 1, 100)
  assert.deepEqual(await summary(place), proven('checkpoint and log', 'checkpoint and log'))
  await sendForeign(t, topic, messages(500, 700))
  await untilRead(client, 600)
  await trim(topic, 0, 150) // between the first checkpoint and the second
  assert.deepEqual(await summary(place), proven('checkpoint and log', 'checkpoint and log'))

  await t.test('a difference there is told by its day, one after it by its row, a reject by its number', async () => {
    const { rows } = await client.query(
      `update daily_user_item_summary set view_count = view_count + 1
        where (user_id, date, item_id) in (select user_id, date, item_id from daily_user_item_summary limit 1)
        returning to_char(date, 'YYYY-MM-DD') as date, user_id, item_id`,
    )
    assert.deepEqual((await summary(place)).differences, [`day changed ${rows[0].date} another digest -> the digest`])
    const { date: day, user_id, item_id } = rows[0]
    const other = 'date = $1 and (user_id, item_id) <> ($2, $3) and view_count > 0 and click_count + purchase_count = 0'
    await client.query(
      `update daily_user_item_summary set view_count = view_count - 1
        where (user_id, date, item_id) in
              (select user_id, date, item_id from daily_user_item_summary where ${other} limit 1)`,
      [day, user_id, item_id],
    )
    const { differences } = await summary(place) // the day's sum is right again, its rows are not
    assert.deepEqual(differences, [`day changed ${day} another digest -> the digest`])
    const scoped = await verified(place, { date: day })
    assert.deepEqual([scoped.verdict, scoped.differences.map(one => one.kind)], ['differs', ['day']])
    await client.query('delete from rejects where partition = 0 and "offset" < 20')
    assert.match((await summary(place)).differences.join('\n'), /reject changed 0 \d+ -> \d+/)
  })
})

test('records that are in no log and under no checkpoint are said not to be proven, and must add up all the same', async t => {
  const place = await begun(t)
  const { client, topic } = place
  await trim(topic, 0, 10)
  const expected = { verdict: 'unproven', by: ['not proven', 'log'], differences: [], unproven: ['0: 0-100'] }
  assert.deepEqual(await summary(place), expected)
  await client.query(
    `update daily_user_item_summary set view_count = view_count + 1
      where (user_id, date, item_id) in (select user_id, date, item_id from daily_user_item_summary limit 1)`,
  )
  const { verdict, differences } = await summary(place)
  assert.equal(verdict, 'differs')
  assert.match(differences.join(), /^row changed (\d+) -> \d+$/) // all rows together: one more than the ledger counts
  // What is bad is bad whatever came before it.
  await client.query(
    'delete from rejects where partition = 0 and "offset" = (select max("offset") from rejects where partition = 0)',
  )
  assert.match((await summary(place)).differences.join('\n'), /reject missing 0:97 nothing -> missing_member \/user_id/)
})

test('a topic that was created again: its old log is proven by a checkpoint at its end, or not at all', async t => {
  const place = await begun(t)
  const { client, topic, database } = place
  assert.equal((await verified(place)).checkpoint.recorded, true)
  const admin = foreignClient().admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic), 20_000, 'it is deleted')
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: false })
  await leadersOf(admin, topic, 2)
  await until(async () => (await ledger(client)).every(row => row.state === 'halted'), 20_000, 'both halt')
  const resumed = await run(t, 'partitions', settingsFor(sharedKafka(), database, topic), [
    'resume',
    'all',
    '--new-lineage',
    '--yes',
  ])
  assert.equal(resumed.code, 0, resumed.said)
  await sendForeign(t, topic, messages(100, 200))
  await untilRead(client, 300)
  const all = ['checkpoint and log', 'log', 'checkpoint and log', 'log']
  assert.deepEqual(await summary(place), proven(...all))
  await client.query('delete from checkpoints where lineage = 1 and partition = 0')
  const { verdict, by, unproven, differences } = await summary(place)
  assert.deepEqual(
    [verdict, by, unproven, differences],
    ['unproven', ['not proven', ...all.slice(1)], ['0: 0-100'], []],
  )
})

test('records that were declared lost have that fate, and what comes after them is proven', async t => {
  const place = await begun(t)
  const { client, topic, database } = place
  assert.equal((await verified(place)).verdict, 'proven')
  // The consumer is held by an open transaction while records gather and are deleted.
  const producer = foreignClient().producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  closing(t, () => producer.disconnect())
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: messages(0, 1) })
  await sendForeign(t, topic, messages(300, 340))
  await trim(topic, 0, 111)
  await until(async () => (await ledger(client))[0]!.state === 'halted', 20_000, 'it halts')
  await transaction.abort()
  const resumed = await run(t, 'partitions', settingsFor(sharedKafka(), database, topic), [
    'resume',
    '0',
    '--accept-loss',
    '100-111',
    '--yes',
  ])
  assert.equal(resumed.code, 0, resumed.said)
  await untilRead(client, 242)
  assert.equal((await ledger(client))[0]!.lost, 11)
  assert.deepEqual(await summary(place), proven('checkpoint and log', 'log'))
})

test('a user who may only read proves as well, and says that no checkpoint was recorded', async t => {
  const place = await begun(t)
  const { client, database } = place
  const user = freshName('reader')
  await client.query(`create role ${user} login password 'p'; grant pg_read_all_data to ${user}`)
  closing(t, () => client.query(`drop owned by ${user}; drop role ${user}`))
  const { verdict, checkpoint } = await verified(place, {}, { ...database, user, password: 'p' })
  assert.deepEqual([verdict, checkpoint], ['proven', { recorded: false, why: 'this user may not write checkpoints' }])
})

test('what a judge decided that this program does not have is not called proven', async t => {
  const place = await begun(t)
  await place.client.query('update rules set judge_version = 99')
  const report = await verified(place)
  assert.equal(report.verdict, 'unproven')
  assert.match(report.unproven[0]!.why, /from 0 on a judge of version 99 decided, which this program does not have/)
})
