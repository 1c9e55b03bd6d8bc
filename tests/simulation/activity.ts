/** What activity_minutes and activity_days hold of one partition, by words and full scans. */
import type { CountRow } from './tables.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

export interface Activity {
  /** By when they began, in ms. */
  readonly minutes: Map<number, CountRow>
  /** In days since 1970; -Infinity for all before. */
  readonly days: Map<number, CountRow>
}

/** @param byPartition makes what is not there yet. */
export function activityOf(byPartition: Map<number, Activity>, partition: number): Activity {
  let activity = byPartition.get(partition)
  if (activity === undefined) {
    activity = { minutes: new Map(), days: new Map() }
    byPartition.set(partition, activity)
  }
  return activity
}

/** Adds to the minute in which the clock stands. */
export function addActivity({ minutes }: Activity, clockMs: number, counts: Readonly<CountRow>): void {
  addTo(minutes, Math.floor(clockMs / minuteMs) * minuteMs, counts)
}

/** Minutes that lie more than three hours behind that of the clock become days, days more than 40 days behind one sum. */
export function moveOn({ minutes, days }: Activity, clockMs: number): void {
  const nowMs = Math.floor(clockMs / minuteMs) * minuteMs
  for (const [startMs, counts] of minutes) {
    if (startMs >= nowMs - 3 * hourMs) continue
    minutes.delete(startMs)
    addTo(days, Math.floor(startMs / dayMs), counts)
  }
  for (const [day, counts] of days) {
    if (day >= Math.floor(nowMs / dayMs) - 40 || day === Number.NEGATIVE_INFINITY) continue
    days.delete(day)
    addTo(days, Number.NEGATIVE_INFINITY, counts)
  }
}

export function copied(byPartition: ReadonlyMap<number, Activity>): Map<number, Activity> {
  const copyOf = (rows: ReadonlyMap<number, CountRow>) =>
    new Map([...rows].map(([key, counts]): [number, CountRow] => [key, [...counts]]))
  return new Map([...byPartition].map(([key, one]) => [key, { minutes: copyOf(one.minutes), days: copyOf(one.days) }]))
}

/** One line a row: partition, ms or day, and the three counts. */
export function linesOf(byPartition: ReadonlyMap<number, Activity>, part: keyof Activity): string[] {
  const linesOf = ([partition, one]: readonly [number, Activity]) =>
    [...one[part]].map(([key, counts]) => [partition, key, ...counts].join(' '))
  return [...byPartition].flatMap(linesOf).sort()
}

function addTo(rows: Map<number, CountRow>, key: number, counts: Readonly<CountRow>): void {
  const row = rows.get(key)
  if (row === undefined) rows.set(key, [...counts])
  else for (let at = 0; at < 3; at++) row[at]! += counts[at]!
}
