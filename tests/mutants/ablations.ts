/**
 * What one of two defences does without the other. The fence (G2) and the ids that are remembered (G3) both keep an
 * event from counting twice: neither stands in for the other, and a check that is right does not cry out when one is
 * away and nothing is wrong.
 */
import { type Killer, simulator } from './killers.ts'
import type { Change } from './mutant.ts'

export interface Ablation {
  /** What is away, and what comes in. */
  readonly name: string
  readonly changes: readonly Change[]
  readonly check: Killer
  /** Whether the check has to notice: counts go wrong. */
  readonly isToBeNoticed: boolean
}

/**
 * A settle that is written wherever the ledger stands. The CHECK that the books balance goes with the compare-and-set,
 * for it refuses what overlaps, too: with it alone, every count stays right.
 */
const noFence: readonly Change[] = [
  {
    file: 'src/consumer/settle.ts',
    find: 'row.nextOffset === batch.from && isTail(row.tail, batch.after)',
    put: 'row.nextOffset >= 0',
  },
  {
    file: 'tests/simulation/session.ts',
    find: "row === undefined || row.next !== batch.from || row.state !== 'open'",
    put: 'row === undefined',
  },
  {
    file: 'tests/simulation/tables.ts',
    find: 'if (next - start !== counted + duplicate + rejected + skipped + lost)',
    put: 'if (next < start)',
  },
  // Not that books and batches do not fit is to be noticed, but what comes of it: more counted than there was.
  {
    file: 'tests/simulation/oracle.ts',
    find: 'if (lineage.next !== from) return ',
    put: 'if (lineage.next !== from) return undefined && ',
  },
  {
    file: 'tests/simulation/oracle.ts',
    find: 'if (!isPlace || fates.some(fate => row[fate] !== sums[fate])) {',
    put: 'if (row.counted > sums.counted) {',
  },
  {
    file: 'tests/simulation/oracle.ts',
    find: 'if (row.next - row.start !== row.counted +',
    put: 'if (row.next >= 0) return\n    if (row.next - row.start !== row.counted +',
  },
]

/** Every id is new. */
const noIds: readonly Change[] = [
  { file: 'src/kernel/assembly/ids.ts', find: 'if (load<u64>(id) === low &&', put: 'if (false &&' },
]

const ownIds = simulator(2_000, 'own-ids')

export const ablations: readonly Ablation[] = [
  { name: 'no fence; every event has an id, which is known', changes: noFence, check: ownIds, isToBeNoticed: true },
  { name: 'no id is known; every event has its own', changes: noIds, check: ownIds, isToBeNoticed: false },
  { name: 'no id is known; some are sent again', changes: noIds, check: simulator(5_000), isToBeNoticed: true },
]
