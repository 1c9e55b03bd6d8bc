/** What became of one record, and why, in one sentence. Pure. */
import { type LineageKey, placed } from '../recount/record-place.ts'
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

/** What is known of a record besides its place. */
export interface Known {
  readonly read?: Read | undefined
  readonly reject?: StoredReject | undefined
  readonly repair?: ToldRepair | undefined
  readonly claimed?: Claimed | undefined
  /** What repaired the reject. */
  readonly repairing?: CountedEvent | undefined
}

export interface Told {
  readonly fate: TracedFate
  readonly why: string
  readonly duplicate_of?: string | null
}

/** What became of a record that has its fate. */
export function toldOf(place: Place | { is: 'closed' }, known: Known, at: LineageKey): Told {
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
      return ofEvent(read.content.event, known, at)
  }
}

function whyRejected({ reason, pointer, detail, label, repaired, origin, lineage }: StoredReject): string {
  const parts = [`${reason}${pointer === '' ? '' : ` at ${pointer}`}: ${detail}`]
  if (origin !== null) parts.push(`it was sent to repair ${placed(origin, lineage)}`)
  if (repaired !== null) {
    parts.push(
      `repaired by ${placed(repaired, lineage)}, which ${repaired.as === 'counted' ? 'counted' : 'was a duplicate'}`,
    )
  }
  if (label !== null) parts.push(label)
  return parts.join('; ')
}

function ofEvent(event: CountedEvent, { claimed, repair }: Known, { partition, lineage }: LineageKey): Told {
  switch (repair?.is) {
    case 'late': {
      const { first, origin } = repair
      const why = `it repairs ${placed(origin, lineage)}, which ${placed(first, lineage)} had repaired before`
      const isNamed = first.as === 'counted' && first.lineage === lineage
      return { fate: 'duplicate', why, duplicate_of: isNamed ? `${partition}:${first.offset}` : null }
    }
    case 'counted':
      return { fate: 'counted', why: `it is the first good repair of ${placed(repair.origin, lineage)}` }
    case 'duplicate': {
      const of = claimed?.fate === 'duplicate' && claimed.of !== null ? `${partition}:${claimed.of}` : null
      const at = of === null ? 'before' : `at ${of}`
      const why = `it repairs ${placed(repair.origin, lineage)}, but its event_id was counted ${at}`
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

/** What there is to say of a position that has no fate of the ledger, or was lost. */
export function unsettled(place: Place | { is: 'closed' }, offset: number): Told {
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
