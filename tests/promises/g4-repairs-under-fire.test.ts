/** G4: whatever is killed while rejects are repaired, and whoever repairs them besides, each counts once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertBalanced, countedTable, recount, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic, roleProcess, until } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'
import { readLog, startLoad } from '../support/load.ts'
import { done, settingsOf, summary } from '../support/rejects.ts'
import { verified } from '../support/verifying.ts'

/** More than one page of each partition. */
const bad = 2_500
const partitions = 2

test('G4: a tool killed in the middle, then two at once, while consumers are killed under load: each repair counts once', async t => {
  const place = { topic: await freshTopic(partitions), database: await freshDatabase() }
  const client = await connect(t, place.database)
  const repaired = async () =>
    (await client.query('select count(*)::int as n from rejects where repaired_as is not null')).rows[0].n as number
  const first = await startCounting(t, place)
  // Without ids: nothing but the origin tells that a repair was counted.
  const values = Array.from({ length: bad }, (_, n) => bytesOf({ ...eventOf(n), activity_type: 'like' }))
  await sendForeign(
    t,
    place.topic,
    values.map((value, n) => ({ value, partition: n % partitions })),
  )
  await untilRead(client, bad)
  await first.stop()
  const load = await startLoad(t, place.topic, n => eventOf(n), { perSecond: 500, partitions })

  // Under one name, so that whoever comes next takes over at once.
  const consumer = () => roleProcess(t, 'consumer', { ...settingsOf(place), KAFKA_GROUP_INSTANCE_ID: 'one' })
  const killed = async () => {
    const running = consumer()
    const before = await repaired()
    await until(async () => (await repaired()) > before, 40_000, 'it settles repairs')
    await running.kill()
  }
  const filter = ['--reason', 'unknown_activity', '--seconds', '60', '--yes']
  const patch = '{"activity_type": "view"}'
  const args = ['resend', ...filter, '--patch', '-']
  const tool = roleProcess(t, 'rejects', settingsOf(place), args, undefined, patch)
  await killed()
  await tool.kill()
  const left = bad - (await repaired())
  assert.ok(left > 0 && left < bad, `${left} are left`)

  const together = Promise.all([1, 2].map(() => done(place, 'resend', ...filter, '--patch', patch)))
  await killed()
  consumer()
  const reports = await together
  for (const report of reports) {
    assert.match(summary(report), /^(\d+ counted)?(, )?(\d+ done)?$/)
    assert.ok(report.selected <= left)
  }
  assert.equal(await repaired(), bad)
  await load.stop()
  const log = await readLog(t, place.topic)
  await untilRead(client, log.length)
  assert.ok(log.length > 2 * bad + load.sent.length, 'some were sent twice')
  const counted = [...load.sent, ...values.map((_, n) => ({ ...eventOf(n), activity_type: 'view' }))]
  assert.deepEqual(await countedTable(client), recount(counted))
  await assertBalanced(client)
  assert.equal((await verified(place)).verdict, 'proven')
})
