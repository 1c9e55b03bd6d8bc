/** `trace` and `explain` know repairs: what stands for what, what became of it, and which of them a number is made of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { copySchema } from '../../src/api/evidence-document.ts'
import type { Copy } from '../../src/evidence/trace/copy.ts'
import { explainText } from '../../src/evidence/trace/explain-report.ts'
import { traceText } from '../../src/evidence/trace/trace-text.ts'
import { startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, settingsFor, sharedKafka } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { lineageOf, repairOf } from '../support/repair.ts'
import { run } from '../support/tool.ts'
import { copyAt, traced } from '../support/tracing.ts'

test('a repaired record names its repair and a repair its origin, and explain counts each once', async t => {
  const place = { topic: await freshTopic(), database: await freshDatabase() }
  const client = await connect(t, place.database)
  await startCounting(t, place)
  const event = eventOf(1)
  const withId = (id: string) => bytesOf({ ...event, event_id: id })
  const bad = { value: bytesOf({ ...event, activity_type: 'like' }), partition: 0 }
  await sendForeign(t, place.topic, [bad, bad, { value: withId('seen'), partition: 0 }, bad])
  await untilRead(client, 4)
  const of = await lineageOf(client)
  const repair = (offset: number, value: Buffer) => repairOf({ ...of, offset }, value)
  await sendForeign(t, place.topic, [
    repair(0, withId('new')), // 4
    repair(0, withId('other')), // 5: late, and so it claims no id
    repair(1, withId('seen')), // 6: a duplicate by its id
    repair(3, bad.value), // 7: an attempt
    repair(2, withId('third')), // 8: unknown_origin
    { value: withId('other'), partition: 0 }, // 9: counts
    { value: withId('new'), partition: 0 }, // 10: a duplicate of a repair
    repair(3, bytesOf(event)), // 11: without an id
    repair(3, bytesOf(event)), // 12: late
  ])
  await untilRead(client, 13)

  const line = ({ position, fate, duplicate_of, repairs, repaired_by }: Copy) =>
    [position, fate, duplicate_of, repairs?.position, repaired_by && `${repaired_by.position} ${repaired_by.fate}`]
      .map(part => part ?? '-')
      .join(' ')
  const expected = [
    '0:0 rejected - - 0:4 counted',
    '0:1 rejected - - 0:6 duplicate',
    '0:2 counted - - -',
    '0:3 rejected - - 0:11 counted',
    '0:4 counted - 0:0 -',
    '0:5 duplicate 0:4 0:0 -',
    '0:6 duplicate 0:2 0:1 -',
    '0:7 rejected - 0:3 -',
    '0:8 rejected - - -',
    '0:9 counted - - -',
    '0:10 duplicate 0:4 - -',
    '0:11 counted - 0:3 -',
    '0:12 duplicate 0:11 0:3 -',
  ]
  const byPosition = await Promise.all(expected.map((_, offset) => copyAt(place, `0:${offset}`)))
  assert.deepEqual(byPosition.map(line), expected)
  const isDocumented = new Ajv2020({ strict: false, validateFormats: false }).compile(copySchema)
  for (const copy of byPosition) assert.ok(isDocumented(copy), JSON.stringify(isDocumented.errors))
  const row = { user_id: event.user_id, date: event.timestamp.slice(0, 10), item_id: event.item_id }
  assert.deepEqual([byPosition[0]!.repaired_by?.row, byPosition[1]!.repaired_by?.row], [row, null])
  assert.deepEqual(byPosition[4]!.row, row)
  assert.match(byPosition[0]!.why, /^unknown_activity at \/activity_type: .*; repaired by 0:4, which counted$/)
  assert.match(byPosition[7]!.why, /; it was sent to repair 0:3$/)
  assert.match(byPosition[8]!.why, /^unknown_origin: /)
  assert.equal(byPosition[12]!.why, 'it repairs 0:3, which 0:11 had repaired before')

  const { copies } = await traced(place, { user: event.user_id })
  assert.deepEqual(copies.map(line).reverse(), expected)
  assert.deepEqual(
    copies.map(({ repaired_by }) => repaired_by?.row ?? null).filter(one => one !== null),
    [row, row],
  )
  const quick = await traced(place, { user: event.user_id, eventId: 'other' })
  assert.deepEqual(quick.copies.map(line), [expected[9], expected[5]])
  const text = traceText(await traced(place, { position: '0:0' }))
  assert.match(text, /^0:0 {2}rejected: .*; repaired by 0:4, which counted\n(.*\n)* {2}counts in user /)

  const env = settingsFor(sharedKafka(), place.database, place.topic)
  const { code, said } = await run(t, 'explain', env, [row.user_id, row.item_id, row.date, '--json'])
  const { verdict, number, found, events } = JSON.parse(said)
  assert.deepEqual([code, verdict, number.view, found.view], [0, 'equal', 4, 4])
  assert.deepEqual(
    events.map(line),
    expected.filter(one => !one.includes('rejected')),
  )
  const told = explainText(JSON.parse(said))
  assert.match(told, /0:4 .* counted: it is the first good repair of 0:0\n/)
  assert.match(told, /0:12 .* duplicate: it repairs 0:3, which 0:11 had repaired before\n/)
})
