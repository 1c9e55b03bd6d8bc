/** `verify` on a real Kafka and a real PostgreSQL: every kind of difference is found and named. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { type Place, type Sent, startCounting, untilRead } from '../support/counting.ts'
import {
  connect,
  freshDatabase,
  freshName,
  freshTopic,
  roleProcess,
  settingsFor,
  sharedFolder,
  sharedKafka,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf, uuidOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { finishScene, openScene } from '../support/scene.ts'
import { run } from '../support/tool.ts'
import { differencesOf, verified } from '../support/verifying.ts'

const user = uuidOf('user 1')
const item = uuidOf('item 1')
const date = '2026-03-01'
const view: Sent = { user_id: user, item_id: item, activity_type: 'view', timestamp: `${date}T10:00:00Z` }
const settings = { MAX_EVENT_AGE_DAYS: '36500' }

/** Partition 0: 6 records that the tests know one by one; partition 1: 300 of all kinds. */
async function counted(t: TestContext): Promise<Place & { readonly client: pg.Client }> {
  const topic = await freshTopic(2)
  const database = await freshDatabase()
  const known = [
    bytesOf({ ...view, event_id: 'a' }), // 0:0
    bytesOf({ ...view, event_id: 'a' }), // 0:1 the same again
    bytesOf({ ...view, activity_type: 'like' }), // 0:2 rejected
    bytesOf({ ...view, event_id: 'b' }), // 0:3
    null, // 0:4
    bytesOf({ ...view, event_id: 'b', activity_type: 'click' }), // 0:5 the id of 0:3 for something else
  ]
  const others = Array.from({ length: 300 }, (_, n) =>
    n % 50 === 7 ? Buffer.from(`{"bad":${n}}`) : bytesOf(eventOf(n, n % 2 === 0 ? 'id-' : undefined)),
  )
  await sendForeign(t, topic, [
    ...known.map(value => ({ key: 'k', value, headers: { h: 'v' }, partition: 0 })),
    ...others.map(value => ({ key: null, value, partition: 1 })),
  ])
  const place = { topic, database, settings }
  const consumer = await startCounting(t, place)
  const client = await connect(t, database)
  await untilRead(client, 306)
  await consumer.stop()
  return { ...place, client }
}

/** What is done to the tables, how it is undone, and how it is told. */
const planted: readonly [name: string, plant: string, undo: string, told: readonly string[], because?: RegExp][] = [
  [
    'a row changed',
    `update daily_user_item_summary set view_count = 3 where date = '${date}'`,
    `update daily_user_item_summary set view_count = 2 where date = '${date}'`,
    [`row changed ${date} 3,0,0 -> 2,0,0`],
    /^0:0 view, counted 0:1 view, duplicate of 0:0 0:3 view, counted 0:5 click, duplicate of 0:3$/,
  ],
  [
    'a row missing',
    `create table kept as select * from daily_user_item_summary where date = '${date}';
     delete from daily_user_item_summary where date = '${date}'`,
    'insert into daily_user_item_summary select * from kept; drop table kept',
    [`row missing ${date} nothing -> 2,0,0`],
    /0:3 view, counted/,
  ],
  [
    'a row extra',
    `insert into daily_user_item_summary values ('${user}', '2026-03-02', '${item}', 0, 1, 0)`,
    `delete from daily_user_item_summary where date = '2026-03-02'`,
    ['row extra 2026-03-02 0,1,0 -> nothing'],
    /^no record of the log says so$/,
  ],
  [
    'a count in the wrong day',
    `update daily_user_item_summary set date = '2026-03-02' where date = '${date}'`,
    `update daily_user_item_summary set date = '${date}' where date = '2026-03-02'`,
    ['row extra 2026-03-02 2,0,0 -> nothing', `row missing ${date} nothing -> 2,0,0`],
  ],
  [
    'a reject missing',
    'create table kept as select * from rejects where partition = 0; delete from rejects where partition = 0',
    'insert into rejects select * from kept; drop table kept',
    ['reject missing 0:2 nothing -> unknown_activity /activity_type'],
  ],
  [
    'a reject extra, of a record that counts',
    `insert into rejects select topic_id, partition, lineage, 3, reason, pointer, detail, key, value, headers, append_ms
       from rejects where partition = 0`,
    'delete from rejects where partition = 0 and "offset" = 3',
    ['reject extra 0:3 unknown_activity /activity_type -> counted'],
  ],
  [
    'a reject extra, beyond what was counted',
    `insert into rejects select topic_id, partition, lineage, 99, reason, pointer, detail, key, value, headers, append_ms
       from rejects where partition = 0`,
    'delete from rejects where partition = 0 and "offset" = 99',
    ['reject extra 0:99 unknown_activity /activity_type -> nothing'],
  ],
  [
    'a reject for another reason',
    `update rejects set reason = 'not_json', pointer = '' where partition = 0`,
    `update rejects set reason = 'unknown_activity', pointer = '/activity_type' where partition = 0`,
    ['reject changed 0:2 not_json -> unknown_activity /activity_type'],
  ],
  [
    'a reject with another key',
    `update rejects set key = null where partition = 0`,
    `update rejects set key = 'k' where partition = 0`,
    ['reject changed 0:2 other bytes -> the bytes of the log'],
  ],
  [
    'a fate moved, in balance',
    'update partition_ledger set counted = counted + 1, duplicate = duplicate - 1 where partition = 0',
    'update partition_ledger set counted = counted - 1, duplicate = duplicate + 1 where partition = 0',
    ['fate changed 0 counted 3 -> 2', 'fate changed 0 duplicate 1 -> 2'],
  ],
  [
    'a ledger that does not balance, where somebody took the check away',
    'alter table partition_ledger drop constraint ledger_balances; update partition_ledger set lost = 1 where partition = 0',
    'update partition_ledger set lost = 0 where partition = 0',
    ['fate changed 0 all 7 -> 6', 'fate changed 0 lost 1 -> 0'],
  ],
  [
    'a clock that was moved',
    'update partition_ledger set clock_ms = clock_ms + 1 where partition = 1',
    'update partition_ledger set clock_ms = clock_ms - 1 where partition = 1',
    ['clock changed 1'],
  ],
  [
    'an id forgotten',
    'create table kept as select * from event_ids where partition = 0; update event_ids set ids = substr(ids, 1, 16) where partition = 0',
    'update event_ids e set ids = k.ids from kept k where e.partition = 0; drop table kept',
    ['id missing 0:3 nothing ->'],
    /sent again, would count twice/,
  ],
  [
    'an id that no record claimed',
    `update event_ids set ids = ids || '\\x000102030405060708090a0b0c0d0e0f' where partition = 0`,
    'update event_ids set ids = substr(ids, 1, 32) where partition = 0',
    ['id extra 0 000102030405060708090a0b0c0d0e0f -> nothing'],
  ],
  [
    'ids that would leave too soon',
    'update event_ids set newest_ms = newest_ms - 3600000 where partition = 0',
    'update event_ids set newest_ms = newest_ms + 3600000 where partition = 0',
    ['id changed 0'],
  ],
  [
    'a log that is not the one that was counted',
    'update partition_ledger set tail_crc = tail_crc # 1 where partition = 0',
    'update partition_ledger set tail_crc = tail_crc # 1 where partition = 0',
    ['log changed 0:5'],
  ],
  [
    'rejects of a lineage that there never was',
    `insert into rejects select topic_id, partition, 7, "offset", reason, pointer, detail, key, value, headers, append_ms
       from rejects where partition = 0`,
    'delete from rejects where lineage = 7',
    ['stray extra 0 1 -> nothing'],
  ],
]

test('verify proves what was counted, and finds and names each difference that is planted', async t => {
  const place = await counted(t)
  const { client, topic, database } = place
  const proven = async () => {
    const report = await verified(place)
    assert.deepEqual([report.verdict, differencesOf(report), report.unproven], ['proven', [], []])
    return report
  }
  const report = await proven()
  assert.equal(report.records, 306)
  assert.deepEqual(
    report.partitions.map(({ nextOffset, provenBy }) => [nextOffset, provenBy]),
    [
      [6, 'log'],
      [300, 'log'],
    ],
  )
  const { rows } = await client.query('select count(*)::int as rows from daily_user_item_summary')
  assert.deepEqual(report.compared, { rows: rows[0].rows, rowsByDay: 0, days: 0, rejects: 7, repairs: 0, ids: 152 })
  assert.deepEqual(report.reused, { count: 1, examples: ['0:5 and 0:3'] })
  assert.deepEqual(report.checkpoint, { recorded: true, why: null })

  for (const [name, plant, undo, told, because = /./] of planted) {
    await client.query(plant)
    const found = await verified(place)
    await client.query(undo)
    assert.equal(found.verdict, 'differs', name)
    const differences = differencesOf(found).sort()
    assert.equal(differences.length, told.length, `${name}: ${differences.join('; ')}`)
    for (const [i, text] of told.entries()) assert.ok(differences[i]!.startsWith(text), `${name}: ${differences[i]}`)
    if (because.source !== '.') assert.match(found.differences[0]!.because.join(' '), because, name)
    assert.deepEqual(found.checkpoint, { recorded: false, why: 'there are differences' }, name)
  }
  await proven()

  await t.test('a proof of a date, a user or a partition says so of that alone', async () => {
    await client.query(`update daily_user_item_summary set click_count = 9 where date = '${date}'`)
    await client.query(
      `update partition_ledger set counted = counted + 1, duplicate = duplicate - 1 where partition = 0`,
    )
    const verdict = async (scope: Parameters<typeof verified>[1]) => {
      const found = await verified(place, scope)
      return [found.verdict, ...found.differences.map(({ kind }) => kind)]
    }
    assert.deepEqual(await verdict({ date }), ['differs', 'row'])
    assert.deepEqual(await verdict({ date: '2026-03-02' }), ['proven'])
    assert.deepEqual(await verdict({ user: user.toUpperCase() }), ['differs', 'row'])
    assert.deepEqual(await verdict({ user: uuidOf('user 2') }), ['proven'])
    assert.deepEqual(await verdict({ user, date: '2026-03-02' }), ['proven'])
    assert.deepEqual(await verdict({ partition: '0' }), ['differs', 'fate', 'fate'])
    assert.deepEqual(await verdict({ partition: '1' }), ['proven'])
    await assert.rejects(verified(place, { partition: '2' }), /partition 2 was not counted/)
  })

  await t.test('from the command line it tells people, and programs, and exits as it should', async t => {
    const env = settingsFor(sharedKafka(), database, topic)
    const text = await run(t, 'verify', env)
    assert.equal(text.code, 1)
    for (const part of [
      /^DIFFERENT: /,
      /3 differences:/,
      new RegExp(
        `row changed: user ${user}, ${date}, item ${item}\n +stored view 2, click 9, purchase 0, expected view 2, click 0`,
      ),
      /0:5 click, duplicate of 0:3/,
      /fate changed: partition 0, duplicate\n +stored 1, expected 2/,
      /1 duplicates say something else/,
      /the snapshot was held for/,
    ]) {
      assert.match(text.said, part)
    }
    const json = await run(t, 'verify', env, ['--json', '--partition', '1'])
    assert.equal(json.code, 0)
    assert.equal(JSON.parse(json.said).verdict, 'proven')
    assert.equal((await run(t, 'verify', env, ['--date', '2026-02-30'])).code, 2)
    const other = await run(t, 'verify', { ...env, KAFKA_TOPIC_USER_ACTIVITIES: 'another' })
    assert.equal(other.code, 1)
    assert.match(other.said, /this database counts the topic/)
  })
})

test('verify proves every moment while events flow, consumers are killed, and two verify at once', async t => {
  const scene = await openScene(t)
  let consumer = scene.start()
  const place = { topic: scene.topic, database: scene.database }
  await scene.untilMore(1_000, 'it counts')
  for (let round = 0; round < 2; round++) {
    const both = [verified(place), verified(place)]
    await consumer.kill()
    consumer = scene.start()
    for (const report of await Promise.all(both)) {
      assert.deepEqual([report.verdict, differencesOf(report)], ['proven', []])
      assert.ok(report.records > 0)
    }
    await scene.untilMore(500, 'it counts on')
  }
  await finishScene(t, scene)
  const report = await verified(place)
  assert.deepEqual([report.verdict, differencesOf(report), report.checkpoint.recorded], ['proven', [], true])
})

test('Ctrl-C ends a verify at once and leaves no file behind', async t => {
  const { topic, database } = await counted(t)
  const folder = join(sharedFolder(), freshName('tmp'))
  mkdirSync(folder)
  const lock = await connect(t, database)
  await lock.query('begin; lock table daily_user_item_summary in access exclusive mode') // holds the copy up
  const tool = roleProcess(t, 'verify', { ...settingsFor(sharedKafka(), database, topic), TMPDIR: folder })
  const files = () =>
    readdirSync(`/proc/${tool.pid}/fd`).flatMap(fd => {
      const path = readlinkSync(`/proc/${tool.pid}/fd/${fd}`)
      return path.includes('footfall-verify-') ? [path] : []
    })
  const open = await until(() => files().length >= 3 && files(), 20_000, 'its files are open')
  assert.ok(
    open.every(path => path.startsWith(folder) && path.endsWith('(deleted)')),
    open.join(),
  )
  assert.deepEqual(readdirSync(folder), [])
  tool.signal('SIGINT')
  assert.deepEqual(await tool.ended, { code: null, signal: 'SIGINT' })
  assert.deepEqual(readdirSync(folder), [])
})
