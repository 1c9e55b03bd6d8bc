import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Delta, rowWords, sumOf } from '../../../src/consumer/delta.ts'
import { NewRows } from '../../../src/consumer/new-rows.ts'

/** Rows of users from one number to another, in key order. */
function rows(from: number, to: number): Delta {
  const delta = new Uint32Array((to - from) * rowWords)
  for (let row = 0; row < to - from; row++) {
    delta.set([0, 0, 0, 0, 0, 0, 0, 0, from + row, row, 1, 2], row * rowWords)
    // Words sort by their lowest byte first.
    delta.set([((from + row) >>> 16) & 0xff, ((from + row) >>> 8) & 0xff, (from + row) & 0xff], row * rowWords)
  }
  return delta
}

test('rows are new until they were written once; a few are not worth a guess', () => {
  const newRows = new NewRows()
  assert.deepEqual(newRows.split(rows(0, 2_000)), { fresh: rows(0, 2_000), known: rows(0, 0) })
  assert.equal(newRows.split(rows(0, 2_000)), undefined, 'all are known')
  assert.equal(newRows.split(rows(0, 3_900)), undefined, 'most are known')
  assert.equal(newRows.split(rows(10_000, 10_900)), undefined, 'they are few')
})

test('what is new and what is known is the whole, each in key order', () => {
  const newRows = new NewRows()
  newRows.split(rows(3_000, 4_500))
  const all = rows(2_000, 7_000)
  const { fresh, known } = newRows.split(all)!
  assert.ok(known.length / rowWords >= 1_500 && known.length / rowWords < 1_510)
  assert.deepEqual(sumOf([fresh, known]), all)
})

test('after wrong guesses there is none for longer and longer, after a right one as at first', () => {
  const newRows = new NewRows()
  let next = 0
  const guesses = () => {
    next += 2_000
    return newRows.split(rows(next, next + 2_000)) !== undefined
  }
  const rest = () => {
    let settles = 0
    while (!guesses()) settles += 1
    return settles
  }
  assert.equal(rest(), 0)
  for (const expected of [8, 16, 32]) {
    newRows.wasWrong()
    assert.equal(rest(), expected)
  }
  newRows.wasRight()
  newRows.wasWrong()
  assert.equal(rest(), 8)
})
