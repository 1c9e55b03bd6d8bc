import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { segmentIdsMax, segmentSpanMs, Window } from '../../../src/consumer/window.ts'
import { PlainWindow, StoredIds } from '../../support/plain-window.ts'
import { someKernel } from '../../support/some-kernel.ts'

const hourMs = 3_600_000
/** Four words that differ in the first or in the last only, so that they meet in the table. */
const idOf = (n: number) => Uint32Array.of(n % 3, 0, 0xffff_ffff, Math.floor(n / 3))

/** One record: how far it moves the clock, which id it has (none: rejected, null or without an id), what comes after. */
const record = fc.record({
  stepMs: fc.oneof(
    { weight: 4, arbitrary: fc.nat(60_000) },
    { weight: 1, arbitrary: fc.constantFrom(0, segmentSpanMs - 1, segmentSpanMs, segmentSpanMs + 1) },
    { weight: 1, arbitrary: fc.constantFrom(hourMs - 60_000, hourMs - 1, hourMs, hourMs + 1, 3 * hourMs) },
  ),
  id: fc.option(fc.nat(25), { freq: 5, nil: undefined }),
  after: fc.oneof(
    { weight: 2, arbitrary: fc.constant('nothing' as const) },
    { weight: 3, arbitrary: fc.constantFrom('settle' as const, 'settle and reopen' as const, 'crash' as const) },
  ),
})

test('neither batches nor restarts nor crashes change what the window says of any record (G3, G6)', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 120, size: 'max' }),
      fc.record({ windowHours: fc.constantFrom(1, 2), windowIdsMax: fc.integer({ min: 1, max: 15 }) }),
      fc.boolean(),
      (records, limits, clockUnknown) => {
        const stored = new StoredIds()
        const plain = new PlainWindow(limits)
        let window = new Window(limits, [], someKernel())
        let clockMs = clockUnknown ? -1 : 1_000_000
        /** What became of each record when it was read first, and the clock it met. */
        const seen: { readonly clockMs: number; readonly isNew: boolean | undefined; readonly size: number }[] = []
        let settled = 0
        const read = (offset: number, clock: number) => {
          const id = records[offset]!.id
          window.advance(clock)
          return { isNew: id === undefined ? undefined : window.claim(idOf(id), offset, clock), size: window.size }
        }
        for (const [offset, { stepMs, id, after }] of records.entries()) {
          if (stepMs > 0) clockMs = Math.max(clockMs, 0) + stepMs
          plain.advance(clockMs)
          const isNew = id === undefined ? undefined : plain.claim(String(id), clockMs)
          seen.push({ clockMs, isNew, size: plain.size })
          assert.deepEqual(read(offset, clockMs), { isNew, size: plain.size }, `record ${offset}`)
          if (after === 'settle' || after === 'settle and reopen') {
            stored.keep(window.takeChange())
            settled = offset + 1
          }
          if (after === 'settle and reopen' || after === 'crash')
            window = new Window(limits, stored.rows(), someKernel())
          // What was not settled is read again.
          if (after === 'crash') {
            for (let again = settled; again <= offset; again++) {
              const { clockMs, ...before } = seen[again]!
              assert.deepEqual(read(again, clockMs), before, `record ${again}, read again`)
            }
          }
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('what is stored is what is remembered: closed segments in one row each, in order, and none that left', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 80, size: 'max' }),
      fc.integer({ min: 1, max: 15 }),
      (records, idsMax) => {
        const stored = new StoredIds()
        const window = new Window({ windowHours: 1, windowIdsMax: idsMax }, [], someKernel())
        let clockMs = 0
        for (const [offset, { stepMs, id, after }] of records.entries()) {
          clockMs += stepMs
          window.advance(clockMs)
          if (id !== undefined) window.claim(idOf(id), offset, clockMs)
          if (after === 'nothing') continue
          stored.keep(window.takeChange())
          const rows = stored.rows()
          assert.equal(
            rows.reduce((sum, row) => sum + row.ids.length / 16, 0),
            window.size,
          )
          const open = rows.at(-1)?.segment
          const closed = rows.filter(row => row.segment !== open).map(row => row.segment)
          assert.equal(new Set(closed).size, closed.length, 'a closed segment is one row')
          for (const { segment, firstOffset, firstMs } of rows) {
            const newestMs = Math.max(...rows.filter(row => row.segment === segment).map(row => row.newestMs))
            assert.ok(newestMs >= clockMs - hourMs, 'nothing that left lies here')
            assert.ok(newestMs >= firstMs && newestMs < firstMs + segmentSpanMs)
            assert.ok(firstOffset >= segment)
          }
          assert.deepEqual(window.takeChange(), { pieces: [], closed: [], oldest: undefined }, 'handed over once')
        }
      },
    ),
    { numRuns: 100 },
  )
})

test('a segment closes when it is full, also over restarts, and the oldest leaves when there are too many ids', () => {
  const limits = { windowHours: 1, windowIdsMax: 2 * segmentIdsMax }
  const stored = new StoredIds()
  let window = new Window(limits, [], someKernel())
  const count = 2 * segmentIdsMax + 2
  for (let n = 0; n < count; n++) {
    assert.ok(window.claim(Uint32Array.of(n, n, n, n), n, 7))
    if (n % 20_000 === 19_999) {
      stored.keep(window.takeChange())
      if (n % 40_000 === 39_999) window = new Window(limits, stored.rows(), someKernel())
    }
  }
  stored.keep(window.takeChange())
  const rows = stored.rows().map(row => [row.segment, row.ids.length / 16])
  assert.deepEqual(rows, [
    [segmentIdsMax, segmentIdsMax],
    [2 * segmentIdsMax, 2],
  ])
  window = new Window(limits, stored.rows(), someKernel())
  const claims = (n: number) => window.claim(Uint32Array.of(n, n, n, n), count + n, 7)
  assert.deepEqual([segmentIdsMax, count - 1].map(claims), [false, false], 'still remembered')
  assert.ok(claims(0), 'of the segment that left')
})

test('a duplicate does not renew: the id leaves with the segment that claimed it', () => {
  const window = new Window({ windowHours: 1, windowIdsMax: 100 }, [], someKernel())
  const id = idOf(1)
  assert.ok(window.claim(id, 0, 0))
  window.advance(hourMs)
  assert.equal(window.claim(id, 1, hourMs), false, 'as old as the window is not older')
  window.advance(hourMs + 1)
  assert.ok(window.claim(id, 2, hourMs + 1))
})

test('the kernel may claim until a segment is full, closes or leaves, and nothing where none is open', () => {
  const window = new Window({ windowHours: 1, windowIdsMax: 100, segmentIdsMax: 3 }, [], someKernel())
  assert.equal(window.allowance.room, 0)
  assert.ok(window.claim(idOf(1), 0, 5))
  assert.deepEqual(window.allowance, { room: 2, openUntilMs: 5 + segmentSpanMs, stopAfterMs: 5 + hourMs })
})
