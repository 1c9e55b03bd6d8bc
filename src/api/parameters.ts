/** The query of a summary: strict, as what is silently ignored or guessed gives wrong counts to somebody. */
import { isUuid } from '../event/validate.ts'
import { decodeCursor, type Position, type Selection } from './cursor.ts'
import { isDate } from './date.ts'
import type { Code } from './problem.ts'

export interface Asked extends Selection {
  /** Rows of a page; undefined: the whole list, unless there is a cursor. */
  readonly limit: number | undefined
  /** The page begins after this. */
  readonly after: Position | undefined
  /** Records that must be counted before the answer; mostly none. */
  readonly awaited: readonly AwaitedPosition[]
  readonly format: FormatName
}

export interface AwaitedPosition {
  readonly partition: number
  readonly offset: number
}

export interface Refusal {
  readonly code: Code
  readonly detail: string
  readonly parameter?: string
}

export const parameterNames = ['from', 'to', 'item_id', 'limit', 'cursor', 'min_position', 'format'] as const
export type Name = (typeof parameterNames)[number]

export const formatNames = ['json', 'csv'] as const
export type FormatName = (typeof formatNames)[number]

const limitMax = 1_000

/** What each must be, for the refusal and for the document. */
export const allowed: Readonly<Record<Name, string>> = {
  from: 'a real day as YYYY-MM-DD',
  to: 'a real day as YYYY-MM-DD',
  item_id: 'a UUID of the form 8-4-4-4-12',
  limit: `a whole number from 1 to ${limitMax}, in plain digits`,
  cursor: 'taken from the Link of a page of the same user and filters',
  min_position: 'positions as PARTITION:OFFSET, separated by commas, 64 at most',
  format: formatNames.join(' or '),
}

const isAllowed: Readonly<Record<Exclude<Name, 'cursor'>, (value: string) => boolean>> = {
  from: isDate,
  to: isDate,
  item_id: isUuid,
  min_position: value => /^\d{1,9}:\d{1,15}(,\d{1,9}:\d{1,15}){0,63}$/.test(value),
  limit: value => /^[1-9]\d{0,3}$/.test(value) && Number(value) <= limitMax,
  format: value => (formatNames as readonly string[]).includes(value),
}

/** A name that was sent is shown again only so far. */
const shownMax = 40

/**
 * @param query what follows the question mark, as it was sent.
 * @param userId in lower case.
 */
export function parseParameters(query: string, userId: string): Asked | Refusal {
  if (query === '') return { userId, ...everything }
  const given = new Map<Name, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    const parameter = name.slice(0, shownMax)
    if (!isName(name)) {
      const detail = `There is no parameter ${JSON.stringify(parameter)}; there are ${parameterNames.join(', ')}.`
      return { code: 'unknown_parameter', detail, parameter }
    }
    if (given.has(name)) return { code: 'repeated_parameter', detail: `${name} must be given once.`, parameter }
    given.set(name, value)
  }
  for (const [name, value] of given) {
    if (name !== 'cursor' && !isAllowed[name](value)) return refusal('bad_parameter', name)
  }
  const [from, to] = [given.get('from'), given.get('to')]
  if (from !== undefined && to !== undefined && from > to) {
    return { code: 'bad_range', detail: 'from must not be after to.', parameter: 'from' }
  }
  const selection = { userId, from, to, itemId: given.get('item_id')?.toLowerCase() }
  const [limit, cursor] = [given.get('limit'), given.get('cursor')]
  const after = cursor === undefined ? undefined : decodeCursor(selection, cursor)
  if (cursor !== undefined && after === undefined) return refusal('bad_cursor', 'cursor')
  const awaited = positionsOf(given.get('min_position'))
  const format = (given.get('format') ?? 'json') as FormatName
  return { ...selection, limit: limit === undefined ? undefined : Number(limit), after, awaited, format }
}

/** What most requests ask for of a user. */
export const everything = {
  from: undefined,
  to: undefined,
  itemId: undefined,
  limit: undefined,
  after: undefined,
  awaited: [],
  format: 'json',
} as const

function positionsOf(text: string | undefined): AwaitedPosition[] {
  return (text?.split(',') ?? []).map(position => {
    const [partition, offset] = position.split(':').map(Number) as [number, number]
    return { partition, offset }
  })
}

const isName = (name: string): name is Name => (parameterNames as readonly string[]).includes(name)

const refusal = (code: Code, name: Name): Refusal => ({
  code,
  detail: `${name} must be ${allowed[name]}.`,
  parameter: name,
})
