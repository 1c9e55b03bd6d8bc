import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Admin } from 'kafkajs'
import {
  assertBalanced,
  countedTable,
  ledger,
  recount,
  type Sent,
  startCounting,
  untilRead,
} from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, leadersOf, sendForeign } from '../support/foreign.ts'

for (const [what, partitions] of [
  ['fewer', 1],
  ['the same', 3],
  ['more', 6],
] as const) {
  test(`G7: a topic recreated with ${what} partitions under a running consumer halts them all and changes no count`, async t => {
    const { topic, client, database } = await counted(t)
    await recreate(t, topic, partitions)
    await allHalted(client, Math.max(3, partitions))

    const restarted = await startCounting(t, { topic, database })
    await sendForeign(t, topic, messages(0, partitions))
    await restarted.stop()
    await allHalted(client, Math.max(3, partitions))
  })

  test(`G7: a topic recreated with ${what} partitions while no consumer ran halts them all and changes no count`, async t => {
    const { topic, client, database, running } = await counted(t)
    await running.stop()
    await recreate(t, topic, partitions)
    await startCounting(t, { topic, database })
    await allHalted(client, Math.max(3, partitions))
  })
}

const perPartition = 50

/** Events of three partitions, counted. */
async function counted(t: TestContext) {
  const topic = await freshTopic(3)
  const database = await freshDatabase()
  await sendForeign(t, topic, messages(0, 3))
  const running = await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(client, 3 * perPartition)
  return { topic, database, running, client }
}

/** With as many records again and more, so that the offsets fit. */
async function recreate(t: TestContext, topic: string, partitions: number): Promise<void> {
  const admin = await adminOf(t)
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic), 20_000, 'it is deleted')
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false })
  await leadersOf(admin, topic, partitions)
  for (const from of [0, 1, 2]) await sendForeign(t, topic, messages(from * perPartition, partitions))
}

/** The three that were counted, and whatever else there is, are halted, and the counts are what they were. */
async function allHalted(client: Parameters<typeof ledger>[0], partitions: number): Promise<void> {
  const halts = async () => (await ledger(client)).map(row => `${row.partition} ${row.state} ${row.halt_reason}`)
  const expected = Array.from({ length: partitions }, (_, partition) => `${partition} halted recreated`)
  await until(async () => (await halts()).join() === expected.join(), 20_000, 'all are halted').catch(async error => {
    throw new Error(`${(error as Error).message}: ${(await halts()).join()}`)
  })
  assert.deepEqual(await countedTable(client), recount(events(0, 3 * perPartition)))
  await assertBalanced(client)
}

async function adminOf(t: TestContext): Promise<Admin> {
  const admin = foreignClient().admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  return admin
}

const events = (from: number, count: number): Sent[] => Array.from({ length: count }, (_, i) => eventOf(from + i))

const messages = (from: number, partitions: number) =>
  events(from, partitions * perPartition).map((event, i) => ({
    key: null,
    value: bytesOf(event),
    partition: i % partitions,
  }))
