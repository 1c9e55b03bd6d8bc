import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Batch } from '../../../../src/consumer/batch.ts'
import { rowsOf } from '../../../../src/consumer/delta.ts'
import { Fold, type Standing } from '../../../../src/consumer/fold.ts'
import { Window } from '../../../../src/consumer/window.ts'
import { dayText } from '../../../../src/event/day.ts'
import type { Position } from '../../../../src/event/origin.ts'
import { Recount, type RulesFrom, unrepeatable } from '../../../../src/evidence/recount/recount.ts'
import { Remembered } from '../../../../src/evidence/recount/remembered.ts'
import { RepairBook } from '../../../../src/evidence/recount/repair-book.ts'
import { Spill } from '../../../../src/evidence/recount/spill.ts'
import { RecordWalk } from '../../../../src/kafka/records.ts'
import { drawnBatch, drawnOf, logOf, startMs, walkFrom } from '../../../support/drawn-log.ts'
import { encodeBatch } from '../../../support/encode-log.ts'
import { StoredIds } from '../../../support/plain-window.ts'
import { someKernel } from '../../../support/some-kernel.ts'

const of = { ...drawnOf, rulesVersion: 1 }
const idKey = Buffer.from('sixteen bytes ok')
const first = { version: 1, judgeVersion: 2, maxAgeDays: 2, maxAheadMinutes: 60, windowHours: 2, windowIdsMax: 8 }
/** What `setup --change-rules` may have put in force in the middle. */
const later = [
  first,
  { ...first, version: 2, windowIdsMax: 3 },
  { ...first, version: 2, windowHours: 1, maxAgeDays: 1 },
  { ...first, version: 2, windowHours: 5, windowIdsMax: 30, maxAheadMinutes: 0 },
]

/** By the consumer: one batch per set of rules, restarted in between as a change of rules makes it. */
function byFold(log: ReturnType<typeof logOf>, rules: readonly RulesFrom[], end: number) {
  const ids = new StoredIds()
  const lines: string[] = []
  const total = { counted: 0, duplicate: 0, rejected: 0, skipped: 0 }
  const rejects = new Map<number, boolean>()
  let standing: Standing = { of, nextOffset: rules[0]!.fromOffset, clockMs: -1, tail: undefined, ids: [] }
  for (const [i, ruling] of rules.entries()) {
    const to = rules[i + 1]?.fromOffset ?? end
    const fold = new Fold(standing, ruling, idKey)
    const settle = () => {
      const batch = fold.takeBatch()
      if (batch === undefined) return
      ids.keep(batch.window)
      for (const { offset, origin } of batch.rejects) if (origin === undefined) rejects.set(offset, false)
      for (const { origin } of batch.repairs) rejects.set(origin.offset, true)
      for (const fate of ['counted', 'duplicate', 'rejected', 'skipped'] as const) total[fate] += batch[fate]
      lines.push(...linesOf(batch))
      standing = { of, nextOffset: batch.to, clockMs: batch.clockMs, tail: batch.tail, ids: ids.rows() }
    }
    while (fold.next < to) {
      const walk = walkFrom(log, fold.next, 4)
      fold.take(walk, 1)
      if (fold.awaited === undefined) continue
      settle()
      fold.learn({ ...of, from: 0, to: fold.next, repaired: new Map(rejects) })
      fold.take(walk, 1)
    }
    settle()
  }
  return { total, lines: lines.sort(), clockMs: standing.clockMs, ids: Buffer.concat(ids.rows().map(row => row.ids)) }
}

/** Counts, rejects and repairs, a line each. */
function linesOf({ delta, rejects, repairs }: Batch): string[] {
  const lines = rejects.map(one => rejectLine(one.offset, one))
  for (const { origin, offset, as } of repairs) lines.push(repairLine(origin, offset, as))
  for (const { day, userId, itemId, ...counts } of rowsOf(delta))
    for (const kind of ['view', 'click', 'purchase'] as const)
      for (let n = 0; n < counts[kind]; n++) lines.push(`${dayText(day)} ${userId} ${itemId} ${kind}`)
  return lines
}

const rejectLine = (offset: number, one: { reason: string; pointer: string; origin: Position | undefined }) =>
  `${offset} ${one.reason} ${one.pointer} ${one.origin?.offset}`
const repairLine = (origin: Position, offset: number, as: string) => `${origin.offset} repaired by ${offset} ${as}`

const recountOf = (rules: readonly RulesFrom[], book = new RepairBook(new Spill())) =>
  new Recount({ of: drawnOf, rules, idKey, from: rules[0]!.fromOffset, clockMs: -1, book })

function byRecount(log: ReturnType<typeof logOf>, rules: readonly RulesFrom[], end: number, book: RepairBook) {
  const recount = recountOf(rules, book)
  const lines: string[] = []
  const walk = walkFrom(log, rules[0]!.fromOffset, log.length)
  while (walk.offset + 1 < end && walk.next()) {
    const one = recount.take(walk)
    if (one.fate === 'rejected') lines.push(rejectLine(walk.offset, one))
    if ((one.fate === 'counted' || (one.fate === 'duplicate' && one.repairedBy === undefined)) && one.origin) {
      lines.push(repairLine(one.origin, walk.offset, one.fate))
    }
    if (one.fate === 'counted') {
      lines.push(`${dayText(one.event.day)} ${one.event.user} ${one.event.item} ${one.event.activity}`)
    }
  }
  const ids = Buffer.concat(recount.window.segments.map(segment => recount.window.idsOf(segment)))
  return { total: recount.fates, lines: lines.sort(), clockMs: recount.clockMs, ids }
}

test('the recount finds the fates, counts, rejects, repairs, clock and ids of the consumer, also where rules change', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      fc.array(drawnBatch, { minLength: 1, maxLength: 25, size: 'max' }),
      fc.nat(2 ** 40),
      fc.constantFrom(...later),
      fc.nat(),
      (drawn, start, changed, at) => {
        const log = logOf(drawn, start, true)
        const end = log.at(-1)!.last + 1
        // Rules change where a batch of the consumer ended: at a step of the walk.
        const steps = stepsOf(log, start, end)
        const change = steps[at % steps.length]!
        const rules = [
          { fromOffset: start, ...first },
          ...(change === start ? [] : [{ fromOffset: change, ...changed }]),
        ]
        const expected = byFold(log, rules, end)
        const book = new RepairBook(new Spill())
        assert.deepEqual(byRecount(log, rules, end, book), expected)
        assert.deepEqual(byRecount(log, rules, end, book), expected) // as a second look at the log has it
        book.close()
        for (const [fate, count] of Object.entries(expected.total)) if (count > 0) seen.add(fate)
        for (const line of expected.lines) seen.add(/repaired|unknown_origin/.exec(line)?.[0] ?? '')
      },
    ),
    { numRuns: 60 },
  )
  for (const what of ['counted', 'duplicate', 'rejected', 'skipped', 'repaired', 'unknown_origin']) {
    assert.ok(seen.has(what), what)
  }
})

function stepsOf(log: ReturnType<typeof logOf>, start: number, end: number): number[] {
  const steps: number[] = []
  const walk = walkFrom(log, start, log.length)
  do steps.push(walk.offset + 1)
  while (walk.offset + 1 < end && walk.next())
  return steps.slice(0, -1)
}

test('from the middle of a log, told of the rejects and repairs before, it finds the same rejects and repairs', () => {
  let repairs = 0
  fc.assert(
    fc.property(fc.array(drawnBatch, { minLength: 2, maxLength: 25, size: 'max' }), fc.nat(), (drawn, at) => {
      const log = logOf(drawn, 0, true)
      const end = log.at(-1)!.last + 1
      const steps = stepsOf(log, 0, end)
      const from = steps[at % steps.length]!
      const rules = [{ fromOffset: 0, ...first }]
      const whole = new RepairBook(new Spill())
      const rejected = foundFrom(0, log, recountOf(rules, whole))
      const told = new RepairBook(new Spill())
      for (const offset of rejected)
        if (offset < from && whole.isRepairable({ ...drawnOf, offset })) told.addReject(drawnOf, offset)
      for (const [origin, { known }] of whole.repaired()) told.addStored(origin, known!)
      told.trust(drawnOf, offset => offset < from)
      // Its window is empty: whether a repair counts is not known, but which it is.
      const start = { of: drawnOf, rules, idKey, from, clockMs: -1, book: told }
      assert.deepEqual(
        foundFrom(from, log, new Recount(start)),
        rejected.filter(offset => offset >= from),
      )
      for (const [origin, { known, stored }] of told.repaired()) {
        assert.equal(known?.offset, stored?.offset, `the repair of ${origin.offset}`)
        repairs += 1
      }
      whole.close()
      told.close()
    }),
    { numRuns: 60 },
  )
  assert.ok(repairs > 20, `${repairs} repairs`)
})

/** The offsets of the rejects that it finds. */
function foundFrom(from: number, log: ReturnType<typeof logOf>, recount: Recount): number[] {
  const rejected: number[] = []
  const walk = walkFrom(log, from, log.length)
  while (walk.next()) if (recount.take(walk).fate === 'rejected') rejected.push(walk.offset)
  return rejected
}

const eventBytes = (id: string | undefined, item = 1, atMs = startMs) =>
  Buffer.from(
    JSON.stringify({
      user_id: '550e8400-e29b-41d4-a716-446655440000',
      item_id: `550e8400-e29b-41d4-a716-44665544000${item}`,
      activity_type: 'view',
      timestamp: new Date(atMs).toISOString(),
      event_id: id,
    }),
  )

/** A walk over one batch of these values, appended now. */
function walkOver(values: readonly (Buffer | null)[], from: number, atMs = startMs): RecordWalk {
  const records = values.map(value => ({ key: null, value, headers: [], timestampMs: atMs }))
  return new RecordWalk(encodeBatch({ baseOffset: from, records, logAppendMs: atMs }), from, [], 1 << 26)
}

test('a duplicate says which record was first, and whether that one said something else', () => {
  const recount = recountOf([{ fromOffset: 5, ...first }])
  const walk = walkOver([eventBytes('a'), eventBytes('a'), eventBytes('a', 2), eventBytes('a', 1, startMs - 1)], 5)
  const found = []
  while (walk.next()) found.push(recount.take(walk))
  assert.deepEqual(
    found.map(one => (one.fate === 'duplicate' ? [one.first?.offset, one.isReused] : one.fate)),
    ['counted', [5, false], [5, true], [5, true]],
  )
})

test('segments fill up, leave in order and are found again, with ids by the hundred thousand', () => {
  const limits = { windowIdsMax: 150_000, windowHours: 24 }
  const mine = new Remembered(limits)
  const theirs = new Window(limits, [], someKernel())
  let known = 0
  for (let n = 0; n < 330_000; n++) {
    // Every tenth comes again: from 50,000 claims ago, which is remembered, or from 300,000 ago, which is not.
    const name = n % 10 === 3 ? n - (n % 20 === 3 ? 50_001 : 300_001) : n
    const id = Uint32Array.of(Math.imul(name, 0x9e3779b1), name, 7, 8)
    const clockMs = startMs + n
    const before = mine.claim(id, n, clockMs, 1)
    assert.equal(before === undefined, theirs.claim(id, n, clockMs))
    if (before !== undefined) assert.equal(before.offset, n - 50_001)
    if (before !== undefined) known += 1
  }
  assert.ok(known > 10_000)
  assert.equal(mine.size, theirs.size)
  const { pieces } = theirs.takeChange()
  assert.deepEqual(
    mine.segments.map(({ name, firstMs, newestMs }) => ({ name, firstMs, newestMs })),
    pieces.map(({ segment, firstMs, newestMs }) => ({ name: segment, firstMs, newestMs })),
  )
  const stored = Buffer.concat(pieces.map(piece => piece.ids))
  assert.ok(Buffer.concat(mine.segments.map(one => mine.idsOf(one))).equals(stored))
})

test('rules of a judge that this program does not have are named, wherever they come', () => {
  const ours = { fromOffset: 0, ...first }
  const theirs = { fromOffset: 10, ...first, judgeVersion: 99 }
  assert.equal(unrepeatable([ours], 0), undefined)
  assert.equal(unrepeatable([ours, theirs], 0), theirs)
  assert.equal(unrepeatable([ours, theirs], 12), theirs)
  assert.equal(unrepeatable([theirs, { ...ours, fromOffset: 20 }], 20), undefined)
})
