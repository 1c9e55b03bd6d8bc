/** What rejects say they were repaired by beside what the log says, when all lineages of a partition were recounted. */
import { isSamePlace, keyText, placed } from '../recount/record-place.ts'
import type { Repair, RepairBook } from '../recount/repair-book.ts'
import type { Differences } from './difference.ts'
import type { Plan } from './reach.ts'

/** @returns how many were compared: all but those by records that were not read. */
export function compareRepairs(book: RepairBook, plans: readonly Plan[], differences: Differences): number {
  // Without its window a repair is known for one, and not whether it was a duplicate by its id.
  const withoutWindow = new Set(plans.filter(({ base }) => base === 'unknown').map(({ lineage }) => keyText(lineage)))
  let compared = 0
  for (const [origin, { stored, known, isFound }] of book.repaired()) {
    if (!isFound && known !== undefined) continue // by a record that was not read
    compared += 1
    const isPlaceEnough = known !== undefined && withoutWindow.has(keyText(known))
    if (isSame(stored, known, isPlaceEnough)) continue
    const { partition, lineage, offset } = origin
    const what = stored === undefined ? 'missing' : known === undefined ? 'extra' : 'changed'
    const because = known === undefined ? ['the record it names repairs nothing, or something else'] : []
    const where = { partition, lineage, offset }
    differences.add({ kind: 'repair', what, where, stored: said(stored), expected: said(known), because })
  }
  return compared
}

function isSame(stored: Repair | undefined, known: Repair | undefined, isPlaceEnough: boolean): boolean {
  if (stored === undefined || known === undefined) return false
  return isSamePlace(stored, known) && (isPlaceEnough || stored.as === known.as)
}

function said(repair: Repair | undefined): string | null {
  return repair === undefined ? null : `${repair.as} at ${placed(repair)}`
}
