import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { firstReadable } from '../../../src/kafka/first-readable.ts'
import type { Fetched, Want } from '../../../src/kafka/reader.ts'
import { encodeBatch } from '../../support/encode-log.ts'

const perBatch = 10
const record = { key: null, value: Buffer.from('x'), headers: [], timestampMs: 7 }
const batch = (n: number) =>
  encodeBatch({ baseOffset: n * perBatch, records: Array.from({ length: perBatch }, () => record) })

/** A log of ten batches, of which a broker finds that of an offset, or not, and serves it with all behind it. */
function logOf(bad: ReadonlySet<number>, isFound: (offset: number) => boolean) {
  const bytes = Array.from({ length: 10 }, (_, n) => batch(n))
  for (const n of bad) bytes[n]![70]! ^= 1
  const answer = (offset: number) => Buffer.concat(bytes.slice(Math.floor(offset / perBatch)))
  const look = async (want: Want): Promise<Fetched> => {
    const records = isFound(want.offset) ? answer(want.offset) : Buffer.alloc(0)
    return { want, records, aborted: [], logStart: 0, logEnd: 100, askedMs: 0, isSilent: false }
  }
  return { look }
}
const place = { topicId: 'any', partition: 0 }

test('behind damaged batches that the broker serves, reading goes on at the next sound one', async () => {
  for (const bad of [[3], [3, 4], [3, 5], [3, 4, 5, 6, 7, 8]]) {
    const first = [4, 5, 6, 7, 8, 9].find(n => !bad.includes(n))! * perBatch
    const log = logOf(new Set(bad), () => true)
    assert.equal(await firstReadable(log, place, 30, 100, 1 << 20), first, `${bad}`)
  }
})

test('what is found can be read, and nothing right before it, whatever the broker does not find', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 31, max: 110 }), fc.nat(9), async (found, alsoBad) => {
      const isFound = (offset: number) => offset >= found
      const log = logOf(new Set([3, alsoBad]), isFound)
      const at = await firstReadable(log, place, 30, 100, 1 << 20)
      const isGood = (offset: number) =>
        isFound(offset) && ![3, alsoBad].includes(Math.floor(offset / perBatch)) && offset < 100
      if (at === undefined) return assert.ok(!isGood(99), 'at least the last one is looked at')
      assert.ok(isGood(at) && at > 30, `${at} can be read`)
      assert.ok(at % perBatch === 0 || !isGood(at - 1), `${at} is the first of its batch that can be`)
    }),
  )
})
