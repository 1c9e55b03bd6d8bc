import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { Spill } from '../../../../src/evidence/recount/spill.ts'
import type { CountedEvent } from '../../../../src/evidence/recount/verdict.ts'
import { compareRows } from '../../../../src/evidence/verify/compare-rows.ts'
import { Differences } from '../../../../src/evidence/verify/difference.ts'
import { Digester, sumOf } from '../../../../src/evidence/verify/digest.ts'
import { RowFile } from '../../../../src/evidence/verify/row-file.ts'
import { rowName, writeUuid } from '../../../../src/evidence/verify/rows.ts'
import { Tally } from '../../../../src/evidence/verify/tally.ts'

const digester = new Digester(Buffer.from('sixteen bytes ok'))
const uuid = (n: number) => `${n.toString(16).padStart(8, '0')}-00ab-4cde-8fff-ffffffffff0${n % 10}`
const event = (user: number, item: number, day: number, activity: CountedEvent['activity'] = 'view'): CountedEvent => ({
  ...{ user: uuid(user), item: uuid(item), activity, instantMs: 0, day, eventId: undefined },
})

/** A row as COPY sends it. */
function copied(user: string, item: string, day: number, counts: readonly number[]): Buffer {
  const bytes = Buffer.alloc(84)
  const field = (at: number, length: number) => bytes.writeInt32BE(length, at)
  field(0, 16)
  bytes.write(user.replaceAll('-', ''), 4, 'hex')
  field(20, 4)
  bytes.writeInt32BE(day - 10_957, 24)
  field(28, 16)
  bytes.write(item.replaceAll('-', ''), 32, 'hex')
  for (const [i, count] of counts.entries()) {
    field(48 + 12 * i, 8)
    bytes.writeBigInt64BE(BigInt(count), 52 + 12 * i)
  }
  return bytes
}

const known = { days: new Map<number, bigint>(), hasWholeDays: true, unproven: 0, hasAllRows: true }

function compared(stored: readonly Buffer[], events: readonly CountedEvent[], more: Partial<typeof known> = {}) {
  const file = new RowFile()
  for (const row of stored) file.addStored(row, 0)
  const tally = new Tally((words, at, counts) => file.addExpected(words, at, counts))
  for (const one of events) tally.add(one)
  tally.flush()
  const differences = new Differences()
  const result = compareRows(file, { ...known, ...more }, digester, differences)
  file.close()
  return {
    ...result,
    found: differences.kept.map(({ kind, what, where }) => `${kind} ${what} ${where.date ?? ''}`.trim()),
  }
}

test('rows are the same, changed, missing or extra; one of zeros is extra, too', () => {
  const row = (day: number, ...counts: number[]) => copied(uuid(1), uuid(2), day, counts)
  const events = [event(1, 2, 0), event(1, 2, 0, 'purchase'), event(1, 2, 1), event(1, 2, -1)]
  assert.deepEqual(compared([row(0, 1, 0, 1), row(1, 1, 0, 0), row(-1, 1, 0, 0)], events).found, [])
  const { found, rows } = compared([row(0, 1, 1, 0), row(1, 1, 0, 0), row(2, 0, 0, 0), row(3, 0, 1, 0)], events)
  assert.deepEqual(found.sort(), [
    'row changed 1970-01-01',
    'row extra 1970-01-03',
    'row extra 1970-01-04',
    'row missing 1969-12-31',
  ])
  assert.equal(rows, 5)
})

test('a row of a day that no calendar of ours has is named all the same', () => {
  const infinity = copied(uuid(1), uuid(2), 0, [1, 0, 0])
  infinity.writeInt32BE(2 ** 31 - 1, 24)
  assert.match(compared([infinity], []).found.join(), /^row extra day -?\d+$/)
  assert.match(
    compared([copied(uuid(1), uuid(2), 2_932_897, [1, 0, 0])], []).found.join(),
    /^row extra \+010000-01-01$/,
  )
})

test('where events are in no log any more rows may hold more, but just so many', () => {
  const row = (day: number, views: number) => copied(uuid(1), uuid(2), day, [views, 0, 0])
  assert.deepEqual(compared([row(0, 3), row(5, 1)], [event(1, 2, 0)], { unproven: 3 }).found, [])
  assert.deepEqual(compared([row(0, 4), row(5, 1)], [event(1, 2, 0)], { unproven: 3 }).found, ['row changed'])
  assert.deepEqual(compared([row(5, 4)], [event(1, 2, 0)], { unproven: 3 }).found, ['row missing 1970-01-01'])
  assert.deepEqual(compared([row(0, 0), row(5, 4)], [event(1, 2, 0)], { unproven: 3 }).found, [
    'row changed 1970-01-01',
  ])
})

test('the digest of a day is the same by event, by partition and by row', () => {
  const key = new Uint32Array(9)
  writeUuid(uuid(3), key, 0)
  writeUuid(uuid(4), key, 4)
  fc.assert(
    fc.property(fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }), fc.nat(3), (counts, parts) => {
      let sum = 0n
      for (let part = 0; part <= parts; part++) {
        const share = counts.map(count => Math.floor(count / (parts + 1)) + (part < count % (parts + 1) ? 1 : 0))
        sum = sumOf(sum, digester.ofRow(key, 0, share))
      }
      assert.equal(sum, digester.ofRow(key, 0, counts))
    }),
  )
  const other = key.slice()
  other[8] = 1
  assert.notEqual(digester.ofRow(key, 0, [1, 0, 0]), digester.ofRow(other, 0, [1, 0, 0]))
  assert.notEqual(digester.ofRow(key, 0, [1, 0, 0]), digester.ofRow(key, 0, [0, 1, 0]))
})

test('a day whose events lie before a checkpoint is compared by its digest', () => {
  const row = (item: number, views: number) => copied(uuid(1), uuid(item), 0, [views, 0, 0])
  const key = (item: number) => {
    const words = new Uint32Array(9)
    writeUuid(uuid(1), words, 0)
    writeUuid(uuid(item), words, 4)
    return words
  }
  const days = new Map([[0, sumOf(digester.ofRow(key(1), 0, [5, 0, 0]), digester.ofRow(key(2), 0, [2, 0, 0]))]])
  const events = [event(1, 1, 0)] // the others came before
  assert.deepEqual(compared([row(1, 5), row(2, 2)], events, { days }).found, [])
  assert.deepEqual(compared([row(1, 4), row(2, 3)], events, { days }).found, ['day changed 1970-01-01'])
  assert.deepEqual(compared([row(1, 5)], events, { days }).found, ['day changed 1970-01-01'])
  const both = ['row missing 1970-01-01', 'day changed 1970-01-01']
  assert.deepEqual(compared([row(2, 2)], events, { days }).found, both)
})

test('more rows than memory is given for are compared share by share, each once and whole', () => {
  const file = new RowFile({ buckets: 3, entriesMax: 20 })
  const key = new Uint32Array(9)
  for (let n = 0; n < 1_000; n++) {
    key[0] = n % 400
    file.addExpected(key, 0, [1, 0, 0])
  }
  const counts = new Map<string, number>()
  file.compare(({ key, expected }) => {
    const name = rowName(key, 0).user_id
    assert.ok(!counts.has(name), name)
    counts.set(name, expected![0]!)
  })
  file.close()
  assert.equal(counts.size, 400)
  assert.deepEqual(new Set(counts.values()), new Set([2, 3]))
})

test('a temporary file has no name, gives back what was written, and goes with its process', t => {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-spill-'))
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(folder, { recursive: true })
  })
  const spill = new Spill()
  const frames = Array.from({ length: 300 }, (_, n) => Buffer.alloc((n * 977) % 40_000, n))
  for (const [n, frame] of frames.entries()) spill.writeFrame(n % 3, frame)
  assert.deepEqual(readdirSync(folder), [])
  for (const bucket of [0, 1, 2]) {
    const read = [...spill.frames(bucket)].map(frame => Buffer.from(frame))
    assert.deepEqual(
      read,
      frames.filter((_, n) => n % 3 === bucket),
    )
  }
  assert.deepEqual([...spill.frames(9)], [])
  spill.close()
  process.env['TMPDIR'] = join(folder, 'gone')
  assert.throws(() => new Spill(), /cannot be written to .*gone .*set TMPDIR to a folder/)
})
