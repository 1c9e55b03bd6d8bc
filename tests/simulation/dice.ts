/** All chance of a schedule: one seeded sequence, so that a seed is a schedule. */
import { type Random, seededRandom } from '../../src/producer/random.ts'

export class Dice {
  readonly #draw: Random

  constructor(seed: number | string) {
    this.#draw = seededRandom(String(seed))
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor((this.#draw() * n) / 2 ** 32)
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.#draw() < probability * 2 ** 32
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}
