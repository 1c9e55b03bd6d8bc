import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rowsOf, sumOf } from '../../../src/consumer/delta.ts'
import type { Event } from '../../../src/event/judge.ts'
import { someKernel, someLimits } from '../../support/some-kernel.ts'

const activities = ['view', 'click', 'purchase'] as const
const uuid = (n: number) =>
  `${(n * 37).toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
/** Users that begin alike, and such as do not; days before and after 1970. */
const event = fc
  .record({
    user: fc.nat(12),
    apart: fc.boolean(),
    item: fc.nat(5),
    day: fc.integer({ min: -3, max: 3 }),
    kind: fc.nat(2),
  })
  .map(({ user, apart, item, day, kind }) => ({
    userId: apart ? uuid(user) : `00000000-0000-4000-8000-${user.toString(16).padStart(12, '0')}`,
    itemId: uuid(item),
    day,
    activity: activities[kind]!,
    eventId: undefined,
  }))

/** The rows in the order of their keys: by user, day and item. */
function plainRows(events: readonly Event[]) {
  const rows = new Map<
    string,
    { view: number; click: number; purchase: number; key: readonly [string, number, string] }
  >()
  for (const { userId, day, itemId, activity } of events) {
    const key = [userId, day, itemId] as const
    const row = rows.get(key.join()) ?? { view: 0, click: 0, purchase: 0, key }
    row[activity] += 1
    rows.set(key.join(), row)
  }
  const order = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)
  return [...rows.values()]
    .sort(({ key: a }, { key: b }) => order(a[0], b[0]) || order(a[1], b[1]) || order(a[2], b[2]))
    .map(({ key: [userId, day, itemId], ...counts }) => ({ userId, day, itemId, ...counts }))
}

test('what was added comes out as rows in the order of their keys, batch after batch', () => {
  const batches = fc.array(fc.array(event, { maxLength: 200, size: 'max' }), { maxLength: 6 })
  fc.assert(
    fc.property(batches, batches => {
      const kernel = someKernel()
      for (const events of batches) {
        for (const one of events) kernel.add(one)
        assert.deepEqual([...rowsOf(kernel.takeRows())], plainRows(events))
      }
    }),
    { numRuns: 60 },
  )
})

test('a kernel that begins anew has no rows, whatever it had, and takes the room of before', () => {
  const kernel = someKernel()
  const events = Array.from({ length: 5_000 }, (_, n) => ({
    userId: uuid(n % 900),
    itemId: uuid(n % 7),
    day: 20_000,
    activity: activities[n % 3]!,
    eventId: undefined,
  }))
  const used = new Set<number>()
  for (let n = 0; n < 4; n++) {
    for (const one of events) kernel.add(one)
    if (n % 2 === 1) assert.deepEqual([...rowsOf(kernel.takeRows())], plainRows(events))
    if (n > 1) used.add(kernel.usedBytes)
    kernel.begin(Buffer.from('sixteen bytes ok'), someLimits)
    assert.equal(kernel.takeRows().length, 0)
  }
  assert.ok(used.size <= 2, 'the same every second time')
})

test('rows by the ten thousand come out in order, and a small batch after them', () => {
  const kernel = someKernel()
  const many = Array.from({ length: 30_000 }, (_, n) => ({
    userId: uuid(Math.imul(n, 7_919) % 20_011),
    itemId: uuid(n % 3),
    day: 20_000 + (n % 2),
    activity: activities[n % 3]!,
    eventId: undefined,
  }))
  for (const events of [many, many.slice(0, 5), [], many]) {
    for (const one of events) kernel.add(one)
    assert.deepEqual([...rowsOf(kernel.takeRows())], plainRows(events))
  }
})

test('the sum of deltas is theirs, and they stay as they are', () => {
  fc.assert(
    fc.property(fc.array(fc.array(event, { maxLength: 30 }), { maxLength: 5 }), batches => {
      const kernel = someKernel()
      const deltas = batches.map(events => {
        for (const one of events) kernel.add(one)
        return kernel.takeRows()
      })
      const before = deltas.map(delta => delta.slice())
      assert.deepEqual([...rowsOf(sumOf(deltas))], plainRows(batches.flat()))
      assert.deepEqual(deltas, before)
    }),
    { numRuns: 100 },
  )
})
