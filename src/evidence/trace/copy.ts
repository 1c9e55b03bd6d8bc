/** One copy of an event as `trace` tells of it: where it lies, what became of it, and why. */

import type { Lineage } from '../books/ledger.ts'
import { isoOf } from '../iso.ts'
import type { Place as Anywhere } from '../recount/record-place.ts'
import type { RulesFrom } from '../recount/recount.ts'
import type { CountedEvent } from '../recount/verdict.ts'
import type { Place } from './place.ts'
import { type Known, type TracedFate, toldOf, unsettled } from './told.ts'

export interface Copy {
  /** PARTITION:OFFSET */
  readonly position: string
  readonly lineage: number | null
  readonly fate: TracedFate
  /** One sentence. */
  readonly why: string
  /** It has its fate in PostgreSQL, for good. */
  readonly is_committed: boolean
  /** ISO 8601; null: unknown. */
  readonly appended: string | null
  /** What the record says, when it is a valid event. */
  readonly event: {
    readonly user_id: string
    readonly item_id: string
    readonly activity_type: string
    readonly date: string
    readonly event_id: string | null
  } | null
  /** The row of daily_user_item_summary that it is counted in. */
  readonly row: CopyRow | null
  /** Of a duplicate: the position of the record that was counted; null when that cannot be told. */
  readonly duplicate_of: string | null
  readonly reject: Reject | null
  /** Of a repair, also of one that was bad itself: the rejected record that it was sent for. */
  readonly repairs: Position | null
  /** Of a rejected record: the repair that stands for it, and the row that it counts in where its record can be read. */
  readonly repaired_by: (Position & { readonly fate: 'counted' | 'duplicate'; readonly row: CopyRow | null }) | null
  /** Under which rules it was judged. */
  readonly rules_version: number | null
}

export interface CopyRow {
  readonly user_id: string
  readonly date: string
  readonly item_id: string
}

export interface Position {
  /** PARTITION:OFFSET */
  readonly position: string
  readonly lineage: number
}

export interface Reject {
  readonly reason: string
  readonly pointer: string
  readonly detail: string
  readonly label: string | null
}

/** Puts together what books, rejects, log and window say of one position. Pure. */
export function copyOf(
  partition: number,
  offset: number,
  place: Place | { is: 'closed'; history: Lineage },
  known: Known,
): Copy {
  const { read, reject, repair, repairing } = known
  const history = 'history' in place ? place.history : undefined
  const appendMs = reject?.appendMs ?? read?.appendMs ?? -1
  const event = read?.content.is === 'event' ? read.content.event : undefined
  const isCommitted =
    place.is === 'settled' || place.is === 'trimmed' || place.is === 'truncated' || place.is === 'closed'
  const told = isCommitted && history !== undefined ? toldOf(place, known, history) : unsettled(place, offset)
  return {
    position: `${partition}:${offset}`,
    lineage: history?.lineage ?? null,
    duplicate_of: null,
    ...told,
    is_committed: isCommitted || place.is === 'lost',
    appended: isoOf(appendMs),
    event:
      event === undefined ? null : { ...rowOf(event), activity_type: event.activity, event_id: event.eventId ?? null },
    row: told.fate === 'counted' && event !== undefined ? rowOf(event) : null,
    reject:
      reject === undefined
        ? null
        : { reason: reject.reason, pointer: reject.pointer, detail: reject.detail, label: reject.label },
    repairs: positionOf(isCommitted ? (reject?.origin ?? (repair && 'origin' in repair ? repair.origin : null)) : null),
    repaired_by: reject?.repaired
      ? { ...positionOf(reject.repaired)!, fate: reject.repaired.as, row: repairedRow(reject.repaired.as, repairing) }
      : null,
    rules_version: isCommitted ? (read?.rules?.version ?? rulesVersion(history, offset)) : null,
  }
}

const positionOf = (place: Anywhere | null): Position | null =>
  place && { position: `${place.partition}:${place.offset}`, lineage: place.lineage }

const repairedRow = (as: 'counted' | 'duplicate', event: CountedEvent | undefined): CopyRow | null =>
  as === 'counted' && event !== undefined ? rowOf(event) : null

const rulesVersion = (history: Lineage | undefined, offset: number): number | null =>
  history?.rules.findLast(({ fromOffset }: RulesFrom) => fromOffset <= offset)?.version ?? null

const rowOf = ({ user, item, day }: CountedEvent): CopyRow => ({
  user_id: user,
  date: new Date(day * 86_400_000).toISOString().slice(0, 10),
  item_id: item,
})
