/** Plays one schedule: its faults in their order, each with how long it took to recover, and then the verdict. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Lifetime } from '../support/environment.ts'
import { faults } from './faults/faults.ts'
import type { Tally } from './rare.ts'
import { add } from './rare.ts'
import { endsNow, untilCounted } from './recovery.ts'
import type { Planned, Schedule } from './schedule.ts'
import type { Servers } from './servers.ts'
import { openStage, type Stage } from './stage.ts'
import { judge, type Verdict } from './verdict.ts'

/** How long one fault took to recover from. */
export interface Recovery {
  readonly fault: string
  /** From its end until all that was in the log by then was counted. */
  readonly tookMs: number
  /** No other fault was on meanwhile. */
  readonly isUndisturbed: boolean
}

export interface Played extends Verdict {
  readonly recoveries: readonly Recovery[]
  readonly seconds: number
}

export interface Load {
  readonly eventsPerSecond: number
  /** At least so many are acknowledged in the end. */
  readonly events: number
}

export type Say = (words: string) => void

/** No fault may hold counting up for longer. */
const recoveryDeadlineMs = 90_000
const topUpDeadlineMs = 120_000

/** @param folder takes the logs of all processes. @throws when it could not be played to its end. */
export async function play(
  lifetime: Lifetime,
  schedule: Schedule,
  servers: Servers,
  folder: string,
  load: Load,
  tally: Tally,
  say: Say,
): Promise<Played> {
  const beganMs = performance.now()
  const told: Say = words => say(`${((performance.now() - beganMs) / 1_000).toFixed(1).padStart(5)} s  ${words}`)
  const stage = await openStage(lifetime, schedule, servers, folder, load.eventsPerSecond)
  told(`${schedule.consumers} consumers count ${schedule.partitions} partitions of ${schedule.brokers} brokers`)
  const recoveries = await new Course(stage, tally, told).run()
  await stage.sender.reach(load.events, topUpDeadlineMs)
  const verdict = await judge(stage, tally)
  const wrong = recoveries
    .filter(({ tookMs }) => tookMs === Number.POSITIVE_INFINITY)
    .map(({ fault }) => `after "${fault}" counting did not catch up within ${recoveryDeadlineMs} ms`)
  const all = [...wrong, ...verdict.wrong]
  const { acknowledged, lost, double, invented } = verdict
  told(`${acknowledged} events acknowledged: ${lost} lost, ${double} double, ${invented} invented; ${all.length} wrong`)
  return { ...verdict, wrong: all, recoveries, seconds: (performance.now() - beganMs) / 1_000 }
}

/** The faults of a schedule under way. */
class Course {
  readonly #stage: Stage
  readonly #tally: Tally
  readonly #say: Say
  readonly #recoveries: Recovery[] = []
  /** The last of each target. */
  readonly #last = new Map<string, Promise<unknown>>()
  /** How many faults were begun and ended, to know which recoveries were disturbed. */
  #turns = 0
  #on = 0

  constructor(stage: Stage, tally: Tally, say: Say) {
    this.#stage = stage
    this.#tally = tally
    this.#say = say
  }

  async run(): Promise<readonly Recovery[]> {
    const all: Promise<void>[] = []
    for (const planned of this.#stage.schedule.faults) {
      if (planned.waits) await Promise.all(all)
      await pause(planned.afterMs)
      const one = this.#inTurn(planned)
      one.catch(() => {}) // whoever waits for all hears of it
      all.push(one)
    }
    await Promise.all(all)
    return this.#recoveries
  }

  /** After those before it that have one of its targets. */
  #inTurn(planned: Planned): Promise<void> {
    const targets = faults[planned.fault]!.targets(this.#stage, planned)
    const before = targets.map(target => this.#last.get(target))
    const broken = Promise.all(before).then(() => this.#break(planned))
    for (const target of targets) this.#last.set(target, broken)
    return broken.then(() => this.#recover(planned))
  }

  async #break(planned: Planned): Promise<void> {
    this.#on += 1
    this.#turns += 1
    const fromMs = performance.now()
    const done = await faults[planned.fault]!.run(this.#stage, planned)
    this.#on -= 1
    add(this.#tally, `fault: ${planned.fault}`)
    this.#say(`${done} (${((performance.now() - fromMs) / 1_000).toFixed(1)} s)`)
  }

  async #recover({ fault }: Planned): Promise<void> {
    const healedMs = performance.now()
    const [turns, wasAlone] = [this.#turns, this.#on === 0]
    const tookMs = await untilCounted(this.#stage.database, await endsNow(this.#stage), recoveryDeadlineMs)
    const isUndisturbed = wasAlone && this.#turns === turns
    const spentMs = tookMs === undefined ? Number.POSITIVE_INFINITY : performance.now() - healedMs
    this.#recoveries.push({ fault, tookMs: spentMs, isUndisturbed })
  }
}
