/** Schedules one after another, and one again with its story. */

import type { Broker } from './broker.ts'
import { add, type Coverage } from './coverage.ts'
import type { Server } from './store.ts'
import { type Outcome, World } from './world.ts'

export interface Simulated {
  readonly schedules: number
  readonly steps: number
  readonly failed: readonly Pick<Outcome, 'seed' | 'failure' | 'hash'>[]
  readonly coverage: Coverage
}

/** Plants a defect before a schedule begins: what must be found. */
export type Planted = (server: Server, broker: Broker) => void

let running: World | undefined
process.on('unhandledRejection', error => {
  if (running === undefined) throw error
  running.fail(error)
})

/** Runs `count` schedules, from seed `from` on; with a planted defect until it is found. */
export async function simulate(from: number, count: number, planted?: Planted): Promise<Simulated> {
  const coverage: Coverage = new Map()
  const seen = (state: string) => void coverage.set(state, (coverage.get(state) ?? 0) + 1)
  const failed: Pick<Outcome, 'seed' | 'failure' | 'hash'>[] = []
  let steps = 0
  for (let seed = from; seed < from + count && (planted === undefined || failed.length === 0); seed++) {
    running = new World(seed, seen, false, planted)
    const { failure, hash, ...outcome } = await running.run()
    steps += outcome.steps
    if (failure !== undefined) failed.push({ seed, failure, hash })
  }
  running = undefined
  return { schedules: count, steps, failed, coverage }
}

/** The same schedule again, told. */
export async function replay(seed: number, planted?: Planted): Promise<Outcome> {
  running = new World(seed, () => {}, true, planted)
  const outcome = await running.run()
  running = undefined
  return outcome
}

export function sumOf(parts: readonly Simulated[]): Simulated {
  const coverage: Coverage = new Map()
  for (const part of parts) add(coverage, part.coverage)
  return {
    schedules: parts.reduce((sum, { schedules }) => sum + schedules, 0),
    steps: parts.reduce((sum, { steps }) => sum + steps, 0),
    failed: parts.flatMap(({ failed }) => failed),
    coverage,
  }
}

export const hex = (hash: number): string => hash.toString(16).padStart(8, '0')

/** A failed schedule for people: what it was, how to see it again, and its last steps. */
export async function told(seed: number, stepsShown: number, planted?: Planted): Promise<string> {
  const { failure, hash, steps, story } = await replay(seed, planted)
  return [
    `schedule ${seed} failed after ${steps} steps, trace ${hex(hash)}: ${failure}`,
    `again: npm run simulate -- --seed ${seed} --count 1`,
    `its last steps, of ${story.length} lines (--story ${story.length} shows all):`,
    ...story.slice(-stepsShown),
  ].join('\n')
}
