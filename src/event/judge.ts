/**
 * A record's bytes and append time -> an event or a rejection. Keeps G6: nothing but these and the rules decides, so
 * the same log gives the same fates on any machine at any time.
 */
import { isUtf8 } from 'node:buffer'
import { dayOf, msPerDay, parseInstant } from './day.ts'
import type { Rejection } from './fate.ts'
import type { Activity, UserActivity } from './schema.ts'
import { validate } from './validate.ts'

/** Raised whenever the judgement of any bytes changes; recorded in the database with the rules. */
export const judgeVersion = 2

/** What a judgement depends on besides the record. */
export interface Limits {
  readonly maxAgeDays: number
  readonly maxAheadMinutes: number
}

/** An event as it is counted. Ids are canonical: lower case. */
export interface Event {
  readonly userId: string
  readonly itemId: string
  readonly activity: Activity
  /** Days since 1970-01-01, UTC. */
  readonly day: number
  readonly eventId: string | undefined
}

/**
 * Judges the value that stands in `bytes` from `start` to `end`.
 * @param appendMs when the record was appended; -1 = unknown, which switches the limits of age off.
 */
export function judge(bytes: Buffer, start: number, end: number, appendMs: number, limits: Limits): Event | Rejection {
  if (start === end) return { reason: 'empty', pointer: '', detail: 'the value has no bytes' }
  const text = bytes.toString('utf8', start, end)
  // Decoding replaces what is not UTF-8 by U+FFFD; only where one stands is it worth asking whether it was sent so.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) {
    return { reason: 'not_utf8', pointer: '', detail: 'the value is not UTF-8' }
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { reason: 'not_json', pointer: '', detail: 'the value is not one JSON document' }
  }
  const rejection = validate(value)
  if (rejection !== undefined) return rejection

  const valid = value as UserActivity
  const instant = parseInstant(valid.timestamp)!
  if (appendMs !== -1) {
    if (instant < appendMs - limits.maxAgeDays * msPerDay) {
      return { reason: 'too_old', pointer: '/timestamp', detail: `older than ${limits.maxAgeDays} days when appended` }
    }
    if (instant > appendMs + limits.maxAheadMinutes * 60_000) {
      const detail = `more than ${limits.maxAheadMinutes} minutes ahead when appended`
      return { reason: 'too_far_ahead', pointer: '/timestamp', detail }
    }
  }
  return {
    userId: valid.user_id.toLowerCase(),
    itemId: valid.item_id.toLowerCase(),
    activity: valid.activity_type,
    day: dayOf(instant),
    eventId: valid.event_id,
  }
}
