import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeCursor, encodeCursor, type Selection } from '../../../src/api/cursor.ts'

const date = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map(at => at.toISOString().slice(0, 10))
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const selections = fc.record({
  userId: fc.uuid(),
  from: optional(date),
  to: optional(date),
  itemId: optional(fc.uuid()),
})
const positions = fc.record({ date, itemId: fc.uuid() }, { noNullPrototype: true })

test('a cursor leads back to its position, in the list it was made for', () => {
  fc.assert(
    fc.property(selections, positions, (selection, position) => {
      const cursor = encodeCursor(selection, position)
      assert.match(cursor, /^[A-Za-z0-9_-]{39}$/)
      assert.deepEqual(decodeCursor(selection, cursor), position)
    }),
  )
})

test('a cursor of another user or other filters is none', () => {
  fc.assert(
    fc.property(selections, selections, positions, (mine, other, position) => {
      fc.pre(JSON.stringify(Object.values(mine)) !== JSON.stringify(Object.values(other)))
      assert.equal(decodeCursor(other, encodeCursor(mine, position)), undefined)
    }),
  )
  const mine: Selection = { userId: 'u', from: '2026-01-01', to: undefined, itemId: undefined }
  const swapped: Selection = { userId: 'u', from: undefined, to: '2026-01-01', itemId: undefined }
  const cursor = encodeCursor(mine, { date: '2026-01-01', itemId: '11111111-1111-1111-1111-111111111111' })
  assert.equal(decodeCursor(swapped, cursor), undefined)
})

test('a cursor with any character changed, added or taken away is none', () => {
  fc.assert(
    fc.property(
      selections,
      positions,
      fc.nat(38),
      fc.constantFrom(...'AZaz09-_=+/ .'),
      (selection, position, at, to) => {
        const cursor = encodeCursor(selection, position)
        const forged = [
          `${cursor.slice(0, at)}${to}${cursor.slice(at + 1)}`,
          `${cursor.slice(0, at)}${to}${cursor.slice(at)}`,
          cursor.slice(0, at),
          `${cursor}${to}`,
        ].filter(text => text !== cursor)
        for (const text of forged) assert.equal(decodeCursor(selection, text), undefined, text)
      },
    ),
  )
})

test('text that is no cursor is none, whatever it is', () => {
  const selection: Selection = { userId: 'u', from: undefined, to: undefined, itemId: undefined }
  fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), text => decodeCursor(selection, text) === undefined))
  for (const text of ['', '0', 'null', '../..', '%00', 'A'.repeat(39), 'A'.repeat(100_000)]) {
    assert.equal(decodeCursor(selection, text), undefined)
  }
})
