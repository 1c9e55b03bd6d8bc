import assert from 'node:assert/strict'
import { test } from 'node:test'
import { covers, type KnownOrigins, originNamed, unknown } from '../../../src/consumer/origins.ts'
import { originHeader, originText, type Position } from '../../../src/event/origin.ts'
import { encodeHeaders } from '../../support/encode-log.ts'

const topicId = '00000000-0000-4000-8000-000000000001'
const of = { topicId, partition: 3, lineage: 2, rulesVersion: 1 }
const at = (offset: number, other: Partial<Position> = {}): Position => {
  return { topicId, partition: 3, lineage: 2, offset, ...other }
}
const named = (text: string, offset = 10) => originNamed(encodeHeaders([[originHeader, Buffer.from(text)]]), of, offset)

test('an origin lies before its repair, unless it is of another log, where offsets say nothing', () => {
  assert.deepEqual(named(originText(at(9))), at(9))
  for (const ahead of [10, 11, 99]) assert.equal(named(originText(at(ahead))), unknown)
  for (const other of [{ lineage: 1 }, { topicId: topicId.replace(/1$/, '2') }]) {
    assert.deepEqual(named(originText(at(99, other))), at(99, other))
  }
})

test('what names no place of this partition names no origin, and other headers are none', () => {
  assert.equal(named(originText(at(9, { partition: 4 }))), unknown)
  assert.equal(named('somewhere'), unknown)
  assert.equal(originNamed(encodeHeaders([['traceparent', Buffer.from('00')]]), of, 10), undefined)
})

test('what was read of the rejects says something of the offsets that were read, of that lineage', () => {
  const known: KnownOrigins = { topicId, lineage: 2, from: 5, to: 8, repaired: new Map([[5, false]]) }
  const isCovered = [4, 5, 6, 7, 8, 9].map(offset => covers(known, at(offset)))
  assert.deepEqual(isCovered, [false, true, true, true, false, false])
  assert.equal(covers(known, at(6, { lineage: 1 })), false)
  assert.equal(covers(known, at(6, { topicId: topicId.replace(/1$/, '2') })), false)
})
