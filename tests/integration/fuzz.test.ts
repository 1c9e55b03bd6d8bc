/** Fuzzed records on a real topic, by the thousand, in batches of every codec: counted, and proven by `verify`. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { LogReader } from '../../src/kafka/reader.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { drawnBatch, neighbourItem } from '../fuzz/answer.ts'
import { diceOf } from '../fuzz/dice.ts'
import { poolOf } from '../fuzz/pool.ts'
import { sendersTime } from '../inputs/topic.ts'
import { assertBalanced, fates, startCounting, untilRead } from '../support/counting.ts'
import {
  closing,
  connect,
  type Database,
  freshDatabase,
  freshTopic,
  settingsFor,
  sharedKafka,
} from '../support/environment.ts'
import { rawSender } from '../support/raw-batches.ts'
import { verified } from '../support/verifying.ts'

const partitions = 4
const recordsWanted = 5_000

test('5,000 fuzzed records and the good ones beside them get the fates that the recount finds, none lost', async t => {
  const topic = await freshTopic(partitions, sendersTime)
  const database = await freshDatabase()
  const send = rawSender(t, topic)
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const [dice, pool] = [diceOf(`topic ${seed}`), poolOf(seed)]
  const topicId = await topicIdOf(t, topic, database)
  const next = Array<number>(partitions).fill(0)
  let neighbours = 0
  for (let n = 0; sumOf(next) < recordsWanted; n++) {
    const partition = n % partitions
    const { bytes, records } = drawnBatch(dice, pool, next[partition]!, { topicId, partition, lineage: 1 })
    await send(partition, bytes)
    next[partition]! += records.length
    neighbours += records.filter(record => record.isNeighbour).length
  }
  const records = sumOf(next)

  await startCounting(t, { topic, database })
  const client = await connect(t, database)
  // Dozens of repairs, each of which waits until what comes before it is settled.
  await untilRead(client, records, 60_000)
  const { counted, duplicate, rejected, skipped } = await fates(client)
  assert.ok(counted > records / 3 && duplicate > 0 && rejected > records / 5 && skipped > 0, `seed ${seed}`)
  const { rows } = await client.query(
    'select sum(view_count)::int as views from daily_user_item_summary where item_id = $1',
    [neighbourItem],
  )
  assert.equal(rows[0].views, neighbours, `seed ${seed}: every good one beside them is counted`)
  const repaired = await client.query('select from rejects where repaired_as is not null')
  assert.ok(repaired.rowCount! > 5, `seed ${seed}: ${repaired.rowCount} repairs`)
  await assertBalanced(client)
  const { verdict, differences } = await verified({ topic, database })
  assert.equal(verdict, 'proven', `seed ${seed}: ${JSON.stringify(differences.slice(0, 5))}`)
})

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

async function topicIdOf(t: TestContext, topic: string, database: Database): Promise<string> {
  const config = parseConfig(settingsFor(sharedKafka(), database, topic))
  const reader = new LogReader(config, createLog('tests', 'silent'))
  closing(t, () => reader.close())
  return (await reader.topic())!.id
}
