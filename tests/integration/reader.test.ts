/** G7: what a broker says of a log that is not the one that was counted, as the reader understands it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogReader } from '../../src/kafka/reader.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { closing, freshDatabase, freshTopic, settingsFor, sharedKafka } from '../support/environment.ts'
import { sendForeign } from '../support/foreign.ts'

test('a log that ends before what was counted, or never had its epoch, is not read on', async t => {
  const topic = await freshTopic(1)
  const values = ['a', 'b', 'c'].map(value => ({ value: Buffer.from(value), partition: 0 }))
  await sendForeign(t, topic, values)
  const config = parseConfig(settingsFor(sharedKafka(), await freshDatabase(), topic))
  const reader = new LogReader(config, createLog('tests', 'silent'))
  closing(t, () => reader.close())
  const topicId = (await reader.topic())!.id
  const look = async (offset: number, epoch: number) => {
    const { trouble } = await reader.look({ topicId, partition: 0, offset, tail: { epoch, crc: 0 } })
    return trouble === undefined ? 'no trouble' : `${trouble.reason} ${trouble.from} ${trouble.to}`
  }
  assert.equal(await look(2, 0), 'no trouble')
  assert.equal(await look(5, 0), 'truncated 3 4') // the epoch ends at 3
  assert.equal(await look(2, 7), 'diverged 2 2')
})
