/** One fuzzed log: from its seed alone, so that a difference can be found again. */
import { drawnAnswer } from './answer.ts'
import { damaged } from './damage.ts'
import { diceOf } from './dice.ts'
import type { Plain } from './judges.ts'
import { poolFor } from './pool.ts'
import { Difference, ThreeWay } from './three-way.ts'
import type { Made } from './value.ts'

/** So many fuzzed records share a window of ids. */
export const recordsPerLog = 20_000
/** For each so many, one answer with a damaged batch is read besides. */
const recordsPerDamage = 1_000

export interface Fuzzed {
  readonly records: number
  /** How often each fate and reason came. */
  readonly seen: ReadonlyMap<string, number>
  /** How often each mutation was made. */
  readonly made: ReadonlyMap<string, number>
  readonly difference: string | undefined
}

/** @param records fuzzed ones, at least; the last answer is not cut. @param plain for a test that plants a fault. */
export function fuzzLog(seed: number, records = recordsPerLog, plain?: Plain): Fuzzed {
  const dice = diceOf(`fuzz ${seed}`)
  const pool = poolFor(seed)
  const threeWay = new ThreeWay(plain)
  const seen = new Map<string, number>()
  const made: Made = new Map()
  let [fuzzed, next] = [0, 0]
  try {
    while (fuzzed < records) {
      const answer = drawnAnswer(dice, pool, next, made)
      threeWay.check(answer)
      fuzzed += answer.fuzzed
      next = answer.to
    }
    add(seen, threeWay.seen)
    for (let left = Math.ceil(records / recordsPerDamage); left > 0; left--) {
      const ending = new ThreeWay(plain)
      ending.checkDamaged(damaged(dice, drawnAnswer(dice, pool, 0, new Map())))
      add(seen, ending.seen)
    }
  } catch (error) {
    if (!(error instanceof Difference)) throw error
    return { records: fuzzed, seen, made, difference: error.message }
  }
  return { records: fuzzed, seen, made, difference: undefined }
}

function add(sum: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, times] of more) sum.set(name, (sum.get(name) ?? 0) + times)
}
