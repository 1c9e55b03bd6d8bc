import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Admin } from 'kafkajs'
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
import { closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, leadersOf, sendForeign } from '../support/foreign.ts'
import { resumed, runPartitions } from '../support/resume.ts'

for (const [what, partitions] of [
  ['fewer', 1],
  ['the same', 3],
  ['more', 6],
] as const) {
  test(`G7: a topic recreated with ${what} partitions under a running consumer halts them all, and all go on in the new one by a person's word`, async t => {
    const { topic, client, database } = await counted(t)
    await recreate(t, topic, partitions)
    await allHalted(client, Math.max(3, partitions))

    const restarted = await startCounting(t, { topic, database })
    await sendForeign(t, topic, messages(0, partitions))
    await restarted.stop()
    await allHalted(client, Math.max(3, partitions))

    const plain = await runPartitions(t, { topic, database }, 'resume', '0', '--yes')
    assert.equal(plain.code, 1)
    assert.match(plain.said, /refused: It is recreated now: .*resume 0 --new-lineage closes lineage 1 at 50 and begins/)
    const listed = await runPartitions(t, { topic, database })
    assert.match(listed.said, /^all at once: \.\/footfall partitions resume all --new-lineage$/m)
    await resumed(t, { topic, database }, 'all', '--new-lineage')
    await untilFate(client, [
      ...events(0, 3 * perPartition),
      ...inNewTopic(partitions),
      ...events(0, partitions * perPartition),
    ])
    const rows = (await ledger(client)).map(row => [row.partition, row.lineage, row.state, row.start_offset].join(' '))
    const all = Array.from({ length: Math.max(3, partitions) }, (_, n) => n)
    const expected = all.flatMap(n => [
      ...(n < 3 ? [`${n} 1 closed 0`] : []),
      ...(n < partitions ? [`${n} ${n < 3 ? 2 : 1} open 0`] : []),
    ])
    assert.deepEqual(rows, expected)
    await assertBalanced(client)
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

/** Waits for counts that no later record can change. */
async function untilFate(client: Parameters<typeof ledger>[0], expected: readonly Sent[]): Promise<void> {
  await until(async () => (await fates(client)).counted === expected.length, 20_000, 'all is counted')
  assert.deepEqual(await countedTable(client), recount(expected))
}

async function adminOf(t: TestContext): Promise<Admin> {
  const admin = foreignClient().admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  return admin
}

const events = (from: number, count: number): Sent[] => Array.from({ length: count }, (_, i) => eventOf(from + i))

const inNewTopic = (partitions: number): Sent[] =>
  [0, 1, 2].flatMap(from => events(from * perPartition, partitions * perPartition))

const messages = (from: number, partitions: number) =>
  events(from, partitions * perPartition).map((event, i) => ({
    key: null,
    value: bytesOf(event),
    partition: i % partitions,
  }))
