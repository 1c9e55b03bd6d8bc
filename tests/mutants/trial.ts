/** A change planted into a copy of the project, and what notices it. Whatever keeps one from being tried is thrown. */
import { availableParallelism } from 'node:os'
import type { Shared } from '../support/environment.ts'
import { copyWith } from './copy.ts'
import { attempt, type Killer } from './killers.ts'
import type { Change } from './mutant.ts'

export interface Trial {
  readonly name: string
  /** The file that is changed. */
  readonly where: string
  readonly changes: readonly Change[]
  /** Asked one after another until one notices. */
  readonly killers: readonly Killer[]
  readonly isToBeNoticed: boolean
}

export interface Tried {
  readonly trial: Trial
  /** Undefined: nobody noticed. */
  readonly killer: string | undefined
  /** What the killer said of it. */
  readonly why: string
  readonly seconds: number
  /** It was noticed and had to be, or neither. */
  readonly isRight: boolean
}

const unbrokenSecondsMax = 300
/** What takes so many times longer than without a bug has noticed it, and so has nothing that is quicker than this. */
const timesLonger = 10
const secondsLeast = 30

/**
 * What fails without a bug would notice every bug.
 * @returns how long each killer took, in seconds. @throws naming the one that fails.
 */
export async function provePass(
  trials: readonly Trial[],
  shared: Shared,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<ReadonlyMap<string, number>> {
  using copy = copyWith([])
  const took = new Map<string, number>()
  const killers = new Map(trials.flatMap(trial => trial.killers).map(killer => [killer.name, killer]))
  for (const killer of killers.values()) {
    signal.throwIfAborted()
    const { why, seconds, said } = await attempt(killer, copy.folder, shared, signal, unbrokenSecondsMax, false)
    if (why !== undefined) throw new Error(`${killer.name} fails although nothing is broken:\n${said.slice(-4_000)}`)
    say(`${killer.name}: passes without a bug, ${seconds.toFixed(1)} s`)
    took.set(killer.name, seconds)
  }
  return took
}

/** @param took as {@link provePass} found it. @param onTried hears of each. */
export async function tryAll(
  trials: readonly Trial[],
  took: ReadonlyMap<string, number>,
  shared: Shared,
  signal: AbortSignal,
  onTried: (tried: Tried) => void,
): Promise<Tried[]> {
  const left = [...trials]
  const all: Tried[] = []
  const work = async () => {
    for (let trial = left.shift(); trial !== undefined; trial = left.shift()) {
      const tried = await tryOne(trial, took, shared, signal)
      all.push(tried)
      onTried(tried)
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, work))
  return all
}

async function tryOne(
  trial: Trial,
  took: ReadonlyMap<string, number>,
  shared: Shared,
  signal: AbortSignal,
): Promise<Tried> {
  using copy = copyWith(trial.changes)
  for (const killer of trial.killers) {
    signal.throwIfAborted()
    const secondsMax = Math.max(secondsLeast, took.get(killer.name)! * timesLonger)
    const { why, seconds } = await attempt(killer, copy.folder, shared, signal, secondsMax, true)
    signal.throwIfAborted()
    if (why !== undefined) return { trial, killer: killer.name, why, seconds, isRight: trial.isToBeNoticed }
  }
  return { trial, killer: undefined, why: '', seconds: 0, isRight: !trial.isToBeNoticed }
}
