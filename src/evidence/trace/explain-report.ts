/** What `explain` is asked, and what it answers. Pure. */
import type { Activity } from '../../event/schema.ts'
import type { Copy } from './copy.ts'

export interface Row {
  readonly user: string
  readonly item: string
  /** YYYY-MM-DD */
  readonly date: string
}

export type Counts = Readonly<Record<Activity, number>>

/** A part of the log that would have to be looked at, and was not. */
export interface Missing {
  readonly partition: number
  readonly lineage: number
  readonly from: number
  readonly to: number
  readonly why: string
}

export interface ExplainReport {
  readonly asked: { readonly user_id: string; readonly item_id: string; readonly date: string }
  /** Number and positions are of one snapshot, taken then. ISO 8601. */
  readonly as_of: string
  /** Of each partition the offset that is counted next. */
  readonly positions: readonly { readonly partition: number; readonly next_offset: number }[]
  /** What the table says; null: there is no such row. */
  readonly number: Counts | null
  /** The sum of the events that were found and surely counted. */
  readonly found: Counts
  /**
   * equal: the events are the number. incomplete: what lacks may lie in what is missing or cannot be told. differs: the
   * log was looked at, and says something else than the table.
   */
  readonly verdict: 'equal' | 'incomplete' | 'differs'
  /** By partition and offset: counted ones, duplicates of such, and those that cannot be told. */
  readonly events: readonly Copy[]
  /** Found and not shown. */
  readonly more: number
  /** Events of this row of which cannot be told whether they were counted. */
  readonly untold: number
  readonly missing: readonly Missing[]
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** @returns the name of the word that is wrong, where one is. */
export function parseRow(user: string, item: string, date: string): Row | 'user' | 'item' | 'date' {
  if (!uuid.test(user)) return 'user'
  if (!uuid.test(item)) return 'item'
  if (!isDay(date)) return 'date'
  return { user: user.toLowerCase(), item: item.toLowerCase(), date }
}

function isDay(text: string): boolean {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

const activities = ['view', 'click', 'purchase'] as const satisfies readonly Activity[]

export const none: Counts = { view: 0, click: 0, purchase: 0 }

export function verdictOn(
  number: Counts | null,
  found: Counts,
  untold: number,
  missing: readonly Missing[],
): ExplainReport['verdict'] {
  const wanted = number ?? none
  if (activities.every(activity => found[activity] === wanted[activity])) return 'equal'
  const isMore = activities.some(activity => found[activity] > wanted[activity])
  return isMore || (missing.length === 0 && untold === 0) ? 'differs' : 'incomplete'
}

export function explainText(report: ExplainReport): string {
  const { asked, number, found, verdict, events, more, missing, untold, as_of, positions } = report
  const at = positions.map(({ partition, next_offset }) => `p${partition}=${next_offset}`).join(', ')
  return [
    `user ${asked.user_id}, item ${asked.item_id}, ${asked.date}`,
    `  the table says  ${number === null ? 'nothing: there is no such row' : countsText(number)}`,
    `  the log says    ${countsText(found)}: ${words[verdict]}`,
    ...events.map(eventLine),
    ...(more > 0 ? [`and ${more} more: --limit shows them`] : []),
    ...(untold > 0 ? [`Of ${untold} events cannot be told whether they were counted.`] : []),
    ...(missing.length > 0 ? ['Not looked at:'] : []),
    ...missing.map(missingLine),
    ...(verdict === 'differs' ? ['./footfall verify shows every difference.'] : []),
    `As of ${as_of}, at ${at}.`,
  ].join('\n')
}

const words = {
  equal: 'the same',
  incomplete: 'not all of it could be found',
  differs: 'something else',
} as const

const countsText = (counts: Counts): string =>
  activities.map(activity => `${counts[activity]} ${activity}${counts[activity] === 1 ? '' : 's'}`).join(', ')

function eventLine({ position, lineage, appended, event, fate, why, repairs }: Copy): string {
  const of = lineage === null || lineage === 1 ? '' : ` of lineage ${lineage}`
  const id = event === null || event.event_id === null ? 'no event_id' : event.event_id
  const told = fate === 'counted' && repairs === null ? fate : `${fate}: ${why}`
  return `${position.padStart(12)}${of}  ${appended ?? 'at an unknown time'}  ${(event?.activity_type ?? '').padEnd(8)}  ${id}  ${told}`
}

const missingLine = ({ partition, lineage, from, to, why }: Missing): string =>
  `  ${partition}:${from} to ${partition}:${to - 1}${lineage === 1 ? '' : ` of lineage ${lineage}`}: ${why}`
