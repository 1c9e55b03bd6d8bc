/** One copy of an event as `trace` tells of it: where it lies, what became of it, and why. */
import type { Lineage } from '../books/ledger.ts'
import { isoOf } from '../iso.ts'
import { type Place as Anywhere, placed } from '../recount/record-place.ts'
import type { RulesFrom } from '../recount/recount.ts'
import type { CountedEvent } from '../recount/verdict.ts'
import type { Claimed } from './claims.ts'
import type { Place } from './place.ts'
import type { StoredReject, ToldRepair } from './repairs.ts'
import type { Read } from './user-records.ts'

/** The fates of the ledger; then what is none: not yet, outside of what is counted, or not to be told any more. */
export const tracedFates = [
  ...(['counted', 'duplicate', 'rejected', 'skipped', 'lost'] as const),
  ...(['waiting', 'before_start', 'beyond_end', 'no_such_partition'] as const),
  ...(['trimmed', 'truncated', 'closed', 'untold'] as const),
]
export type TracedFate = (typeof tracedFates)[number]

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

/** What is known of a record besides its place. */
export interface Known {
  readonly read?: Read | undefined
  readonly reject?: StoredReject | undefined
  readonly repair?: ToldRepair | undefined
  readonly claimed?: Claimed | undefined
  /** What repaired the reject. */
  readonly repairing?: CountedEvent | undefined
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
  const told = isCommitted ? toldOf(place, known, partition) : unsettled(place, offset)
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

type Told = Pick<Copy, 'fate' | 'why'> & { readonly duplicate_of?: string | null }

const positionOf = (place: Anywhere | null): Position | null =>
  place && { position: `${place.partition}:${place.offset}`, lineage: place.lineage }

const repairedRow = (as: 'counted' | 'duplicate', event: CountedEvent | undefined): CopyRow | null =>
  as === 'counted' && event !== undefined ? rowOf(event) : null

function toldOf(place: Place | { is: 'closed' }, known: Known, partition: number): Told {
  const { read, reject } = known
  if (reject !== undefined) return { fate: 'rejected', why: whyRejected(reject) }
  if (place.is === 'trimmed')
    return { fate: 'trimmed', why: 'it was settled and not rejected; its record has left the log since' }
  if (place.is === 'truncated')
    return { fate: 'truncated', why: 'it was settled and not rejected; the log ends before it now' }
  if (place.is === 'closed' || read === undefined) {
    return { fate: 'closed', why: 'it was settled and not rejected, in a log that is not the one there is now' }
  }
  switch (read.content.is) {
    case 'skipped':
      return { fate: 'skipped', why: skipped[read.content.why] }
    case 'unrepeatable':
      return {
        fate: 'untold',
        why: `it was judged by version ${read.rules?.judgeVersion ?? 'unknown'}, which this program does not have`,
      }
    case 'refused':
      return {
        fate: 'untold',
        why: `it is bad (${read.content.refusal.reason}), but no reject of it is kept: ./footfall verify tells more`,
      }
    case 'event':
      return ofEvent(read.content.event, known, partition)
  }
}

function whyRejected({ reason, pointer, detail, label, repaired, origin }: StoredReject): string {
  const parts = [`${reason}${pointer === '' ? '' : ` at ${pointer}`}: ${detail}`]
  if (origin !== null) parts.push(`it was sent to repair ${placed(origin)}`)
  if (repaired !== null) {
    parts.push(`repaired by ${placed(repaired)}, which ${repaired.as === 'counted' ? 'counted' : 'was a duplicate'}`)
  }
  if (label !== null) parts.push(label)
  return parts.join('; ')
}

function ofEvent(event: CountedEvent, { claimed, repair }: Known, partition: number): Told {
  switch (repair?.is) {
    case 'late': {
      const { first, origin } = repair
      const why = `it repairs ${placed(origin)}, which ${placed(first)} had repaired before`
      return { fate: 'duplicate', why, duplicate_of: first.as === 'counted' ? `${partition}:${first.offset}` : null }
    }
    case 'counted':
      return { fate: 'counted', why: `it is the first good repair of ${placed(repair.origin)}` }
    case 'duplicate': {
      const of = claimed?.fate === 'duplicate' && claimed.of !== null ? `${partition}:${claimed.of}` : null
      const at = of === null ? 'before' : `at ${of}`
      const why = `it repairs ${placed(repair.origin)}, but its event_id was counted ${at}`
      return { fate: 'duplicate', why, duplicate_of: of }
    }
    case 'rejected':
    case 'untold':
      return { fate: 'untold', why: 'it is sent as a repair, but no reject tells of it: ./footfall verify tells more' }
  }
  if (event.eventId === undefined) return { fate: 'counted', why: 'it is valid and has no event_id' }
  if (claimed === undefined) return { fate: 'untold', why: 'nobody looked for its event_id' }
  if (claimed.fate === 'counted') return { fate: 'counted', why: 'it is the first with its event_id in the window' }
  if (claimed.fate === 'untold') return claimed
  if (claimed.of !== null) {
    const of = `${partition}:${claimed.of}`
    return { fate: 'duplicate', why: `its event_id was counted at ${of}`, duplicate_of: of }
  }
  return { fate: 'duplicate', why: 'its event_id was counted before, at a record that was not found' }
}

function unsettled(place: Place | { is: 'closed' }, offset: number): Told {
  switch (place.is) {
    case 'lost':
      return {
        fate: 'lost',
        why: 'an operator declared it lost: it was never read (./footfall partitions shows who and when)',
      }
    case 'waiting': {
      const halt = place.history?.state === 'halted' ? `, and the partition is halted (${place.history.halt})` : ''
      const at =
        place.history === undefined
          ? 'nothing of its partition is counted'
          : `counting stands at ${place.history.nextOffset}`
      return { fate: 'waiting', why: `it is in the log and not counted yet: ${at}${halt}` }
    }
    case 'before_start':
      return { fate: 'before_start', why: 'counting began after it' }
    case 'no_such_partition':
      return { fate: 'no_such_partition', why: 'the topic has no such partition' }
    default:
      return { fate: 'beyond_end', why: `the log does not go so far as ${offset} yet` }
  }
}

const skipped = {
  null: 'its value is null',
  control: 'it is a control record of a transaction',
  aborted: 'its transaction was rolled back',
} as const

const rulesVersion = (history: Lineage | undefined, offset: number): number | null =>
  history?.rules.findLast(({ fromOffset }: RulesFrom) => fromOffset <= offset)?.version ?? null

const rowOf = ({ user, item, day }: CountedEvent): CopyRow => ({
  user_id: user,
  date: new Date(day * 86_400_000).toISOString().slice(0, 10),
  item_id: item,
})
