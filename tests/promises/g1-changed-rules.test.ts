/** G1: no fate is decided under rules that are not in force any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertBalanced, ledger, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { sendForeign } from '../support/foreign.ts'

test('G1: a consumer stops with a clear word when the rules are changed while it runs, and counts nothing more', {
  timeout: 30_000,
}, async t => {
  const topic = await freshTopic(1)
  const database = await freshDatabase()
  const running = await startCounting(t, { topic, database })
  const client = await connect(t, database)
  const messages = Array.from({ length: 100 }, (_, n) => ({ value: bytesOf(eventOf(n)) }))
  await sendForeign(t, topic, messages)
  await untilRead(client, 100)

  await client.query(
    `with changed as (
       insert into rules (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max)
       select judge_version, max_age_days - 1, max_ahead_minutes, window_hours, window_ids_max from rules
       returning version)
     update partition_ledger set rules_version = version from changed`,
  )
  await sendForeign(t, topic, messages)

  await assert.rejects(running.ended, /the rules were changed to version \d+ while this consumer ran/)
  assert.equal((await ledger(client))[0]!.next_offset, 100)
  await assertBalanced(client)
})
