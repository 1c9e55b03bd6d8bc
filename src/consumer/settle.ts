/**
 * The heart. Keeps G1 and G2: counts, fates, ids, rejects, activity and the next offset of a batch move in one
 * transaction, which the ledger's next offset fences by compare-and-set. Whoever comes late finds another offset there
 * and writes nothing.
 */
import type { Tail } from '../kafka/records.ts'
import type { Batch } from './batch.ts'
import type { Outcome } from './store.ts'

/** The statements of a settle; `settle-statements.ts` has them in SQL, a simulator has them without a database. */
export interface Statements {
  begin(): Promise<void>
  /** Locks the ledger rows in partition order and skips those that another transaction holds. */
  lock(batches: readonly Batch[]): Promise<readonly LockedRow[]>
  /** The partitions of these whose ledger rows are there. */
  exist(batches: readonly Batch[]): Promise<ReadonlySet<number>>
  /** By compare-and-set. @returns how many rows moved. */
  advance(batches: readonly Batch[]): Promise<number>
  addCounts(batches: readonly Batch[]): Promise<void>
  keepIds(batches: readonly Batch[]): Promise<void>
  keepRejects(batches: readonly Batch[]): Promise<void>
  markRepaired(batches: readonly Batch[]): Promise<void>
  /** What was counted by minutes, and that it was settled now: the last that is said, so that now is when it is seen. */
  keepActivity(batches: readonly Batch[]): Promise<void>
  commit(): Promise<void>
}

export interface LockedRow {
  readonly partition: number
  readonly nextOffset: number
  readonly rulesVersion: number
  readonly tail: Tail | undefined
  readonly isOpen: boolean
}

/**
 * Settles batches of different partitions. COMMIT is not sent before every statement was answered as expected.
 * @returns what became of each. After an error nothing was written, or the answer to COMMIT was lost; the connection
 * is of no more use then, and closing it rolls back.
 */
export async function settle(tables: Statements, batches: readonly Batch[]): Promise<Map<Batch, Outcome>> {
  await tables.begin()
  const outcomes = await fence(tables, batches)
  const ours = batches.filter(batch => !outcomes.has(batch))
  if (ours.length > 0) {
    const moved = await tables.advance(ours)
    if (moved !== ours.length) throw new Error(`advanced ${moved} of ${ours.length} locked ledger rows`)
    await tables.addCounts(ours)
    await tables.keepIds(ours)
    await tables.keepRejects(ours)
    await tables.markRepaired(ours)
    await tables.keepActivity(ours)
  }
  await tables.commit()
  for (const batch of ours) outcomes.set(batch, 'settled')
  return outcomes
}

/**
 * A row that another transaction holds is skipped, so that no process waits for a stopped one; a row that stands
 * elsewhere than the batch begins belongs to a faster owner; one that is gone, as in a database that was put back, to
 * nobody.
 * @returns the batches that are not to be written; `settled` where an earlier COMMIT, whose answer was lost, landed.
 */
async function fence(tables: Statements, batches: readonly Batch[]): Promise<Map<Batch, Outcome>> {
  const rows = await tables.lock(batches)
  const rowOf = (batch: Batch) => rows.find(row => row.partition === batch.of.partition)
  const skipped = batches.filter(batch => rowOf(batch) === undefined)
  const held = skipped.length === 0 ? new Set<number>() : await tables.exist(skipped)
  const outcomes = new Map<Batch, Outcome>()
  for (const batch of batches) {
    const row = rowOf(batch)
    if (row === undefined) outcomes.set(batch, held.has(batch.of.partition) ? 'busy' : 'overtaken')
    else if (!row.isOpen || row.rulesVersion !== batch.of.rulesVersion) outcomes.set(batch, 'overtaken')
    else if (row.nextOffset === batch.from && isTail(row.tail, batch.after)) continue
    else outcomes.set(batch, isSame(row, batch) ? 'settled' : 'overtaken')
  }
  return outcomes
}

/** Partitions are pure folds: a ledger that stands where the batch ends, on the same log, holds the same batch. */
function isSame({ nextOffset, tail }: LockedRow, batch: Batch): boolean {
  return nextOffset === batch.to && isTail(tail, batch.tail)
}

/** Where an older database was put back, or counting began elsewhere, another history may have come to the same offset. */
function isTail(a: Tail | undefined, b: Tail | undefined): boolean {
  return a?.epoch === b?.epoch && a?.crc === b?.crc
}
