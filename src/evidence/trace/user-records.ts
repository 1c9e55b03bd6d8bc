/**
 * Finds the records of one user in a range of the log. Most records are passed over by a look at their bytes: only those
 * whose text names the user are parsed and judged, by the plain code of the recount.
 */
import type { LogReader } from '../../kafka/reader.ts'
import type { RecordWalk } from '../../kafka/records.ts'
import type { Trouble } from '../../kafka/trouble.ts'
import type { Lineage } from '../books/ledger.ts'
import { originOf } from '../recount/origin-header.ts'
import type { Place } from '../recount/record-place.ts'
import type { RulesFrom } from '../recount/recount.ts'
import { scan } from '../recount/scan.ts'
import { type CountedEvent, judgesRepeated, type Refusal, verdictOf } from '../recount/verdict.ts'
import { rulesAt } from './place.ts'

export interface Read {
  readonly offset: number
  readonly appendMs: number
  readonly rules: RulesFrom | undefined
  /** What it says that it stands for; undefined: it is no repair. */
  readonly origin: Place | 'nowhere' | undefined
  readonly content:
    | { readonly is: 'event'; readonly event: CountedEvent }
    | { readonly is: 'refused'; readonly refusal: Refusal }
    | { readonly is: 'skipped'; readonly why: 'null' | 'control' | 'aborted' }
    /** Judged by a version of the judge that this program cannot repeat, or under rules that are not recorded. */
    | { readonly is: 'unrepeatable' }
}

/** A record of the user, with the partition's clock as far as the range tells it. */
export interface Seen extends Read {
  readonly clockMs: number
}

export interface Look {
  readonly from: number
  /** The offset after the last that was looked at. */
  readonly next: number
  readonly seen: readonly Seen[]
  /** The append time of the first record; -1: not known. */
  readonly firstMs: number
  /** Where the clock stood after the last record. */
  readonly clockMs: number
  /** Every append time was the broker's: they are the partition's clock. */
  readonly isBrokerTime: boolean
  /** Why it ended early, but for the deadline. */
  readonly trouble: Trouble | undefined
}

export interface Looking {
  readonly log: Pick<LogReader, 'fetch'>
  readonly batchBytesMax: number
  /** When to stop, by performance.now(). */
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
  /** Hears how many records more were looked at. */
  readonly progress?: ((records: number) => void) | undefined
}

/** A sender's clock moves the partition's by no more than this per record; the broker's own is taken as it is. */
const senderStepMs = 3_600_000

/** How many records pass between two looks at the time. */
const timeCheckRecords = 256

/**
 * Looks at [from, to) of a partition.
 * @param range with where the clock stands at `from`; without it the times of the records from there on are the clock.
 * @param user in lower case. @param eventId only records with this one, and bad ones whose text has it.
 * @throws when the brokers are silent, or the signal aborts.
 */
export async function lookForUser(
  history: Pick<Lineage, 'topicId' | 'partition' | 'rules'>,
  range: { readonly from: number; readonly to: number; readonly clockMs?: number },
  user: string,
  eventId: string | undefined,
  { log, batchBytesMax, deadlineMs, signal, progress }: Looking,
): Promise<Look> {
  const { topicId, partition } = history
  // An id in JSON may be written with escapes.
  const names = new RegExp(`${user}|\\\\u00`, 'i')
  const seen: Seen[] = []
  let clockMs = range.clockMs ?? -1
  let firstMs = -1
  let isBrokerTime = true
  let records = 0
  let told = range.from
  const visit = (record: RecordWalk): boolean => {
    records += 1
    if (record.skipped === 0) {
      if (firstMs === -1) firstMs = record.appendMs
      const isFree = record.brokerTime || clockMs === -1
      const latestMs = isFree ? record.appendMs : Math.min(record.appendMs, clockMs + senderStepMs)
      if (latestMs > clockMs) clockMs = latestMs
      isBrokerTime &&= record.brokerTime
      if (record.valueStart >= 0 && names.test(record.bytes.toString('latin1', record.valueStart, record.valueEnd))) {
        const read = readRecord(record, partition, rulesAt(history, record.offset))
        if (isOf(read, record, user, eventId)) seen.push({ ...read, clockMs })
      }
    }
    return records % timeCheckRecords !== 0 || performance.now() < deadlineMs
  }
  const tell = (next: number) => {
    progress?.(next - told)
    told = next
  }
  const scanned =
    range.from < range.to && performance.now() < deadlineMs
      ? await scan(log, { topicId, partition, from: range.from, to: range.to }, visit, {
          batchBytesMax,
          progress: tell,
          signal,
        })
      : { next: range.from, trouble: undefined }
  return { from: range.from, next: scanned.next, seen, firstMs, clockMs, isBrokerTime, trouble: scanned.trouble }
}

/** What a record says, by the rules of its offset. */
export function readRecord(record: RecordWalk, partition: number, rules: RulesFrom | undefined): Read {
  const { offset, appendMs } = record
  const read = { offset, appendMs, rules, origin: undefined }
  if (record.skipped > 0) {
    return { ...read, appendMs: -1, content: { is: 'skipped', why: record.isControl ? 'control' : 'aborted' } }
  }
  if (record.valueStart < 0) return { ...read, content: { is: 'skipped', why: 'null' } }
  if (rules === undefined || !judgesRepeated.includes(rules.judgeVersion)) {
    return { ...read, content: { is: 'unrepeatable' } }
  }
  const origin = originOf(record, rules.judgeVersion, partition)
  const verdict = verdictOf(record.bytes.subarray(record.valueStart, record.valueEnd), appendMs, rules)
  const content =
    'reason' in verdict ? ({ is: 'refused', refusal: verdict } as const) : ({ is: 'event', event: verdict } as const)
  return { ...read, origin, content }
}

/** A bad record is the user's when its text names him: whose it was meant to be cannot be told better. */
function isOf({ content }: Read, record: RecordWalk, user: string, eventId: string | undefined): boolean {
  if (content.is === 'event') {
    return content.event.user === user && (eventId === undefined || content.event.eventId === eventId)
  }
  const text = record.bytes.toString('utf8', record.valueStart, record.valueEnd)
  return text.toLowerCase().includes(user) && (eventId === undefined || text.includes(eventId))
}
