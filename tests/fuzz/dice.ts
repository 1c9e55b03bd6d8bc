/** Chance from a seed: the same seed throws the same dice on every machine. */
import { seededRandom } from '../../src/producer/random.ts'

export interface Dice {
  /** A whole number from 0 to `bound` - 1. */
  readonly below: (bound: number) => number
  /** True once in so many. */
  readonly once: (inSoMany: number) => boolean
  readonly pick: <T>(list: readonly T[]) => T
}

export function diceOf(seed: string): Dice {
  const random = seededRandom(seed)
  const below = (bound: number) => Math.floor((random() / 2 ** 32) * bound)
  return { below, once: inSoMany => below(inSoMany) === 0, pick: list => list[below(list.length)]! }
}
