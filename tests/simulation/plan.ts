/** What a schedule is drawn to be: its size, its rules, and which faults it has. */
import type { Bounds } from '../../src/consumer/core.ts'
import type { Rules } from '../../src/postgres/rules.ts'
import type { Dice } from './dice.ts'
import type { StoreTrouble } from './store.ts'

/** How often each happens beside the others, where a schedule has it. */
const weights = {
  append: 12,
  'end a transaction': 4,
  repair: 9,
  rebalance: 4,
  crash: 3,
  stop: 3,
  leave: 1,
  skew: 1,
  trim: 2,
  truncate: 2,
  recreate: 1,
  delete: 1,
  damage: 2,
  compact: 1,
  silence: 1,
  'broker away': 1,
  'new leader': 2,
  'add a partition': 1,
  outage: 1,
  poison: 1,
  cut: 2,
  'change the rules': 1,
  'put back': 1,
  operator: 3,
} as const
export type Fault = keyof typeof weights
export const faults = Object.keys(weights) as Fault[]
/** Each fault as often as it is to happen. */
const weighted = faults.map(fault => ({ fault, times: Array<Fault>(weights[fault]).fill(fault) }))
const always: readonly Fault[] = ['append', 'end a transaction', 'rebalance']

export interface Plan {
  readonly partitions: number
  readonly consumers: number
  /** Until the faults stop. */
  readonly steps: number
  /** Probability that something happens to the world before a step. */
  readonly eventRate: number
  /** Each as often as it is to happen. */
  readonly faults: readonly Fault[]
  /** Probability that a step waits for a timer although something else could happen. */
  readonly jumps: number
  readonly rules: Omit<Rules, 'version'> & { readonly segmentIdsMax: number }
  readonly bounds: Bounds
  readonly trouble: Partial<StoreTrouble>
  /** Nobody ends the halts: what is halted at the end stays so. */
  readonly leavesHalts: boolean
}

/** Every schedule has some of the faults: few at a time go deeper than all at once. */
export function drawPlan(dice: Dice): Plan {
  const share = dice.pick([0.1, 0.25, 0.5])
  const chosen: Fault[] = []
  for (const { fault, times } of weighted) if (always.includes(fault) || dice.chance(share)) chosen.push(...times)
  const trouble = {
    lose: dice.chance(0.4) ? 0.04 : 0,
    refuse: dice.chance(0.3) ? 0.03 : 0,
    refuseData: dice.chance(0.1) ? 0.02 : 0,
  }
  return {
    partitions: dice.between(1, 4),
    consumers: dice.between(1, 3),
    steps: dice.between(40, 120),
    eventRate: dice.pick([0.08, 0.15, 0.25]),
    faults: chosen,
    jumps: dice.pick([0.01, 0.04, 0.12]),
    rules: {
      judgeVersion: 2,
      maxAgeDays: 1,
      maxAheadMinutes: dice.pick([60, 180]),
      windowHours: dice.between(1, 3),
      windowIdsMax: dice.between(2, 9),
      segmentIdsMax: dice.between(1, 4),
    },
    bounds: {
      batchBytesMax: dice.chance(0.05) ? 300 : 1 << 20, // few of the batches that are compressed fit then
      pendingRecordsMax: dice.pick([4, 12, 40]),
      sliceRecords: dice.between(1, 6),
    },
    trouble,
    leavesHalts: dice.chance(0.1),
  }
}
