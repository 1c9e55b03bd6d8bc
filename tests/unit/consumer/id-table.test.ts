import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdTable } from '../../../src/consumer/id-table.ts'

test('an id is new when no living segment holds it, whatever was claimed, left and grew before', () => {
  const step = fc.oneof(
    // Few first words, so that ids stand in long runs; the other words tell them apart.
    { weight: 60, arbitrary: fc.tuple(fc.nat(40), fc.nat(40), fc.constant('claim' as const)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(3), fc.nat(), fc.constant('leave' as const)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.nat(), fc.constant('many' as const)) },
  )
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 400, size: 'max' }), steps => {
      const table = new IdTable()
      const plain = new Map<string, number>()
      let segment = 1
      const claim = (words: readonly number[], at = 0) => {
        const key = words.join()
        const isNew = !((plain.get(key) ?? 0) >= table.oldest)
        assert.equal(table.claim(Uint32Array.from([...Array<number>(at).fill(7), ...words]), at, segment), isNew)
        if (isNew) plain.set(key, segment)
      }
      for (const [i, [first, other, kind]] of steps.entries()) {
        if (kind === 'claim') claim([first * 1024, 0, other & 1, other], i % 3)
        if (kind === 'leave') table.oldest = Math.min(++segment, table.oldest + first)
        if (kind === 'many') for (let n = 0; n < 300; n++) claim([first + n, other, n, 0])
      }
      for (const [key, held] of plain) {
        if (held >= table.oldest)
          assert.equal(table.claim(Uint32Array.from(key.split(',').map(Number)), 0, segment), false)
      }
    }),
    { numRuns: 40 },
  )
})
