import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Examined, examine } from '../../../src/kafka/examine.ts'
import { encodeBatch, seal } from '../../support/encode-log.ts'

const record = { key: null, value: Buffer.from('{}'), headers: [], timestampMs: 9 }
const bytesMax = 1 << 20

/** A partition with one record batch of offsets 4 and 5, and nothing after it. */
function logWith(batch: Buffer, change: Partial<Examined> = {}): Examined {
  return {
    topic: async () => ({ id: 'topic' }),
    isCompacted: async () => false,
    bounds: async () => ({ start: 4, end: 6 }),
    look: async want => ({ want, records: batch, aborted: [], logStart: 4, logEnd: 6, askedMs: 0, isSilent: false }),
    ...change,
  }
}

const counted = encodeBatch({ baseOffset: 4, records: [record, record], epoch: 7 })
const tail = { epoch: 7, crc: counted.readUInt32BE(17) }
const place = { topicId: 'topic', partition: 0, nextOffset: 6, tail }
const reasonOf = async (log: Examined, at = place) => (await examine(log, at, bytesMax, true))?.reason

test('the log that was counted is known again', async () => {
  assert.equal(await reasonOf(logWith(counted)), undefined)
})

test('other records, or the same ones written under another leader, are not what was counted', async () => {
  const other = encodeBatch({ baseOffset: 4, records: [record, { ...record, value: Buffer.from('[]') }], epoch: 7 })
  assert.equal(await reasonOf(logWith(other)), 'diverged')
  const again = seal(Buffer.from(counted))
  again.writeInt32BE(8, 12) // the epoch, which the checksum does not cover
  assert.equal(again.readUInt32BE(17), tail.crc)
  assert.equal(await reasonOf(logWith(again)), 'diverged')
})

test('what is missing at either end, a topic made anew and one that is compacted have their own words', async () => {
  assert.equal(await reasonOf(logWith(counted), { ...place, topicId: 'another' }), 'recreated')
  assert.equal(await reasonOf(logWith(counted, { isCompacted: async () => true })), 'compacted')
  assert.equal(await reasonOf(logWith(counted, { bounds: async () => ({ start: 7, end: 9 }) })), 'trimmed')
  assert.equal(await reasonOf(logWith(counted, { bounds: async () => ({ start: 4, end: 5 }) })), 'truncated')
})
