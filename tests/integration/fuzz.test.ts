/** Fuzzed records on a real topic, by the thousand, in batches of every codec: counted, and proven by `verify`. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { drawnBatch, neighbourItem } from '../fuzz/answer.ts'
import { diceOf } from '../fuzz/dice.ts'
import { poolOf } from '../fuzz/pool.ts'
import { sendersTime } from '../inputs/topic.ts'
import { assertBalanced, fates, startCounting, untilRead } from '../support/counting.ts'
import { connect, freshDatabase, freshTopic } from '../support/environment.ts'
import { rawSender } from '../support/raw-batches.ts'
import { verified } from '../support/verifying.ts'

const partitions = 4
const recordsWanted = 20_000

test('20,000 fuzzed records and the good ones beside them get the fates that the recount finds, none lost', async t => {
  const topic = await freshTopic(partitions, sendersTime)
  const database = await freshDatabase()
  const send = rawSender(t, topic)
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const [dice, pool] = [diceOf(`topic ${seed}`), poolOf(seed)]
  let [records, neighbours] = [0, 0]
  for (let n = 0; records < recordsWanted; n++) {
    const batch = drawnBatch(dice, pool, 0, new Map())
    await send(n % partitions, batch.bytes)
    records += batch.records.length
    neighbours += batch.records.filter(record => record.isNeighbour).length
  }

  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  await untilRead(client, records)
  const { counted, duplicate, rejected, skipped } = await fates(client)
  assert.ok(counted > records / 3 && duplicate > 0 && rejected > records / 5 && skipped > 0, `seed ${seed}`)
  const { rows } = await client.query(
    'select sum(view_count)::int as views from daily_user_item_summary where item_id = $1',
    [neighbourItem],
  )
  assert.equal(rows[0].views, neighbours, `seed ${seed}: every good one beside them is counted`)
  await assertBalanced(client)
  const { verdict, differences } = await verified({ topic, database })
  assert.equal(verdict, 'proven', `seed ${seed}: ${JSON.stringify(differences.slice(0, 5))}`)
})
