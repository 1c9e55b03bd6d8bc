/** A rare moment: what it is, over what its tries differ, and what may come of it. */
import type { Dice } from '../fuzz/dice.ts'
import type { Lifetime } from '../support/environment.ts'
import type { Tally } from './tally.ts'

export interface Moment {
  readonly name: string
  /** What happens in each try. */
  readonly about: string
  /** What the seed spreads the tries over. */
  readonly span: string
  /** Each must be hit, or it was never seen that the counts stay right there. */
  readonly outcomes: readonly string[]
  /** Stages that are played on side by side: most of a try is waiting. */
  readonly lanes: number
  /**
   * Sets one stage up and plays the tries of these numbers on it; holds the counts against a plain recount after each try, and has
   * `verify` prove them in the end. @throws what is wrong.
   */
  readonly play: (lifetime: Lifetime, dice: Dice, tries: readonly number[], tally: Tally) => Promise<void>
}
