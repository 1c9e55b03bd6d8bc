import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseOrigin } from '../../../../src/event/origin.ts'
import { originOf } from '../../../../src/evidence/recount/origin-header.ts'
import { RepairBook } from '../../../../src/evidence/recount/repair-book.ts'
import { SortedOffsets } from '../../../../src/evidence/recount/sorted-offsets.ts'
import { Spill } from '../../../../src/evidence/recount/spill.ts'
import { RecordWalk } from '../../../../src/kafka/records.ts'
import { encodeBatch, type LogRecord } from '../../../support/encode-log.ts'

function recordWith(headers: LogRecord['headers'], value: Buffer | null = Buffer.from('{}')): RecordWalk {
  const records = [{ key: null, value, headers, timestampMs: 1 }]
  const walk = new RecordWalk(encodeBatch({ baseOffset: 7, records }), 7, [], 1 << 20)
  assert.ok(walk.next())
  return walk
}
const named = (text: string) => originOf(recordWith([['footfall-origin', Buffer.from(text)]]), 2, 3)

const topicId = '0b0e2c1a-7f0f-4d3b-9a53-2f2a6f1d2c11'
const part = fc.oneof(
  fc.constantFrom(topicId, topicId.toUpperCase(), `${topicId}0`, '', '0', '3', '03', '-1', '1.5', '1e3', ' 1', '0x1'),
  fc.nat().map(String),
  fc.constantFrom('1000000000', '999999999', '999999999999999', '1000000000000000', '3\n', 'é', '٣'),
)

test('the header of a repair is understood as the consumer does, which reads it with other code', () => {
  const form = fc.tuple(fc.constantFrom(topicId, `${topicId.slice(1)}a`, 'x'), fc.constantFrom('3', '4'), part, part)
  const texts = fc.oneof(
    form.map(parts => parts.join('/')),
    fc.array(part, { maxLength: 6 }).map(parts => parts.join('/')),
    fc.tuple(fc.nat(99), fc.nat(99)).map(([lineage, offset]) => `${topicId}/3/${lineage}/${offset}`),
  )
  let good = 0
  fc.assert(
    fc.property(texts, text => {
      const theirs = parseOrigin(Buffer.from(text).toString('latin1'))
      const ours = named(text)
      assert.deepEqual(ours, theirs?.partition === 3 ? theirs : 'nowhere')
      if (ours !== 'nowhere') good += 1
    }),
    { numRuns: 2_000 },
  )
  assert.ok(good > 100, `${good} were good`)
})

test('a repair is one only with a value and a header that the judge of the time knew; the last header counts', () => {
  const text = Buffer.from(`${topicId}/3/1/5`)
  const place = { topicId, partition: 3, lineage: 1, offset: 5 }
  assert.deepEqual(originOf(recordWith([['footfall-origin', text]]), 2, 3), place)
  assert.equal(originOf(recordWith([['footfall-origin', text]]), 1, 3), undefined)
  assert.equal(originOf(recordWith([['footfall-origin', text]], null), 2, 3), undefined)
  assert.equal(originOf(recordWith([['Footfall-Origin', text]]), 2, 3), undefined)
  assert.equal(originOf(recordWith([]), 2, 3), undefined)
  const two: LogRecord['headers'] = [
    ['footfall-origin', Buffer.from('rubbish')],
    ['footfall-origin', text],
    ['h', null],
  ]
  assert.deepEqual(originOf(recordWith(two), 2, 3), place)
})

test('offsets on disk are found, and no others, also where they fill many blocks', () => {
  const spill = new Spill()
  const offsets = new SortedOffsets(spill, 1)
  assert.equal(offsets.has(0), false)
  for (let n = 0; n < 10_000; n++) {
    offsets.add(n * 3 + 5)
    offsets.add(n) // lower: it was taken before, or is none
    if (n % 1_000 === 0) assert.ok(offsets.has(n * 3 + 5), `${n} is found as soon as it is there`)
  }
  for (let offset = 0; offset < 30_100; offset++) {
    const isOne = offset >= 5 && offset < 30_005 && (offset - 5) % 3 === 0
    assert.equal(offsets.has(offset), isOne, String(offset))
  }
  spill.close()
})

test("the tables' word is taken for repairs by records that are not seen, and by no others", () => {
  const book = new RepairBook(new Spill())
  const of = { topicId, partition: 0, lineage: 1 }
  const origin = (offset: number) => ({ ...of, offset })
  const repair = (offset: number, lineage = 1) => ({ ...of, lineage, offset, as: 'counted' as const })
  book.addStored(origin(1), repair(10))
  book.addStored(origin(2), repair(20))
  book.addStored(origin(3), repair(5, 2))
  book.addStored({ ...origin(1), partition: 1 }, { ...repair(10), partition: 1 })
  const heard: number[] = []
  book.trust(
    of,
    offset => offset < 15,
    ({ offset }) => heard.push(offset),
  )
  assert.deepEqual(heard, [1])
  assert.deepEqual(
    [1, 2, 3].map(offset => book.repairOf(origin(offset))?.offset),
    [10, undefined, undefined],
  )
  assert.equal(book.repairOf({ ...origin(1), partition: 1 }), undefined)
  book.addFound(origin(2), repair(19))
  book.trust(of, () => true)
  assert.equal(book.repairOf(origin(2))?.offset, 19, 'what was found stays')
  book.close()
})
