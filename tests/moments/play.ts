/** Plays a moment so many times, on several stages side by side. */
import { diceOf } from '../fuzz/dice.ts'
import { inLifetime } from '../support/environment.ts'
import type { Moment } from './moment.ts'
import { Tally } from './tally.ts'

export interface Played {
  readonly tally: Tally
  /** The first thing that was wrong on each stage. */
  readonly wrong: readonly string[]
}

/** @param tries of all stages together. @param lanesMax how many stages at a time, at most. */
export async function play(moment: Moment, seed: string, tries: number, lanesMax = moment.lanes): Promise<Played> {
  const tally = new Tally(moment.outcomes)
  const lanes = Math.min(lanesMax, moment.lanes, tries)
  // Where a moment has kinds of tries that come in turn, a few tries are of other ones each time.
  const first = diceOf(`${seed} ${moment.name}`).below(1_000)
  const playLane = async (lane: number) => {
    const numbers = Array.from({ length: tries }, (_, i) => first + i).filter(number => number % lanes === lane)
    const dice = diceOf(`${seed} ${moment.name} ${lane}`)
    await inLifetime(lifetime => moment.play(lifetime, dice, numbers, tally))
  }
  const played = await Promise.allSettled(Array.from({ length: lanes }, (_, lane) => playLane(lane)))
  const wrong = played.flatMap(one => (one.status === 'rejected' ? [textOf(one.reason)] : []))
  return { tally, wrong }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\n  because: ${textOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
