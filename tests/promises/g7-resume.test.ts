/** G7: what a person decides about a halt is done once and wholly, or not at all, and it is known who decided what. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { parseConfig } from '../../src/runtime/config.ts'
import { resume } from '../../src/upkeep/partitions/resume.ts'
import type { Status } from '../../src/upkeep/status/status.ts'
import { assertBalanced, countedTable, ledger, type Place, recount, type Sent, untilRead } from '../support/counting.ts'
import {
  closing,
  connect,
  freshDatabase,
  freshName,
  freshTopic,
  roleProcess,
  settingsFor,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { carryOut, runPartitions } from '../support/resume.ts'
import { run } from '../support/tool.ts'
import { deleteRecords } from '../support/trim.ts'

test('G7: a halt is ended by one person’s word, once, and the consumer that runs goes on by itself', async t => {
  const { place, client } = await trimmed(t)
  const [shown, strayed, unheard, absent, unasked] = await Promise.all([
    runPartitions(t, place),
    runPartitions(t, place, 'resume', '0', '--accept-loss', '40-60', '--yes'),
    runPartitions(t, place, 'resume', '0', '--accept-loss', '50', '--yes'),
    runPartitions(t, place, 'resume', '2', '3', '--yes'),
    runPartitions(t, place, 'resume', '0', '--accept-loss', '50-60'),
  ])
  assert.equal(shown.code, 1)
  assert.match(
    shown.said,
    /partition 0, lineage 1, at 50: HALTED since .*\n {2}trimmed: records that were not read yet/,
  )
  assert.match(
    shown.said,
    /\.\/footfall partitions resume 0 --accept-loss 50-60\n {6}declares offsets 50 to 59 \(10 rec/,
  )
  assert.match(shown.said, /partition 2, lineage 1, at 70: open/)
  assert.deepEqual([strayed.code, unheard.code, absent.code, unasked.code], [1, 2, 1, 2])
  assert.match(strayed.said, /partition 0: refused: .*FROM is 40, the partition stands at 50/)
  assert.match(absent.said, /partition 2: refused: is not halted\npartition 3: refused: is not in the ledger/)
  assert.match(unasked.said, /^partition 0: declares offsets 50 to 59 \(10 records\) lost.*\n.*nobody is there to ask/)
  assert.deepEqual(await standing(client), ['50 0 halted', '50 0 halted', '70 0 open'])

  const done = await runPartitions(t, place, 'resume', '0', '--accept-loss', '50-60', '--note', 'a full disk', '--yes')
  assert.equal(done.code, 0, done.said)
  assert.match(done.said, /^partition 0: declares offsets 50 to 59 \(10 records\) lost, .*\npartition 0: done$/)
  await until(async () => (await standing(client))[0] === '70 10 open', 10_000, 'the consumer goes on')

  const { code, said } = await run(t, 'status', settingsFor(sharedKafka(), place.database, place.topic), ['--json'])
  assert.equal(code, 1, 'the other one is halted')
  const { decisions, totals } = JSON.parse(said) as Status
  const { at, haltedAt, operatingUser, databaseUser, halt, ...decided } = decisions[0]!
  assert.equal(decisions.length, 1)
  assert.ok(Date.parse(at) >= Date.parse(haltedAt))
  assert.match(`${operatingUser} ${databaseUser}`, /^\S+@\S+ footfall$/)
  assert.deepEqual([halt.reason, halt.from, halt.to], ['trimmed', 50, 59])
  assert.deepEqual(decided, {
    ...{ decision: 'accept-loss', partition: 0, lineage: 1, fromOffset: 50, toLineage: 1, toOffset: 60, lost: 10 },
    note: 'a full disk',
  })
  assert.equal(totals.lost, 10)
  await assertBalanced(client)
})

test('G7: a halt that another person has ended meanwhile is not ended again', async t => {
  const { place, client } = await trimmed(t)
  const config = parseConfig(settingsFor(sharedKafka(), place.database, place.topic))
  const way = { decision: 'accept-loss', from: 50, to: 60 } as const
  const meanwhile = async () => {
    await carryOut(place, './footfall partitions resume 0 --accept-loss 50-65')
    return true
  }
  const late = await resume(config, { partitions: [0], way, note: undefined }, meanwhile)
  assert.equal(late?.isDone, false)
  assert.deepEqual(
    late?.steps.map(({ outcome, lost }) => [outcome, lost]),
    [['changed', 0]],
  )
  await until(async () => (await standing(client))[0] === '70 15 open', 10_000, 'as the first has said')
  assert.equal((await client.query('select from partition_decisions')).rowCount, 1)
  const declined = await resume(config, { partitions: [1], way, note: undefined }, async () => false)
  assert.equal(declined, undefined)
  assert.deepEqual(await standing(client), ['70 15 open', '50 0 halted', '70 0 open'])
  assert.deepEqual(await countedTable(client), recount([...events(0, 150), ...at(0, 65, 70), ...at(2, 50, 70)]))
  await assertBalanced(client)
})

test('G7: a decision that is killed, or that its user may not take, changes nothing', async t => {
  const { place, client, consumer } = await trimmed(t)
  await consumer.stop()
  const settings = settingsFor(sharedKafka(), place.database, place.topic)
  const user = freshName('reader')
  await client.query(`create role ${user} login password '${user}'`)
  closing(t, () => client.query(`drop owned by ${user}; drop role ${user}`))
  await client.query(`grant select on all tables in schema public to ${user}`)
  const args = ['resume', '0', '--accept-loss', '50-60', '--yes']
  const reader = await run(t, 'partitions', { ...settings, POSTGRES_USER: user, POSTGRES_PASSWORD: user }, args)
  assert.equal(reader.code, 1)
  assert.match(
    reader.said,
    /permission denied for table partition_ledger: .*set POSTGRES_USER to the owner of the tables/,
  )

  const other = await connect(t, place.database)
  await other.query('begin')
  await other.query('lock table partition_decisions')
  const killed = roleProcess(t, 'partitions', settings, args)
  const isWaiting = `select from pg_locks l join pg_stat_activity using (pid)
                      where not granted and application_name = 'footfall partitions'`
  await until(
    async () => (await client.query(isWaiting)).rowCount === 1,
    20_000,
    'the ledger is written, the rest is not',
  )
  await killed.kill()
  await other.query('rollback')
  const isGone = `select from pg_stat_activity where application_name = 'footfall partitions'`
  await until(async () => (await client.query(isGone)).rowCount === 0, 10_000, 'its transaction is undone')

  assert.deepEqual(await standing(client), ['50 0 halted', '50 0 halted', '70 0 open'])
  assert.equal((await client.query('select from partition_decisions')).rowCount, 0)
  await carryOut(place, './footfall partitions resume 0 --accept-loss 50-60')
  assert.deepEqual(await standing(client), ['60 10 open', '50 0 halted', '70 0 open'])
  await assertBalanced(client)
})

/** Three partitions counted to 50; of two of them 50 to 59 are gone, and they are halted; the third is counted to 70. */
async function trimmed(t: TestContext) {
  const topic = await freshTopic(3)
  const place: Place = { topic, database: await freshDatabase() }
  const client = await connect(t, place.database)
  const settings = settingsFor(sharedKafka(), place.database, topic)
  await sendForeign(t, topic, messages(0, 150))
  const first = roleProcess(t, 'consumer', settings)
  await until(async () => (await ledger(client)).length === 3, 20_000, 'it begins')
  await untilRead(client, 150)
  await first.stop()
  await sendForeign(t, topic, messages(150, 60))
  for (const partition of [0, 1]) await deleteRecords(topic, partition, 60)
  const consumer = roleProcess(t, 'consumer', settings)
  const expected = ['50 0 halted', '50 0 halted', '70 0 open'].join()
  await until(async () => (await standing(client)).join() === expected, 20_000, 'two are halted')
  return { place, client, consumer }
}

/** next offset, lost, state */
const standing = async (client: pg.Client) =>
  (await ledger(client)).map(({ next_offset, lost, state }) => `${next_offset} ${lost} ${state}`)

const events = (from: number, count: number): Sent[] => Array.from({ length: count }, (_, i) => eventOf(from + i))

/** The events at these offsets of a partition. */
const at = (partition: number, from: number, to: number): Sent[] =>
  Array.from({ length: to - from }, (_, i) => eventOf((from + i) * 3 + partition))

const messages = (from: number, count: number) =>
  events(from, count).map((event, i) => ({ key: null, value: bytesOf(event), partition: i % 3 }))
