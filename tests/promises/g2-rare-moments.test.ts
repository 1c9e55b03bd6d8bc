/** G2 and G5: the rare moments of a settle, a few tries of each; `npm run moments` does them by the dozen. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { suite, test } from 'node:test'
import { lostCommit } from '../moments/lost-commit.ts'
import type { Moment } from '../moments/moment.ts'
import { play } from '../moments/play.ts'
import { stopped } from '../moments/stopped.ts'
import { takenOver } from '../moments/taken-over.ts'

const seed = String(randomInt(2 ** 31))
const moments: readonly (readonly [Moment, tries: number])[] = [
  [stopped, 2],
  [takenOver, 2],
  [lostCommit, 6],
]

// They wait most of the time, and they wait side by side.
suite('G2: rare moments', { concurrency: true }, () => {
  for (const [moment, tries] of moments) {
    test(`G2: ${moment.about}: each record is counted once, in ${tries} tries`, async t => {
      t.diagnostic(`seed ${seed}`)
      const { tally, wrong } = await play(moment, seed, tries, 1)
      assert.deepEqual(wrong, [], `seed ${seed}`)
      assert.equal(tally.tries, tries)
    })
  }
})
