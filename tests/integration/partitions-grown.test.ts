import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertBalanced, countedTable, fates, ledger, recount, startCounting, untilRead } from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, leadersOf, sendForeign } from '../support/foreign.ts'
import { startLoad } from '../support/load.ts'

test('partitions that are added under load are noticed within seconds and counted from their first record', async t => {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const client = await connect(t, database)
  await startCounting(t, { topic, database })
  await startCounting(t, { topic, database })
  const load = await startLoad(t, topic, n => eventOf(n, 'id-'), { partitions: 2 })
  await until(async () => (await fates(client)).counted > 1_000, 20_000, 'it counts')

  const admin = foreignClient().admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
  const added = Array.from({ length: 200 }, (_, n) => eventOf(1_000_000 + n, 'id-'))
  const messages = added.map((event, i) => ({ key: null, value: bytesOf(event), partition: 2 + (i % 2) }))
  await leadersOf(admin, topic, 4)
  await sendForeign(t, topic, messages)
  const counted = async () => (await ledger(client)).filter(row => row.partition >= 2 && row.next_offset === 100)
  await until(async () => (await counted()).length === 2, 10_000, 'the new partitions are counted')
  await load.stop()

  await untilRead(client, load.sent.length + added.length)
  assert.deepEqual(await countedTable(client), recount([...load.sent, ...added]))
  assert.equal((await fates(client)).rejected, 0)
  await assertBalanced(client)
})
