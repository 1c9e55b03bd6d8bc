/** What the books say of an offset, before anybody looks at its record. Pure. */
import type { Lineage } from '../books/ledger.ts'
import type { RulesFrom } from '../recount/recount.ts'

/** Of the partition's log as it is now. */
export interface LogBounds {
  readonly topicId: string
  readonly partitions: number
  readonly start: number
  readonly end: number
}

export type Place =
  /** It has a fate, and its record can be read. */
  | { readonly is: 'settled'; readonly history: Lineage }
  /** It has a fate, but the log has lost its record: by retention, or because the log was cut. */
  | { readonly is: 'trimmed' | 'truncated'; readonly history: Lineage }
  | { readonly is: 'lost'; readonly history: Lineage }
  /** It is in the log and will be counted. */
  | { readonly is: 'waiting'; readonly history: Lineage | undefined }
  | { readonly is: 'before_start' | 'beyond_end' | 'no_such_partition' }

/** @param histories of this partition. */
export function placeOf(histories: readonly Lineage[], log: LogBounds, partition: number, offset: number): Place {
  const ofLog = histories.filter(({ topicId }) => topicId === log.topicId)
  const history = ofLog.findLast(({ startOffset }) => startOffset <= offset)
  if (history === undefined || offset >= history.nextOffset) {
    if (partition >= log.partitions) return { is: 'no_such_partition' }
    if (history === undefined && ofLog.length > 0) return { is: 'before_start' }
    return offset < log.end ? { is: 'waiting', history } : { is: 'beyond_end' }
  }
  if (isLost(history, offset)) return { is: 'lost', history }
  if (offset < log.start || partition >= log.partitions) return { is: 'trimmed', history }
  return offset < log.end ? { is: 'settled', history } : { is: 'truncated', history }
}

/** The lineages in which the offset had a fate that the log of now says nothing of: it has another record there, or none. */
export function formerPlaces(
  histories: readonly Lineage[],
  { topicId }: Pick<LogBounds, 'topicId'>,
  offset: number,
): Lineage[] {
  const current = histories.findLast(one => one.topicId === topicId && one.startOffset <= offset)
  return histories.filter(one => one !== current && offset >= one.startOffset && offset < one.nextOffset)
}

/** The offsets [from, to) of a lineage that are settled and that the log of now still has as they were counted. */
export function readableRange(
  histories: readonly Lineage[],
  history: Lineage,
  log: LogBounds,
): { from: number; to: number } {
  const from = Math.max(history.startOffset, log.start)
  if (history.topicId !== log.topicId) return { from, to: from }
  const after = histories.find(one => one.topicId === log.topicId && one.lineage > history.lineage)
  const to = Math.min(history.nextOffset, log.end, after?.startOffset ?? Number.POSITIVE_INFINITY)
  return { from, to: Math.max(from, to) }
}

/** The rules under which a record of this lineage was judged; undefined: none are recorded for it. */
export function rulesAt({ rules }: Pick<Lineage, 'rules'>, offset: number): RulesFrom | undefined {
  return rules.findLast(({ fromOffset }) => fromOffset <= offset)
}

export function isLost({ lost }: Pick<Lineage, 'lost'>, offset: number): boolean {
  return lost.some(({ from, to }) => offset >= from && offset < to)
}
