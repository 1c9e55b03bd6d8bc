/** The bodies of discard and retry: strict, as the queries are. Pure. */
import type { Selection } from '../evidence/rejects/candidates.ts'
import { parsePositions } from '../evidence/rejects/rejects-request.ts'
import type { Refusal } from './parameters.ts'

export type Deed = 'discard' | 'retry'

export const positionsMax = 100
export const noteMax = 1_000
export const byMax = 100

export interface AskedDeed {
  readonly selection: Selection
  readonly isDryRun: boolean
  readonly isUndo: boolean
  readonly note: string | null
  readonly by: string | undefined
}

const members: Readonly<Record<Deed, readonly string[]>> = {
  retry: ['positions', 'lineage', 'dry_run'],
  discard: ['positions', 'lineage', 'dry_run', 'undo', 'note', 'by'],
}

export function parseDeed(body: unknown, deed: Deed): AskedDeed | Refusal {
  const given = typeof body === 'string' ? objectOf(body) : undefined
  if (given === undefined) return { code: 'bad_request', detail: 'The body must be one JSON object.' }
  const unknown = Object.keys(given).find(name => !members[deed].includes(name))
  if (unknown !== undefined) return refusal(unknown.slice(0, 40), `one of ${members[deed].join(', ')}`)
  const { positions, lineage, dry_run: isDryRun = false, undo: isUndo = false, note, by } = given
  const isList = Array.isArray(positions) && positions.length > 0 && positions.length <= positionsMax
  const parsed = isList && positions.every(one => typeof one === 'string') ? parsePositions(positions) : ''
  if (typeof parsed === 'string') return refusal('positions', `1 to ${positionsMax} texts PARTITION:OFFSET`)
  if (lineage !== undefined && !isWhole(lineage)) return refusal('lineage', 'a whole number from 1')
  if (typeof isDryRun !== 'boolean') return refusal('dry_run', 'true or false')
  if (typeof isUndo !== 'boolean') return refusal('undo', 'true or false')
  if (by !== undefined && !isText(by, byMax)) return refusal('by', `a text of 1 to ${byMax} characters`)
  if (note !== undefined && !isText(note, noteMax)) return refusal('note', `a text of 1 to ${noteMax} characters`)
  if (note === undefined && deed === 'discard' && !isUndo) return refusal('note', 'given: why they are discarded')
  return { selection: { by: 'positions', positions: parsed, lineage }, isDryRun, isUndo, note: note ?? null, by }
}

function objectOf(body: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(body) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** PostgreSQL keeps no text with a NUL. */
const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= max && !value.includes('\0')

const isWhole = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) < 1_000_000_000

const refusal = (name: string, allowed: string): Refusal => ({
  code: 'bad_parameter',
  detail: `${name} must be ${allowed}.`,
  parameter: name,
})
