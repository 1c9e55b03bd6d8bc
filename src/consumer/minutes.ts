/**
 * What was counted when: by the minute in which the partition's clock stood. The clock never goes back, so a minute that
 * is over never opens again, and the same log gives the same minutes however it is cut into batches.
 */
import type { Activity } from '../event/schema.ts'

/** How many events of each kind. */
export interface Kinds {
  readonly views: number
  readonly clicks: number
  readonly purchases: number
}

export interface Minute {
  /** When it began, in ms since 1970; -60000 for what was counted before any append time was known. */
  readonly startMs: number
  views: number
  clicks: number
  purchases: number
}

export const minuteMs = 60_000

/** When the minute began in which the clock stands. @param clockMs -1 = unknown. */
export const minuteAt = (clockMs: number): number => Math.floor(clockMs / minuteMs) * minuteMs

/** What one event adds. */
export const kindsOf: Readonly<Record<Activity, Kinds>> = {
  view: { views: 1, clicks: 0, purchases: 0 },
  click: { views: 0, clicks: 1, purchases: 0 },
  purchase: { views: 0, clicks: 0, purchases: 1 },
}

/** Adds to the last of the minutes, or begins another: the clock is never before the last. */
export function addToMinutes(minutes: Minute[], clockMs: number, { views, clicks, purchases }: Kinds): void {
  const startMs = minuteAt(clockMs)
  const last = minutes.at(-1)
  if (last?.startMs !== startMs) {
    minutes.push({ startMs, views, clicks, purchases })
    return
  }
  last.views += views
  last.clicks += clicks
  last.purchases += purchases
}
