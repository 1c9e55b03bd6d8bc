/** Rejects as a trace tells of them, and what they say of the records that were sent to repair them. */
import type pg from 'pg'
import { isSamePlace, type LineageKey, type Place } from '../recount/record-place.ts'
import type { Repair } from '../recount/repair-book.ts'
import type { Sighting } from './claims.ts'
import type { Read, Seen } from './user-records.ts'

export interface StoredReject extends Place {
  readonly reason: string
  readonly pointer: string
  readonly detail: string
  readonly label: string | null
  readonly appendMs: number
  /** The record that stands for it now. */
  readonly repaired: Repair | null
  /** Of an attempt: what it was sent to repair. */
  readonly origin: Place | null
}

/** What became of a record that names the origin it stands for. */
export type ToldRepair =
  /** It is the first good one of its origin; a duplicate by its event id. */
  | { readonly is: 'counted' | 'duplicate'; readonly origin: Place }
  | { readonly is: 'late'; readonly origin: Place; readonly first: Repair }
  /** Its own reject says why. */
  | { readonly is: 'rejected'; readonly origin: Place | null }
  | { readonly is: 'untold' }

export interface Told {
  readonly reject: StoredReject | undefined
  readonly repair: ToldRepair | undefined
}

/**
 * What the rejects say of settled records of one partition, by offset. What is settled stays as it is, so that it does not
 * matter when it is asked. @param of the lineage of an offset; undefined: nothing is said of it.
 */
export async function tellRejects(
  db: Pick<pg.ClientBase, 'query'>,
  partition: number,
  reads: readonly Read[],
  of: (offset: number) => LineageKey | undefined,
): Promise<Map<number, Told>> {
  const asked = reads.filter(({ content, origin }) => origin !== undefined || content.is === 'refused')
  const origins = asked.flatMap(({ origin }) => (typeof origin === 'object' ? [origin.offset] : []))
  const rejects = await readRejects(db, partition, [...asked.map(({ offset }) => offset), ...origins])
  const told = new Map<number, Told>()
  for (const { offset, origin } of asked) {
    const lineage = of(offset)
    if (lineage === undefined) continue
    const here = { ...lineage, offset }
    const reject = rejectAt(rejects, here)
    told.set(offset, { reject, repair: origin && repairOf(here, origin, reject, rejects) })
  }
  return told
}

function repairOf(
  here: Place,
  named: Place | 'nowhere',
  reject: StoredReject | undefined,
  rejects: readonly StoredReject[],
): ToldRepair {
  if (reject !== undefined) return { is: 'rejected', origin: reject.origin }
  const origin = named === 'nowhere' ? undefined : rejectAt(rejects, named)
  const first = origin?.repaired
  if (origin === undefined || !first) return { is: 'untold' }
  return isSamePlace(first, here) ? { is: first.as, origin } : { is: 'late', origin, first }
}

export const rejectAt = (rejects: readonly StoredReject[], place: Place): StoredReject | undefined =>
  rejects.find(one => isSamePlace(one, place))

/** Of all lineages of a partition. Their bytes stay where they are. */
export async function readRejects(
  db: Pick<pg.ClientBase, 'query'>,
  partition: number,
  offsets: readonly number[],
): Promise<StoredReject[]> {
  if (offsets.length === 0) return []
  const placeOf = (what: string) =>
    `'topicId', ${what}_topic_id, 'partition', partition, 'lineage', ${what}_lineage, 'offset', ${what}_offset`
  const { rows } = await db.query<StoredReject>(
    `select topic_id as "topicId", partition, lineage, "offset"::float8 as "offset", reason, pointer, detail, label,
            append_ms::float8 as "appendMs",
            case when repaired_as is not null then json_build_object(${placeOf('repaired')}, 'as', repaired_as) end as repaired,
            case when origin_offset is not null then json_build_object(${placeOf('origin')}) end as origin
       from partition_ledger join rejects using (topic_id, partition, lineage)
      where partition = $1 and "offset" = any ($2::bigint[])`,
    [partition, offsets],
  )
  return rows
}

/** The valid ones that may have claimed their event id. Of repairs the rejects say which did. */
export function sightingsOf(seen: readonly Seen[], told: ReadonlyMap<number, Told>): (Seen & Sighting)[] {
  return seen.flatMap(one => {
    const is = told.get(one.offset)?.repair?.is
    if (one.content.is !== 'event' || is === 'rejected') return []
    return [{ ...one, isClaim: is === undefined || is === 'untold' ? undefined : is === 'counted' }]
  })
}
