/** Recounts one lineage as far as its plan says, and hands every record on with what became of it. */
import type { Client } from 'pg'
import type { RecordWalk, Tail } from '../../kafka/records.ts'
import type { Trouble } from '../../kafka/trouble.ts'
import { type FateName, withoutLost } from '../books/ledger.ts'
import { Recount, type Recounted } from '../recount/recount.ts'
import type { RepairBook } from '../recount/repair-book.ts'
import { type ScannedLog, type ScanOptions, scan } from '../recount/scan.ts'
import { restoreWindow } from './checkpoint.ts'
import type { Plan } from './reach.ts'

export interface RecountTools extends ScanOptions {
  readonly log: ScannedLog
  readonly idKey: Buffer
  readonly book: RepairBook
  /** Lends a connection, for what a checkpoint remembers. */
  readonly withClient: <T>(work: (client: Client) => Promise<T>) => Promise<T>
}

export interface RecountedLineage {
  readonly recount: Recount
  /** All fates of the lineage up to `reached`, the checkpoint's included. */
  readonly fates: Readonly<Record<FateName, number>>
  readonly reached: number
  /** Records read now. */
  readonly records: number
  readonly tail: Tail | undefined
  /** Why it ended before the plan's end. */
  readonly trouble: Trouble | undefined
}

/** @throws what `scan` throws; when the checkpoint was replaced meanwhile. */
export async function recountLineage(
  plan: Plan,
  tools: RecountTools,
  visit: (record: RecordWalk, found: Recounted) => void,
): Promise<RecountedLineage> {
  const { lineage, base, from, to } = plan
  const checkpoint = base === 'checkpoint' ? lineage.checkpoint : undefined
  const { idKey, book } = tools
  const { rules } = lineage
  const recount = new Recount({ of: lineage, rules, idKey, from, clockMs: checkpoint?.clockMs ?? -1, book })
  if (checkpoint !== undefined) {
    const restore = (client: Client) => restoreWindow(client, lineage, checkpoint.nextOffset, recount.window)
    if (!(await tools.withClient(restore)))
      throw new Error('another verify has replaced the checkpoint: run this again')
  }
  const { topicId, partition } = lineage
  let records = 0
  let reached = from
  let tail: Tail | undefined
  let trouble: Trouble | undefined
  // What was declared lost counts as lost whether it can be read or not.
  for (const range of withoutLost(lineage, plan)) {
    const take = (record: RecordWalk) => visit(record, recount.take(record))
    const scanned = await scan(tools.log, { topicId, partition, ...range }, record => void take(record), tools)
    records += scanned.next - range.from
    reached = scanned.next
    tail = scanned.tail
    trouble = scanned.trouble
    if (trouble !== undefined) break
  }
  if (trouble === undefined) {
    if (reached < to) tail = undefined // what comes last is lost: no record batch to know the log by
    reached = to
  }
  const lost = plan.lineage.lost.reduce(
    (sum, one) => sum + Math.max(0, Math.min(one.to, reached) - Math.max(one.from, from)),
    0,
  )
  const fates = { ...recount.fates, lost }
  if (checkpoint !== undefined)
    for (const fate of Object.keys(fates) as FateName[]) fates[fate] += checkpoint.fates[fate]
  return { recount, fates, reached, records, tail, trouble }
}
