/** A lineage's ledger row, rejects and ids beside what the recount found of it. */
import { fateNames } from '../books/ledger.ts'
import type { Spill } from '../recount/spill.ts'
import { compareIds } from './compare-ids.ts'
import type { Differences } from './difference.ts'
import type { Lineage } from './ledger.ts'
import type { Plan, Unproven } from './reach.ts'
import type { RecountedLineage } from './recount-lineage.ts'
import type { RejectMatch } from './reject-match.ts'

export interface ComparedLineage {
  readonly idsCompared: number
  readonly unproven: readonly Unproven[]
  /** Counted events that are in the rows and that nothing proves. */
  readonly countedUnproven: number
}

/** The sum that PostgreSQL's own CHECK holds, unless somebody took that away. */
export function compareBalance(
  { partition, lineage, startOffset, nextOffset, fates }: Lineage,
  into: Differences,
): void {
  const sum = fateNames.reduce((total, fate) => total + fates[fate], 0)
  if (sum === nextOffset - startOffset) return
  const where = { partition, lineage, fate: 'all' }
  const because = [`the ledger stands at ${nextOffset} and began at ${startOffset}`]
  into.add({ kind: 'fate', what: 'changed', where, stored: sum, expected: nextOffset - startOffset, because })
}

/** @param done undefined where nothing of the lineage could be recounted. */
export function compareLineage(
  plan: Plan,
  done: RecountedLineage | undefined,
  rejects: RejectMatch,
  ids: Spill,
  differences: Differences,
): ComparedLineage {
  const { lineage } = plan
  const unproven = [...plan.unproven]
  if (done?.trouble !== undefined) {
    const { reason, detail } = done.trouble
    const why = `the log cannot be read any more, ${reason}: ${detail}`
    unproven.push({ partition: lineage.partition, lineage: lineage.lineage, from: done.reached, to: plan.to, why })
  }
  if (done === undefined || plan.base === 'unknown') {
    rejects.end(done?.reached ?? 0)
    return { idsCompared: 0, unproven, countedUnproven: lineage.fates.counted }
  }
  const isWhole = unproven.length === 0
  rejects.end(isWhole ? undefined : done.reached)
  compareFates(lineage, done, isWhole, differences)
  if (!isWhole) {
    return { idsCompared: 0, unproven, countedUnproven: Math.max(0, lineage.fates.counted - done.fates.counted) }
  }
  compareClock(lineage, done, differences)
  compareTail(lineage, done, differences)
  // A closed lineage's ids are never asked for again.
  const isLiving = lineage.state !== 'closed'
  const idsCompared = isLiving ? compareIds(lineage, ids, done.recount.window, differences) : 0
  return { idsCompared, unproven, countedUnproven: 0 }
}

/** Where something is unproven, the ledger may say more than was found, never less. */
function compareFates(lineage: Lineage, { fates }: RecountedLineage, isWhole: boolean, into: Differences): void {
  for (const fate of fateNames) {
    const [stored, expected] = [lineage.fates[fate], fates[fate]]
    if (stored === expected || (!isWhole && stored > expected)) continue
    const where = { partition: lineage.partition, lineage: lineage.lineage, fate }
    const because = isWhole ? [] : ['at least so many']
    into.add({ kind: 'fate', what: 'changed', where, stored, expected, because })
  }
}

function compareClock(
  { partition, lineage, clockMs }: Lineage,
  { recount }: RecountedLineage,
  into: Differences,
): void {
  if (clockMs === recount.clockMs) return
  const because = ['the partition’s clock, by which ids leave the window']
  const expected = recount.clockMs
  into.add({ kind: 'clock', what: 'changed', where: { partition, lineage }, stored: clockMs, expected, because })
}

/** Whether the log is the one that was counted, by the last record batch. */
function compareTail(
  { partition, lineage, nextOffset, tail }: Lineage,
  done: RecountedLineage,
  into: Differences,
): void {
  if (tail === undefined || done.tail === undefined) return
  if (tail.epoch === done.tail.epoch && tail.crc === done.tail.crc) return
  const because = ['the record batch before the next offset is not the one that was counted']
  const where = { partition, lineage, offset: nextOffset - 1 }
  into.add({ kind: 'log', what: 'changed', where, stored: tail, expected: done.tail, because })
}
