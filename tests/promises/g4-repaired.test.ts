/** G4: however often a bad record is repaired, it counts once, and only the record that it was is repaired. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from 'kafkajs'
import type pg from 'pg'
import { originHeader, originText } from '../../src/event/origin.ts'
import { assertBalanced, countedTable, fates, recount, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

const bad = (n: number): Message => ({ value: bytesOf({ ...eventOf(n), activity_type: 'like' }) })
const good = (n: number, id?: string): Buffer =>
  bytesOf(id === undefined ? eventOf(n) : { ...eventOf(n), event_id: id })

/** What the rejects say of themselves, by offset. */
async function repairs(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    `select concat_ws(' ', "offset", reason, 'repaired by ' || repaired_offset || ' ' || repaired_as,
                      'sent for ' || origin_offset) as line
       from rejects order by "offset"`,
  )
  return rows.map(row => row.line)
}

test('G4: a repair counts once, whenever and however often it is sent, and stands for no other record', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const counting = await startCounting(t, { topic, database })
  await sendForeign(t, topic, [bad(0), bad(1), { value: good(2, 'seen') }, bad(3)])
  await untilRead(client, 4)
  const { rows } = await client.query('select topic_id from partition_ledger')
  const of = { topicId: rows[0].topic_id as string, partition: 0, lineage: 1 }
  const repair = (offset: number, value: Buffer, change: Partial<typeof of> = {}): Message => {
    return { value, headers: { trace: 'kept', [originHeader]: originText({ ...of, ...change, offset }) } }
  }

  const repairs0 = [repair(0, good(0)), repair(0, good(0)), repair(0, good(9))] // 4 counts
  await sendForeign(t, topic, [
    ...repairs0,
    repair(1, good(2, 'seen')), // 7: its event was counted at 2
    repair(1, good(1)), // 8: and so it is repaired already
    repair(3, Buffer.from('{')), // 9: an attempt
    repair(9, good(3)), // 10: which cannot be repaired itself
    repair(2, good(5)), // 11: was counted
    repair(99, good(5)), // 12: was not read yet
    repair(0, good(5), { partition: 1 }), // 13
    repair(0, good(5), { lineage: 2 }), // 14
    { value: good(5), headers: { [originHeader]: 'rubbish' } }, // 15
    repair(12, good(5)), // 16: an unknown origin is a reject like others
    { value: null, headers: { [originHeader]: originText({ ...of, offset: 3 }) } },
    repair(3, good(3)), // 18: the origin of the attempt is still open
  ])
  await untilRead(client, 19)
  const expected = [
    '0 unknown_activity repaired by 4 counted',
    '1 unknown_activity repaired by 7 duplicate',
    '3 unknown_activity repaired by 18 counted',
    '9 not_json sent for 3',
    '10 unknown_origin',
    '11 unknown_origin',
    '12 unknown_origin repaired by 16 counted',
    '13 unknown_origin',
    '14 unknown_origin',
    '15 unknown_origin',
  ]
  assert.deepEqual(await repairs(client), expected)
  assert.deepEqual(await fates(client), { counted: 4, duplicate: 4, rejected: 10, skipped: 1 })

  // Another consumer knows it from the tables.
  await counting.stop()
  await startCounting(t, { topic, database })
  await sendForeign(t, topic, [...repairs0, repair(3, good(3)), bad(4), repair(23, good(4))])
  await untilRead(client, 25)
  assert.deepEqual(await repairs(client), [...expected, '23 unknown_activity repaired by 24 counted'])
  assert.deepEqual(await fates(client), { counted: 5, duplicate: 8, rejected: 11, skipped: 1 })
  assert.deepEqual(await countedTable(client), recount([0, 2, 3, 4, 5].map(n => eventOf(n))))
  await assertBalanced(client)
})

test('G4: many repairs, in the order of their origins or not, are settled by the thousand', async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const client = await connect(t, database)
  const many = Array.from({ length: 5_000 }, (_, n) => n)
  await startCounting(t, { topic, database })
  await sendForeign(t, topic, many.map(bad))
  await untilRead(client, many.length)
  const { rows } = await client.query('select topic_id from partition_ledger')
  const repair = (offset: number): Message => ({
    value: good(offset),
    headers: { [originHeader]: originText({ topicId: rows[0].topic_id, partition: 0, lineage: 1, offset }) },
  })
  await sendForeign(t, topic, [...many.slice(0, 4_900), ...many.slice(4_900).reverse()].map(repair))
  await untilRead(client, 2 * many.length)
  assert.deepEqual(await countedTable(client), recount(many.map(n => eventOf(n))))
  assert.deepEqual(await fates(client), { counted: 5_000, duplicate: 0, rejected: 5_000, skipped: 0 })
  await assertBalanced(client)
})
