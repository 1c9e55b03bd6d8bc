/** The summary's rows beside what the log adds up to. */
import type { Difference, Differences } from './difference.ts'
import { type Digester, sumOf } from './digest.ts'
import type { ComparedRow, RowFile } from './row-file.ts'
import { type Counts, dayText, kinds, rowName } from './rows.ts'

export interface Known {
  /** Days into which events before a checkpoint count, with the digest of all that should be in them. */
  readonly days: ReadonlyMap<number, bigint>
  /** Whether all rows of those days are at hand, so that their digests can be had. */
  readonly hasWholeDays: boolean
  /** Counted events that nothing proves: rows may hold so many more than the log shows. */
  readonly unproven: number
  /** Whether all rows are at hand, so that those events must add up. */
  readonly hasAllRows: boolean
}

export interface ComparedRows {
  readonly rows: number
  /** Rows that were compared by the digest of their day only. */
  readonly rowsByDay: number
  readonly daysByDigest: number
}

/** Adds what is not the same; where events are not in the log, a row may hold more but never less. */
export function compareRows(file: RowFile, known: Known, digester: Digester, differences: Differences): ComparedRows {
  const digests = new Map<number, bigint>()
  let [rows, rowsByDay, excess] = [0, 0, 0]
  const differing = differences.of('row')
  file.compare(row => {
    const day = row.key[8]! | 0
    const isByDay = known.days.has(day)
    if (isByDay) rowsByDay += 1
    else rows += 1
    if (isByDay && row.stored !== undefined) {
      digests.set(day, sumOf(digests.get(day) ?? 0n, digester.ofRow(row.key, 0, row.stored)))
    }
    const what = whatDiffers(row, isByDay || known.unproven > 0)
    if (what !== undefined) differences.add(ofRow(row, what))
    else if (!isByDay) excess += total(row.stored) - total(row.expected)
  })
  const hasExcess = known.unproven > 0 && known.hasAllRows && known.days.size === 0
  if (hasExcess && excess !== known.unproven && differences.of('row') === differing) {
    differences.add(ofExcess(excess, known.unproven))
  }
  const byDigest = known.hasWholeDays && known.unproven === 0 ? [...known.days] : []
  for (const [day, expected] of byDigest) if ((digests.get(day) ?? 0n) !== expected) differences.add(ofDay(day))
  return { rows, rowsByDay, daysByDigest: byDigest.length }
}

const none = [0, 0, 0]

function whatDiffers({ stored, expected }: ComparedRow, mayHoldMore: boolean): Difference['what'] | undefined {
  if (expected === undefined) {
    const isEmpty = total(stored) === 0 && stored!.every(count => count === 0)
    return mayHoldMore && !isEmpty && stored!.every(count => count >= 0) ? undefined : 'extra'
  }
  if (stored === undefined) return 'missing'
  const fits = (count: number, i: number) => (mayHoldMore ? count >= expected[i]! : count === expected[i])
  return stored.every(fits) ? undefined : 'changed'
}

function ofRow(row: ComparedRow, what: Difference['what']): Difference {
  const { key, stored, expected } = row
  return { kind: 'row', what, where: rowName(key, 0), stored: named(stored), expected: named(expected), because: [] }
}

function ofExcess(excess: number, unproven: number): Difference {
  const because = [`all rows together; ${unproven} counted events are in no log any more`]
  return { kind: 'row', what: 'changed', where: {}, stored: excess, expected: unproven, because }
}

function ofDay(day: number): Difference {
  const because = ['the rows of this day do not add up to checkpoint and log; which row it is cannot be told']
  const where = { date: dayText(day) }
  return { kind: 'day', what: 'changed', where, stored: 'another digest', expected: 'the digest', because }
}

function named(counts: Counts | undefined): Record<string, number> | null {
  if (counts === undefined) return null
  return Object.fromEntries(kinds.map((kind, i) => [`${kind}_count`, counts[i]!]))
}

function total(counts: readonly number[] = none): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
