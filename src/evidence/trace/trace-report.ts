/** What a trace is asked with, and what it answers. */
import type pg from 'pg'
import type { Config } from '../../runtime/config.ts'
import type { Copy } from './copy.ts'
import type { LogAccess } from './log-access.ts'

export interface Tools {
  readonly config: Config
  readonly pool: pg.Pool
  readonly log: LogAccess
}

export interface TraceOptions {
  /** For looking through the log. */
  readonly seconds: number
  /** Looks through the log also for an id that the window remembers. `explain` always does. */
  readonly isThorough: boolean
  /** Copies shown at most. */
  readonly limit: number
  readonly signal?: AbortSignal | undefined
  /** Hears how many records were looked at, of how many. */
  readonly progress?: ((done: number, of: number) => void) | undefined
}

/** What of a partition's log was looked at: [from, to). */
export interface Looked {
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly log_start: number
  readonly log_end: number
  /** Why not all of it; null: all of it. */
  readonly why: string | null
}

export interface TraceReport {
  readonly asked: { readonly position: string } | { readonly user_id: string; readonly event_id: string | null }
  /** Of the snapshot that says what is committed. ISO 8601. */
  readonly as_of: string
  /** Newest first, by partition. */
  readonly copies: readonly Copy[]
  /** Found and not shown. */
  readonly more: number
  /** Empty when a position was asked for. */
  readonly looked: readonly Looked[]
  /** Nothing of the log was left out. */
  readonly is_complete: boolean
}

export const defaultSeconds = 30
export const defaultLimit = 100
