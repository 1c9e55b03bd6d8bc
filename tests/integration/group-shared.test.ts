import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertBalanced, countedTable, recount, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshName, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

test('two installations with different topics in one group, as the default is, do not keep each other from counting', async t => {
  const settings = { KAFKA_CONSUMER_GROUP: freshName('group') }
  const clients = []
  const events = Array.from({ length: 100 }, (_, n) => eventOf(n))
  for (const partitions of [3, 2]) {
    const topic = await freshTopic(partitions)
    const database = await freshDatabase()
    const messages = events.map((event, i) => ({ key: null, value: bytesOf(event), partition: i % partitions }))
    await sendForeign(t, topic, messages)
    for (let i = 0; i < 2; i++) await startCounting(t, { topic, database, settings })
    clients.push(await connect(t, database))
  }
  for (const client of clients) {
    await untilRead(client, 100)
    assert.deepEqual(await countedTable(client), recount(events))
    await assertBalanced(client)
  }
})
