/** Discards rejects, and takes that back: a person's word about them, which changes no fate. */
import type { Client } from 'pg'
import { connectWriter } from '../../postgres/connect.ts'
import type { Config } from '../../runtime/config.ts'
import { missingOf, type Page, pagesOf, type Selection } from './candidates.ts'
import { nowhere, Outcomes, type RejectsReport } from './reject-report.ts'
import { orForbidden, withRejects } from './reject-tables.ts'
import { currentOf, isInState, readLedger, type State, type StoredReject } from './stored.ts'

export interface LabelOptions {
  /** Takes it back. */
  readonly isUndo: boolean
  readonly isDryRun: boolean
  readonly note: string | null
  /** Who says so. */
  readonly by: string
  readonly progress?: ((done: number) => void) | undefined
}

/** What is still as it was selected becomes so; each page in a transaction of its own. */
export async function label(config: Config, selection: Selection, options: LabelOptions): Promise<RejectsReport> {
  const { isUndo, isDryRun } = options
  const outcomes = new Outcomes()
  const wanted: State = isUndo ? 'discarded' : 'open'
  await withRejects(config, async client => {
    const ledger = await readLedger(client)
    for (const at of await missingOf(client, ledger, selection)) {
      outcomes.add(nowhere(at, currentOf(ledger, at.partition)?.lineage ?? 1), 'unfit', 'no reject is there')
    }
    const writer = isDryRun ? undefined : await connectWriter(config, 'footfall rejects')
    try {
      for await (const page of pagesOf(client, ledger, selection, wanted)) {
        const fit = page.rejects.filter(({ state }) => state === wanted)
        const changed = writer === undefined ? undefined : await change(writer, page, fit, wanted, options)
        for (const reject of page.rejects) tell(outcomes, reject, wanted, changed, isUndo)
        options.progress?.(outcomes.selected)
      }
    } catch (error) {
      throw orForbidden(error, config)
    } finally {
      await writer?.end()
    }
  })
  return outcomes.report(isUndo ? 'restore' : 'discard', isDryRun)
}

/** @param changed undefined: nothing was to be changed. */
function tell(
  outcomes: Outcomes,
  reject: StoredReject,
  wanted: State,
  changed: ReadonlySet<number> | undefined,
  isUndo: boolean,
): void {
  if (reject.state === wanted) {
    if (changed === undefined) outcomes.add(reject, 'ready')
    else if (changed.has(reject.offset)) outcomes.add(reject, isUndo ? 'restored' : 'discarded')
    else outcomes.add(reject, 'done', 'it was changed meanwhile')
    return
  }
  if (reject.state === 'attempt') outcomes.add(reject, 'unfit', 'it is an attempt to repair another: name that one')
  else if (isUndo) outcomes.add(reject, 'done', `it is not discarded but ${reject.state}`)
  else outcomes.add(reject, 'done', `it is ${reject.state} already`)
}

/** In key order, as everybody locks rows. @returns the offsets that were changed. */
async function change(
  writer: Client,
  { of }: Page,
  rejects: readonly StoredReject[],
  from: State,
  { isUndo, note, by }: LabelOptions,
): Promise<ReadonlySet<number>> {
  const { rows } = await writer.query<{ offset: number }>(
    `with picked as materialized (
       select topic_id, partition, lineage, "offset" from rejects
        where topic_id = $1 and partition = $2 and lineage = $3 and "offset" = any($4::bigint[]) and ${isInState[from]}
        order by "offset" for update)
     update rejects r
        set label = $5, label_note = $6, labelled_by = $7 || ' as ' || session_user, labelled_at = now()
       from picked p
      where (r.topic_id, r.partition, r.lineage, r."offset") = (p.topic_id, p.partition, p.lineage, p."offset")
      returning r."offset"::float8 as "offset"`,
    [
      ...[of.topicId, of.partition, of.lineage, rejects.map(({ offset }) => offset)],
      ...[isUndo ? null : 'discarded', note, by],
    ],
  )
  return new Set(rows.map(({ offset }) => offset))
}
