/** A row of the summary as numbers: nine words of key, and a count per kind of activity. */
import type { Activity } from '../../event/schema.ts'

/** Four words of user, four of item, one of day (days since 1970-01-01, as unsigned). */
export const rowWords = 9

/** The columns' order. */
export const kinds: readonly Activity[] = ['view', 'click', 'purchase']

/** One per kind; as many as kinds. */
export type Counts = ArrayLike<number>

export interface RowName {
  readonly user_id: string
  readonly date: string
  readonly item_id: string
}

/** Writes a UUID in lower case as four words. */
export function writeUuid(uuid: string, words: Uint32Array, at: number): void {
  words[at] = hex(uuid, 0, 8)
  words[at + 1] = (hex(uuid, 9, 13) << 16) | hex(uuid, 14, 18)
  words[at + 2] = (hex(uuid, 19, 23) << 16) | hex(uuid, 24, 28)
  words[at + 3] = hex(uuid, 28, 36)
}

function hex(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    value = (value << 4) | (code < 58 ? code - 48 : code - 87)
  }
  return value
}

/** Spreads keys evenly, for tables and buckets; the same key always gives the same 32 bits. */
export function spread(key: Uint32Array, at: number): number {
  let hash = 0
  for (let i = 0; i < rowWords; i++) {
    hash = Math.imul(hash ^ key[at + i]!, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash >>> 0
}

/** A key in words again. */
export function rowName(key: Uint32Array, at: number): RowName {
  return { user_id: uuidText(key, at), date: dayText(key[at + 8]! | 0), item_id: uuidText(key, at + 4) }
}

/** A day, in days since 1970-01-01, as YYYY-MM-DD. */
export function dayText(day: number): string {
  const date = new Date(day * 86_400_000)
  // PostgreSQL has days that JavaScript has not, infinity among them: only somebody's hand can have written such a row.
  return Number.isNaN(date.getTime()) ? `day ${day}` : date.toISOString().replace(/T.*$/, '')
}

function uuidText(words: Uint32Array, at: number): string {
  const text = [0, 1, 2, 3].map(i => words[at + i]!.toString(16).padStart(8, '0')).join('')
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-')
}
