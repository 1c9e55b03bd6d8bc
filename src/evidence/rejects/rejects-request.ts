/** What somebody typed after `rejects`, understood. Pure. */
import { parseInstant } from '../../event/day.ts'
import { reasons } from '../../event/fate.ts'
import type { At, Selection } from './candidates.ts'
import type { Filter } from './stored.ts'

export type RejectsRequest =
  | { readonly do: 'list' | 'export'; readonly filter: Filter; readonly isAll: boolean }
  | { readonly do: 'show'; readonly at: At; readonly lineage: number | undefined }
  | {
      readonly do: 'discard'
      readonly selection: Selection
      readonly isDryRun: boolean
      readonly isUndo: boolean
      readonly note: string | null
    }
  | {
      readonly do: 'retry' | 'resend'
      readonly selection: Selection
      readonly isDryRun: boolean
      /** 0: nobody waits. */
      readonly waitMs: number
      /** A file, - for what comes in; undefined with `retry`. */
      readonly patch: string | undefined
    }

type Flags = Readonly<Record<string, string | boolean | undefined>>

const filters = ['reason', 'pointer', 'partition', 'since', 'until']
const deeds = [...filters, 'lineage', 'dry-run', 'yes', 'json']
const sending = [...deeds, 'seconds', 'no-wait']
const flagsOf: Readonly<Record<RejectsRequest['do'], readonly string[]>> = {
  list: [...filters, 'all', 'json'],
  show: ['lineage', 'json'],
  export: [...filters, 'all'],
  discard: [...deeds, 'note', 'undo'],
  retry: sending,
  resend: [...sending, 'patch'],
}

export const defaultWaitSeconds = 30
const noteMax = 1_000

/** @returns a text: what is wrong with it. */
export function parseRejects(words: readonly string[], flags: Flags): RejectsRequest | string {
  const [word = 'list', ...rest] = words
  if (!Object.hasOwn(flagsOf, word)) return `rejects can ${Object.keys(flagsOf).join(', ')}, not "${word}"`
  const deed = word as RejectsRequest['do']
  const needless = Object.keys(flags).find(flag => flags[flag] !== undefined && !flagsOf[deed].includes(flag))
  if (needless !== undefined) return `--${needless} has no meaning for rejects ${deed}`
  const filter = parseFilter(flags)
  if (typeof filter === 'string') return filter
  const lineage = wholeNumber(flags, 'lineage')
  if (lineage === 'wrong') return `--lineage is "${flags['lineage']}"; allowed: a whole number`
  const positions = parsePositions(rest)
  if (typeof positions === 'string') return positions
  if (deed === 'list' || deed === 'export') {
    return rest.length > 0 ? `rejects ${deed} takes no positions` : { do: deed, filter, isAll: flags['all'] === true }
  }
  if (deed === 'show') {
    const [at, ...others] = positions
    return at === undefined || others.length > 0 ? 'name one reject, such as 0:120' : { do: deed, at, lineage }
  }
  const selection = select(positions, lineage, filter)
  if (typeof selection === 'string') return selection
  const isDryRun = flags['dry-run'] === true
  if (deed === 'discard') return parseDiscard(flags, selection, isDryRun)
  const patch = textOf(flags, 'patch')
  if (deed === 'resend' && patch === undefined)
    return 'resend needs --patch FILE; the same bytes are sent again by retry'
  const seconds = wholeNumber(flags, 'seconds') ?? defaultWaitSeconds
  if (seconds === 'wrong' || seconds === 0)
    return '--seconds must be a whole number from 1; --no-wait waits for nothing'
  return { do: deed, selection, isDryRun, waitMs: flags['no-wait'] === true ? 0 : seconds * 1_000, patch }
}

function parseDiscard(flags: Flags, selection: Selection, isDryRun: boolean): RejectsRequest | string {
  const isUndo = flags['undo'] === true
  const note = textOf(flags, 'note') ?? null
  if (note === null && !isUndo) return 'say why with --note; it is kept for those who come later'
  if (note !== null && note.length > noteMax) return `--note has ${note.length} characters, at most ${noteMax}`
  return { do: 'discard', selection, isDryRun, isUndo, note }
}

/** Never all of them because nothing was said. */
function select(positions: readonly At[], lineage: number | undefined, filter: Filter): Selection | string {
  const hasFilter = Object.values(filter).some(value => value !== undefined)
  if (positions.length > 0 && hasFilter) return 'name positions, or give a filter such as --reason; not both'
  if (positions.length > 0) return { by: 'positions', positions, lineage }
  if (lineage !== undefined) return '--lineage belongs to positions'
  return hasFilter
    ? { by: 'filter', filter }
    : `say which: positions such as 0:120, or ${filters.map(flag => `--${flag}`).join(', ')}`
}

const position = /^(\d{1,9}):(\d{1,15})$/

/** @returns a text: what is wrong with them. */
export function parsePositions(words: readonly string[]): At[] | string {
  const positions = new Map<string, At>()
  for (const word of words) {
    const match = position.exec(word)
    if (match === null) return `"${word}" is no position; allowed: PARTITION:OFFSET, such as 0:120`
    const at = { partition: Number(match[1]), offset: Number(match[2]) }
    positions.set(`${at.partition}:${at.offset}`, at)
  }
  return [...positions.values()]
}

/** @returns a text: what is wrong with it. */
export function parseFilter(flags: Flags): Filter | string {
  const partition = wholeNumber(flags, 'partition')
  if (partition === 'wrong') return `--partition is "${flags['partition']}"; allowed: a whole number from 0`
  const [sinceMs, untilMs] = [momentOf(flags, 'since'), momentOf(flags, 'until')]
  if (sinceMs === 'wrong' || untilMs === 'wrong') {
    const wrong = sinceMs === 'wrong' ? 'since' : 'until'
    return `--${wrong} is "${flags[wrong]}"; allowed: a time such as 2026-01-31T00:00:00Z, or a day`
  }
  const reason = textOf(flags, 'reason')
  if (reason !== undefined && !Object.hasOwn(reasons, reason)) {
    return `--reason is "${reason}"; allowed: ${Object.keys(reasons).join(', ')}`
  }
  const pointer = textOf(flags, 'pointer')
  // PostgreSQL has no text with a NUL, and would fail.
  if (pointer !== undefined && !/^(?:\/[^\0]*)?$/.test(pointer)) {
    return '--pointer is no JSON pointer; allowed: "", or one that begins with a slash, such as /user_id'
  }
  return { reason, pointer, partition, sinceMs, untilMs }
}

function momentOf(flags: Flags, name: string): number | undefined | 'wrong' {
  const text = textOf(flags, name)
  if (text === undefined) return undefined
  return parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text) ?? 'wrong'
}

function wholeNumber(flags: Flags, name: string): number | undefined | 'wrong' {
  const text = textOf(flags, name)
  if (text === undefined) return undefined
  return /^\d{1,9}$/.test(text) ? Number(text) : 'wrong'
}

function textOf(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}
