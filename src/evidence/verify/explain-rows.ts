/** Names the records behind rows that differ: a second look at the log, for those rows only. */
import { placed } from '../recount/record-place.ts'
import type { Recounted } from '../recount/recount.ts'
import type { Difference } from './difference.ts'
import { type Proof, recountTools } from './prove-lineage.ts'
import type { Plan } from './reach.ts'
import { recountLineage } from './recount-lineage.ts'

/** More than these say nothing that these do not. */
const recordsMax = 20

/** Writes into each row's `because` which records count into it, and which are duplicates of such. */
export async function explainRows(
  proof: Proof,
  plans: readonly Plan[],
  differences: readonly Difference[],
  progress: (records: number) => void,
): Promise<void> {
  const rows = new Map<string, { difference: Difference; records: number }>()
  for (const difference of differences) {
    const { user_id, date, item_id } = difference.where
    if (difference.kind !== 'row' || user_id === undefined) continue
    rows.set(`${user_id} ${Date.parse(date!) / 86_400_000} ${item_id}`, { difference, records: 0 })
  }
  if (rows.size === 0) return
  let seen = 0
  for (const plan of plans) {
    if (plan.base === 'unknown' || plan.from === plan.to) continue
    const { partition, lineage } = plan.lineage
    const place = (offset: number) => (offset < 0 ? 'a record before the checkpoint' : `${partition}:${offset}`)
    const tools = recountTools(proof, next => progress(seen + next - plan.from))
    const { records } = await recountLineage(plan, tools, (record, found) => {
      if (found.fate !== 'counted' && found.fate !== 'duplicate') return
      const { user, day, item, activity } = found.event
      const row = rows.get(`${user} ${day} ${item}`)
      if (row === undefined || ++row.records > recordsMax) return
      const of = lineage === 1 ? '' : ` of lineage ${lineage}`
      row.difference.because.push(`${place(record.offset)}${of} ${activity}, ${fateText(found, place)}`)
    })
    seen += records
  }
  for (const { difference, records } of rows.values()) {
    if (records > recordsMax) difference.because.push(`and ${records - recordsMax} more records`)
    if (records === 0) difference.because.push('no record of the log says so')
  }
}

function fateText(found: Found, place: (offset: number) => string): string {
  const { fate, origin } = found
  const repair = origin === undefined ? '' : `, a repair of ${placed(origin)}`
  if (fate === 'counted') return `counted${repair}`
  if (found.repairedBy !== undefined) return `duplicate${repair}, which ${placed(found.repairedBy)} had repaired`
  return `duplicate of ${place(found.first!.offset)}${repair}`
}

type Found = Extract<Recounted, { readonly fate: 'counted' | 'duplicate' }>
