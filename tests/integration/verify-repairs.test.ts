/** `verify` knows repairs: it proves what became of them and what the rejects say of them, and names each difference. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Message } from 'kafkajs'
import type pg from 'pg'
import { type Place, startCounting, untilRead } from '../support/counting.ts'
import { closing, connect, freshDatabase, freshTopic, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { foreignClient, leadersOf, sendForeign } from '../support/foreign.ts'
import { lineageOf, repairOf } from '../support/repair.ts'
import { resumed } from '../support/resume.ts'
import { copyAt, traced } from '../support/tracing.ts'
import { differencesOf, trim, verified } from '../support/verifying.ts'

const bad = (n: number) => ({ value: bytesOf({ ...eventOf(n), activity_type: 'like' }), partition: 0 })
const good = (n: number, id?: string) => bytesOf(id === undefined ? eventOf(n) : { ...eventOf(n), event_id: id })

interface Begun extends Place {
  readonly client: pg.Client
  readonly send: (...messages: readonly Message[]) => Promise<void>
  /** A repair of what lies at an offset of the current lineage. */
  readonly repair: (offset: number, value: Buffer, lineage?: number) => Message
}

/** Offsets 0 to 3: bad, bad, an event with the id `seen`, bad. */
async function begun(t: TestContext): Promise<Begun> {
  const place = { topic: await freshTopic(), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await startCounting(t, place)
  const send = (...messages: readonly Message[]) => sendForeign(t, place.topic, messages)
  await send(bad(0), bad(1), { value: good(2, 'seen'), partition: 0 }, bad(3))
  await untilRead(client, 4)
  const of = await lineageOf(client)
  const repair: Begun['repair'] = (offset, value, lineage = 1) => repairOf({ ...of, lineage, offset }, value)
  return { ...place, client, send, repair }
}

const summary = async (place: Place) => {
  const { verdict, differences, partitions, compared, unproven, ...rest } = await verified(place)
  const by = partitions.map(({ provenBy }) => provenBy)
  const told = differencesOf({ verdict, differences, partitions, compared, unproven, ...rest })
  return { verdict, by, repairs: compared.repairs, told, unproven: unproven.length }
}
const proven = (repairs: number, ...by: string[]) => ({ verdict: 'proven', by, repairs, told: [], unproven: 0 })

const planted: readonly [name: string, plant: string, undo: string, told: readonly string[]][] = [
  [
    'a repair that its origin does not name',
    `update rejects set repaired_topic_id = null, repaired_lineage = null, repaired_offset = null, repaired_as = null
      where "offset" = 0`,
    `update rejects set repaired_topic_id = topic_id, repaired_lineage = 1, repaired_offset = 4,
            repaired_as = 'counted' where "offset" = 0`,
    ['repair missing 0:0 nothing -> counted at 0:4'],
  ],
  [
    'a repair that there never was',
    `update rejects set repaired_topic_id = topic_id, repaired_lineage = 1, repaired_offset = 5,
            repaired_as = 'counted' where "offset" = 10`,
    `update rejects set repaired_topic_id = null, repaired_lineage = null, repaired_offset = null, repaired_as = null
      where "offset" = 10`,
    ['repair extra 0:10 counted at 0:5 -> nothing'],
  ],
  [
    'a repair by another record',
    'update rejects set repaired_offset = 5 where "offset" = 0',
    'update rejects set repaired_offset = 4 where "offset" = 0',
    ['repair changed 0:0 counted at 0:5 -> counted at 0:4'],
  ],
  [
    'a repair by a record of a log that there never was',
    'update rejects set repaired_lineage = 7 where "offset" = 0',
    'update rejects set repaired_lineage = 1 where "offset" = 0',
    ['repair changed 0:0 counted at 0:4 of lineage 7 -> counted at 0:4'],
  ],
  [
    'a repair by a record that is not counted yet',
    'update rejects set repaired_offset = 99 where "offset" = 0',
    'update rejects set repaired_offset = 4 where "offset" = 0',
    ['repair changed 0:0 counted at 0:99 -> counted at 0:4'],
  ],
  [
    'a repair with another fate',
    `update rejects set repaired_as = 'counted' where "offset" = 1`,
    `update rejects set repaired_as = 'duplicate' where "offset" = 1`,
    ['repair changed 0:1 counted at 0:6 -> duplicate at 0:6'],
  ],
  [
    'an attempt that does not say so',
    'update rejects set origin_topic_id = null, origin_lineage = null, origin_offset = null where "offset" = 8',
    'update rejects set origin_topic_id = topic_id, origin_lineage = 1, origin_offset = 3 where "offset" = 8',
    ['reject changed 0:8 not_json -> not_json in an attempt to repair'],
  ],
  [
    'an attempt to repair something else',
    'update rejects set origin_offset = 1 where "offset" = 8',
    'update rejects set origin_offset = 3 where "offset" = 8',
    ['reject changed 0:8 not_json in an attempt to repair'],
  ],
]

test('verify proves repairs, and names what differs of them', async t => {
  const place = await begun(t)
  const { client, send, repair } = place
  await send(
    repair(0, good(0)), // 4 counts
    repair(0, good(0)), // 5 a duplicate: it was repaired
    repair(1, good(2, 'seen')), // 6 a duplicate by its id
    repair(1, good(1)), // 7 a duplicate: 6 has repaired it
    repair(3, Buffer.from('{')), // 8 an attempt
    repair(8, good(3)), // 9 cannot be repaired itself
    { ...repair(0, good(0)), headers: { 'footfall-origin': 'rubbish' } }, // 10
    repair(3, good(3)), // 11 counts
    repair(9, good(4)), // 12 what names no origin is an origin itself
  )
  await untilRead(client, 13)
  assert.deepEqual(await summary(place), proven(4, 'log'))
  for (const [name, plant, undo, told] of planted) {
    await client.query(plant)
    const found = await summary(place)
    await client.query(undo)
    assert.equal(found.verdict, 'differs', name)
    assert.equal(found.told.length, told.length, `${name}: ${found.told.join('; ')}`)
    for (const [i, text] of told.entries()) assert.ok(found.told[i]!.startsWith(text), `${name}: ${found.told[i]}`)
  }
  assert.deepEqual(await summary(place), proven(4, 'log'))

  const { user_id, timestamp } = eventOf(0)
  await client.query('update daily_user_item_summary set view_count = view_count + 1 where user_id = $1', [user_id])
  const { differences } = await verified(place, { date: timestamp.slice(0, 10), user: user_id })
  assert.deepEqual(
    differences.map(({ because }) => because),
    [['0:4 view, counted, a repair of 0:0', '0:5 view, duplicate, a repair of 0:0, which 0:4 had repaired']],
  )
})

test('a repair of what lies before a checkpoint is proven, and so is what the checkpoint knows of repairs', async t => {
  const place = await begun(t)
  const { client, send, repair, topic } = place
  await send(repair(0, good(0)), repair(3, Buffer.from('{'))) // 4 and an attempt, 5
  await untilRead(client, 6)
  assert.deepEqual(await summary(place), proven(1, 'log')) // and a checkpoint at 6
  await send(repair(0, good(0)), repair(1, good(1)), repair(5, good(1))) // 6 a duplicate, 7 counts, 8 names an attempt
  await untilRead(client, 9)
  await trim(topic, 0, 6)
  const { rows } = await client.query('select reason, repaired_offset::int as by from rejects order by "offset"')
  assert.deepEqual(
    rows.map(({ reason, by }) => [reason, by]),
    [
      ...[
        ['unknown_activity', 4],
        ['unknown_activity', 7],
        ['unknown_activity', null],
        ['not_json', null],
      ],
      ...[['unknown_origin', null]],
    ],
  )

  const differs = async (plant: string, undo: string) => {
    await client.query(plant)
    const { told } = await summary(place)
    await client.query(undo)
    return told.join('; ')
  }
  const byCheckpoint = /^reject changed 0 another digest -> the digest$/
  const fate = (of: number, as: string) => `update rejects set repaired_as = '${as}' where "offset" = ${of}`
  assert.match(await differs(fate(0, 'duplicate'), fate(0, 'counted')), byCheckpoint)
  assert.match(
    await differs(fate(1, 'duplicate'), fate(1, 'counted')),
    /^repair changed 0:1 duplicate at 0:7 -> counted/,
  )
  const attempt = (of: number) => `update rejects set origin_offset = ${of} where "offset" = 5`
  assert.match(await differs(attempt(1), attempt(3)), byCheckpoint)
  assert.deepEqual(await summary(place), proven(1, 'checkpoint and log')) // a checkpoint at 9
  await trim(topic, 0, 9)
  assert.deepEqual(await summary(place), proven(0, 'checkpoint and log'))
  assert.match(await differs(fate(1, 'duplicate'), fate(1, 'counted')), byCheckpoint)

  // Without the checkpoint the tables' word is taken for what lies before, and what the log shows must fit it.
  await client.query('delete from checkpoints')
  await send(repair(3, good(3)), repair(3, good(3)), repair(1, good(1))) // 9 repairs it, 10 and 11 are duplicates
  await untilRead(client, 12)
  assert.deepEqual(await summary(place), { ...proven(1, 'not proven'), verdict: 'unproven', unproven: 1 })
  const by = (offset: number) => `update rejects set repaired_offset = ${offset} where "offset" = 3`
  assert.match(await differs(by(10), by(9)), /^repair changed 0:3 counted at 0:10 -> counted at 0:9$/)
})

test('what was rejected in a topic that was deleted is repaired in the one that took its place, once', async t => {
  const place = await begun(t)
  const { client, send, repair, topic } = place
  await send(repair(0, good(0)))
  await untilRead(client, 5)
  assert.deepEqual(await summary(place), proven(1, 'log'))
  const admin = foreignClient().admin()
  await admin.connect()
  closing(t, () => admin.disconnect())
  await admin.deleteTopics({ topics: [topic] })
  await until(
    () => admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] }),
    20_000,
    'the topic is created again',
  )
  await leadersOf(admin, topic, 1)
  const halted = `select from partition_ledger where state = 'halted'`
  await until(async () => (await client.query(halted)).rowCount === 1, 20_000, 'it is halted')
  await resumed(t, place, 'all', '--new-lineage')
  await send(
    repair(0, good(0)), // 0 a duplicate of lineage 1
    repair(3, good(3)), // 1 counts
    repair(3, good(3)), // 2 a duplicate
    repair(3, good(3), 2), // 3 of the old topic there never was a second lineage
  )
  await untilRead(client, 9)
  const { rows } = await client.query(
    `select "offset"::int as of, repaired_lineage as lineage, repaired_offset::int as by from rejects
      where repaired_as is not null order by 1`,
  )
  assert.deepEqual(rows, [
    { of: 0, lineage: 1, by: 4 },
    { of: 3, lineage: 2, by: 1 },
  ])
  assert.deepEqual(await summary(place), proven(1, 'checkpoint and log', 'log'))
  const late = await copyAt(place, '0:0')
  assert.deepEqual([late.fate, late.duplicate_of, late.repairs], ['duplicate', null, { position: '0:0', lineage: 1 }])
  assert.equal(late.why, 'it repairs 0:0 of lineage 1, which 0:4 of lineage 1 had repaired before')
  const repaired = (await traced(place, { position: '0:3' })).copies.find(({ lineage }) => lineage === 1)
  assert.match(repaired!.why, /repaired by 0:1 of lineage 2, which counted$/)
  assert.equal(repaired!.repaired_by?.row?.user_id, eventOf(3).user_id)
  await client.query('update rejects set repaired_offset = 2 where repaired_lineage = 2')
  assert.deepEqual((await summary(place)).told, [
    'repair changed 0:3 counted at 0:2 of lineage 2 -> counted at 0:1 of lineage 2',
  ])
})
