import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Batch } from '../../../src/consumer/batch.ts'
import { type Delta, rowsOf, sumOf } from '../../../src/consumer/delta.ts'
import { Fold, type Standing } from '../../../src/consumer/fold.ts'
import type { KnownOrigins } from '../../../src/consumer/origins.ts'
import { dayText } from '../../../src/event/day.ts'
import type { Fate } from '../../../src/event/fate.ts'
import { fates } from '../../../src/event/fate.ts'
import { RecordWalk, type Tail } from '../../../src/kafka/records.ts'
import { kernelPool } from '../../../src/kernel/kernels.ts'
import { drawnBatch, drawnOf, eventBytes, logOf, type Stored, startMs, walkFrom } from '../../support/drawn-log.ts'
import { encodeBatch, encodeHeaders, encodeMarker, type LogRecord } from '../../support/encode-log.ts'
import { plainJudge } from '../../support/plain-judge.ts'
import { PlainKernel } from '../../support/plain-kernel.ts'
import { PlainWindow, StoredIds } from '../../support/plain-window.ts'

const hourMs = 3_600_000
const of = { ...drawnOf, rulesVersion: 1 }
const rules = { version: 1, judgeVersion: 2, maxAgeDays: 2, maxAheadMinutes: 60, windowHours: 2, windowIdsMax: 8 }
const idKey = Buffer.from('sixteen bytes ok')

/** The fate of each offset by the slow judge and the slow window, and where the clock stands after it. */
function plainFates(log: readonly Stored[]) {
  const window = new PlainWindow(rules)
  const mayRepair = new Map<number, boolean>()
  let clockMs = -1
  const all: {
    fate: Fate
    clockMs: number
    counts: string
    reject: object | undefined
    repair: object | undefined
    tail: Tail
  }[] = []
  for (const { first, last, records, brokerTime, tail } of log) {
    for (let offset = first; offset <= last; offset++) {
      const record = records.find(record => record.offset === offset)
      let fate: Fate = 'skipped'
      let counts = ''
      let reject: object | undefined
      let repair: object | undefined
      if (record !== undefined) {
        const { appendMs, value, key, headers } = record
        if (appendMs > clockMs) {
          clockMs = brokerTime || clockMs === -1 ? appendMs : Math.min(appendMs, clockMs + hourMs)
        }
        window.advance(clockMs)
        if (value !== null) {
          const named = headers.find(([name]) => name === 'footfall-origin')?.[1]?.toString()
          const origin = named === undefined ? undefined : Number(named.split('/')[3])
          const isKnown = origin !== undefined && origin < offset && mayRepair.has(origin)
          const verdict =
            named !== undefined && !isKnown
              ? { reason: 'unknown_origin', pointer: '' }
              : plainJudge(value, appendMs, rules)
          if ('reason' in verdict) {
            fate = 'rejected'
            const attempt = isKnown ? { ...drawnOf, offset: origin } : undefined
            reject = { ...verdict, offset, appendMs, key, value, headers: encodeHeaders(headers), origin: attempt }
            if (attempt === undefined) mayRepair.set(offset, true)
          } else if (isKnown && !mayRepair.get(origin)) {
            fate = 'duplicate'
          } else {
            const isNew = verdict.eventId === undefined || window.claim(`${verdict.userId} ${verdict.eventId}`, clockMs)
            fate = isNew ? 'counted' : 'duplicate'
            if (isKnown) {
              mayRepair.set(origin, false)
              repair = { origin: { ...drawnOf, offset: origin }, offset, as: fate }
            }
            if (isNew) counts = `${verdict.date} ${verdict.userId} ${verdict.itemId} ${verdict.activity}`
          }
        }
      }
      all.push({ fate, clockMs, counts, reject, repair, tail })
    }
  }
  return { all, ids: window.size }
}

/** day, user, item and activity of everything counted, as many times as it was. */
function flat(delta: Delta): string[] {
  const lines: string[] = []
  for (const { day, userId, itemId, ...counts } of rowsOf(delta))
    for (const kind of ['view', 'click', 'purchase'] as const)
      for (let n = 0; n < counts[kind]; n++) lines.push(`${dayText(day)} ${userId} ${itemId} ${kind}`)
  return lines.sort()
}

const turn = fc.record({
  batches: fc.integer({ min: 1, max: 4 }),
  records: fc.integer({ min: 1, max: 12 }),
  after: fc.constantFrom('read on', 'settle', 'settle', 'settle and restart', 'crash'),
})

test('one log gives the same fates, counts, clock, ids and rejects, however it is cut, settled and restarted (G1, G6)', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      fc.array(drawnBatch, { minLength: 1, maxLength: 25, size: 'max' }),
      fc.nat(2 ** 40),
      fc.array(turn, { minLength: 1, maxLength: 30, size: 'max' }),
      fc.integer({ min: 1, max: 3 }),
      (drawn, start, turns, rejectsMax) => {
        const log = logOf(drawn, start, true)
        const end = log.at(-1)!.last + 1
        const plain = plainFates(log)
        const ids = new StoredIds()
        let standing: Standing = { of, nextOffset: start, clockMs: -1, tail: undefined, ids: [] }
        const settled: Batch[] = []
        const rejects = new Map<number, boolean>()
        const settle = (fold: Fold) => {
          const batch = fold.takeBatch()
          if (batch === undefined) return
          assert.equal(batch.from, standing.nextOffset)
          check(batch, plain.all.slice(batch.from - start, batch.to - start), standing.clockMs)
          settled.push(batch)
          for (const { reason, origin } of batch.rejects) seen.add(origin === undefined ? reason : 'attempt')
          for (const repair of batch.repairs) seen.add(`repair ${repair.as}`)
          for (const { offset, origin } of batch.rejects) if (origin === undefined) rejects.set(offset, false)
          for (const { origin } of batch.repairs) {
            assert.equal(rejects.get(origin.offset), false)
            rejects.set(origin.offset, true)
          }
          ids.keep(batch.window)
          standing = { of, nextOffset: batch.to, clockMs: batch.clockMs, tail: batch.tail, ids: ids.rows() }
        }

        let fold = new Fold(standing, rules, idKey)
        let crashes = 0
        for (let i = 0; fold.next < end; i++) {
          const { batches, records, after } = turns[i % turns.length]!
          const walk = walkFrom(log, fold.next, batches)
          while (fold.take(walk, records)) {
            if (after === 'settle' || fold.awaited !== undefined) settle(fold)
            if (fold.awaited !== undefined) fold.learn(knownFrom(fold.awaited.offset, fold.next, rejects, rejectsMax))
          }
          assert.equal(walk.trouble, undefined)
          if (after.startsWith('settle')) settle(fold)
          if (after === 'crash' && crashes++ > 20) settle(fold) // or it would never end
          if (after === 'settle and restart' || after === 'crash') fold = new Fold(standing, rules, idKey)
        }
        settle(fold)

        assert.equal(standing.nextOffset, end)
        assert.equal(fold.windowIds, plain.ids)
        assert.equal(fold.pendingRecords, 0)
        assert.deepEqual(
          flat(sumOf(settled.map(batch => batch.delta))),
          plain.all.flatMap(({ counts }) => (counts === '' ? [] : [counts])).sort(),
        )
      },
    ),
    { numRuns: 120 },
  )
  for (const what of ['repair counted', 'repair duplicate', 'attempt', 'unknown_origin'])
    assert.ok(seen.has(what), what)
})

/** As `read-origins.ts` has it from PostgreSQL. */
function knownFrom(from: number, end: number, rejects: ReadonlyMap<number, boolean>, rejectsMax: number): KnownOrigins {
  const found = [...rejects].filter(([offset]) => offset >= from).slice(0, rejectsMax)
  const to = found.length < rejectsMax ? end : found.at(-1)![0] + 1
  return { topicId: of.topicId, lineage: of.lineage, from, to, repaired: new Map(found) }
}

/** A batch is the sum of what became of its offsets, and stands where the last of them leaves it. */
function check(batch: Batch, expected: ReturnType<typeof plainFates>['all'], clockBeforeMs: number): void {
  const counted = Object.fromEntries(fates.map(fate => [fate, expected.filter(one => one.fate === fate).length]))
  const { duplicate, rejected, skipped } = batch
  assert.deepEqual({ counted: batch.counted, duplicate, rejected, skipped }, counted)
  assert.equal(batch.to - batch.from, batch.counted + duplicate + rejected + skipped)
  assert.equal(batch.clockMs, expected.at(-1)!.clockMs)
  assert.deepEqual(batch.tail, expected.at(-1)!.tail)
  assert.deepEqual(
    batch.rejects.map(({ detail: _, ...reject }) => reject),
    expected.flatMap(({ reject }) => (reject === undefined ? [] : [reject])),
  )
  assert.deepEqual(
    batch.repairs,
    expected.flatMap(({ repair }) => (repair === undefined ? [] : [repair])),
  )
  assert.deepEqual(flat(batch.delta), expected.flatMap(({ counts }) => (counts === '' ? [] : [counts])).sort())
  assert.deepEqual(minutesOf(batch), plainMinutes(expected))
  assert.equal(batch.entersMinute, isoMinute(batch.clockMs) !== isoMinute(clockBeforeMs))
}

const isoMinute = (ms: number) => new Date(ms).toISOString().slice(0, 16)

/** When it began -> views, clicks and purchases. */
const minutesOf = ({ minutes }: Batch) =>
  minutes.map(({ startMs, views, clicks, purchases }) => {
    assert.equal(new Date(startMs).toISOString().slice(16), ':00.000Z')
    return [isoMinute(startMs), views, clicks, purchases]
  })

function plainMinutes(expected: ReturnType<typeof plainFates>['all']) {
  const minutes = new Map<string, [number, number, number]>()
  for (const { clockMs, counts } of expected) {
    if (counts === '') continue
    const minute = minutes.get(isoMinute(clockMs)) ?? [0, 0, 0]
    minute[['view', 'click', 'purchase'].indexOf(counts.split(' ')[3]!)]! += 1
    minutes.set(isoMinute(clockMs), minute)
  }
  return [...minutes].map(([minute, counts]) => [minute, ...counts])
}

for (const [name, make] of [
  ['kernel', undefined],
  ['plain', () => new PlainKernel()],
] as const) {
  test(`what counts is told by the minute of the clock, to its last millisecond (${name})`, () => {
    const fold = new Fold({ of, nextOffset: 0, clockMs: -1, tail: undefined, ids: [] }, rules, idKey, kernelPool(make))
    let offset = 0
    const folded = (...appends: readonly (readonly [ms: number, kind: number])[]) => {
      const records = appends.map(([timestampMs, kind]) => {
        return { key: null, value: eventBytes(0, 0, kind, undefined), headers: [], timestampMs }
      })
      const walk = new RecordWalk(encodeBatch({ baseOffset: offset, records }), offset, [], 1 << 20)
      offset += records.length
      while (fold.take(walk, 100));
      const batch = fold.takeBatch()!
      const sum = batch.minutes.reduce((all, { views, clicks, purchases }) => all + views + clicks + purchases, 0)
      assert.equal(sum, batch.counted)
      return [batch.entersMinute, ...minutesOf(batch)]
    }
    const [view, click, purchase] = [0, 1, 2]
    assert.deepEqual(folded([-1, view], [-1, click]), [false, ['1969-12-31T23:59', 1, 1, 0]])
    assert.deepEqual(folded([startMs, click]), [true, ['2026-11-22T22:00', 0, 1, 0]])
    assert.deepEqual(folded([startMs + 59_999, purchase], [startMs + 60_000, view], [startMs, click]), [
      true,
      ['2026-11-22T22:00', 0, 0, 1],
      ['2026-11-22T22:01', 1, 1, 0],
    ])
    assert.deepEqual(folded([-1, view], [startMs + 119_999, view]), [false, ['2026-11-22T22:01', 2, 0, 0]])
    assert.deepEqual(folded([startMs + 120_000, purchase]), [true, ['2026-11-22T22:02', 0, 0, 1]])
  })
}

/** Folds single records and says where the clock stands after each. */
function clocksOf(
  appends: readonly { readonly ms: number; readonly broker: boolean }[],
  value: Buffer | null,
): number[] {
  const fold = new Fold({ of, nextOffset: 0, clockMs: -1, tail: undefined, ids: [] }, rules, idKey)
  return appends.map(({ ms, broker }, offset) => {
    const records = [{ key: null, value, headers: [], timestampMs: broker ? 0 : ms }]
    const bytes = encodeBatch({ baseOffset: offset, records, ...(broker && { logAppendMs: ms }) })
    fold.take(new RecordWalk(bytes, offset, [], 1 << 20), 1)
    return fold.takeBatch()!.clockMs
  })
}

test("a sender's clock moves the partition's by an hour per record at most, the broker's moves it as it is", () => {
  const [sender, broker] = [(ms: number) => ({ ms, broker: false }), (ms: number) => ({ ms, broker: true })]
  const far = startMs + 1000 * hourMs
  for (const value of [null, Buffer.from('bad'), eventBytes(0, 0, 0, 1)]) {
    assert.deepEqual(
      clocksOf(
        [sender(-1), sender(startMs), sender(far), sender(far), sender(startMs), sender(-1), broker(far)],
        value,
      ),
      [-1, startMs, startMs + hourMs, startMs + 2 * hourMs, startMs + 2 * hourMs, startMs + 2 * hourMs, far],
    )
    assert.deepEqual(clocksOf([broker(startMs), broker(far), broker(startMs)], value), [startMs, far, far])
  }
})

test('control records and aborted transactions move no clock', () => {
  const records = [{ key: null, value: eventBytes(0, 0, 0, 1), headers: [], timestampMs: startMs }]
  const answer = Buffer.concat([
    encodeBatch({ baseOffset: 0, records, producerId: 5n, transactional: true, logAppendMs: startMs }),
    encodeMarker(1, 5n, 'abort'),
  ])
  const fold = new Fold({ of, nextOffset: 0, clockMs: 7, tail: undefined, ids: [] }, rules, idKey)
  fold.take(new RecordWalk(answer, 0, [{ producerId: 5n, firstOffset: 0n }], 1 << 20), 9)
  const { skipped, clockMs, firstAppendMs, counted } = fold.takeBatch()!
  assert.deepEqual(
    { skipped, clockMs, firstAppendMs, counted },
    { skipped: 2, clockMs: 7, firstAppendMs: -1, counted: 0 },
  )
})

test('a reject is kept as it was, also after the bytes of the answer were used again', () => {
  const value = Buffer.from('{"user_id":')
  const record: LogRecord = {
    key: Buffer.from('k'),
    value,
    headers: [
      ['a', null],
      ['a', Buffer.from('b')],
    ],
    timestampMs: 9,
  }
  const bytes = encodeBatch({ baseOffset: 4, records: [record, { ...record, key: null, headers: [] }] })
  const fold = new Fold({ of, nextOffset: 4, clockMs: -1, tail: undefined, ids: [] }, rules, idKey)
  fold.take(new RecordWalk(bytes, 4, [], 1 << 20), 2)
  const size = record.key!.length + 2 * value.length + encodeHeaders(record.headers).length + encodeHeaders([]).length
  const { rejects, rejectBytes } = fold.takeBatch()!
  assert.equal(rejectBytes, size)
  bytes.fill(0)
  assert.deepEqual(
    rejects.map(({ offset, key, value, headers, appendMs }) => ({ offset, key, value, headers, appendMs })),
    [
      { offset: 4, key: record.key, value, headers: encodeHeaders(record.headers), appendMs: 9 },
      { offset: 5, key: null, value, headers: encodeHeaders([]), appendMs: 9 },
    ],
  )
  assert.equal(fold.takeBatch(), undefined)
})

test('a fold that is closed folds nothing any more: its kernel may be in other hands', () => {
  const kernels = kernelPool()
  const standing = { of, nextOffset: 0, clockMs: -1, tail: undefined, ids: [] }
  const records = [{ key: null, value: eventBytes(0, 0, 0, 1), headers: [], timestampMs: startMs }]
  const walk = () => new RecordWalk(encodeBatch({ baseOffset: 0, records, logAppendMs: startMs }), 0, [], 1 << 20)
  const closed = new Fold(standing, rules, idKey, kernels)
  closed.take(walk(), 1)
  closed.close()
  closed.close()
  assert.throws(() => closed.take(walk(), 1), /the fold of partition \d+ at 1 is closed/)
  assert.throws(() => closed.takeBatch(), /is closed/)
  const [next, other] = [new Fold(standing, rules, idKey, kernels), new Fold(standing, rules, idKey, kernels)]
  for (const fold of [next, other]) fold.take(walk(), 1)
  for (const fold of [next, other]) assert.equal(fold.takeBatch()!.counted, 1, 'closed twice is given back once')
})

test('a walk that does not begin where the fold stands is refused', () => {
  const fold = new Fold({ of, nextOffset: 4, clockMs: -1, tail: undefined, ids: [] }, rules, idKey)
  assert.throws(() => fold.take(new RecordWalk(Buffer.alloc(0), 5, [], 1), 1), /walk at 5 for a fold at 4/)
})

test('large bad records of one compressed batch are folded a megabyte at a time', () => {
  const bytesEach = 300_000
  const record = { key: null, value: Buffer.alloc(bytesEach, 'x'), headers: [], timestampMs: startMs }
  const bytes = encodeBatch({ baseOffset: 0, records: Array.from({ length: 20 }, () => record), codec: 'gzip' })
  const fold = new Fold({ of, nextOffset: 0, clockMs: -1, tail: undefined, ids: [] }, rules, idKey)
  const walk = new RecordWalk(bytes, 0, [], 1 << 24)
  const taken: number[] = []
  for (let goesOn = true; goesOn; ) {
    goesOn = fold.take(walk, 5_000)
    const { rejected = 0, rejectBytes = 0 } = fold.takeBatch() ?? {}
    assert.ok(rejectBytes <= (1 << 20) + bytesEach, `${rejectBytes} bytes at once`)
    taken.push(rejected)
  }
  assert.deepEqual(taken, [4, 4, 4, 4, 4, 0])
})
