/**
 * Which of several records with one event id was counted, and which are duplicates of which. Pure. The window depends
 * on all ids of a partition, of which only one is looked at here: so what follows from the window's limits for certain
 * is told, and what does not is said to be untold. `verify` recounts everything and knows.
 */
import type { RulesFrom } from '../recount/recount.ts'
import { segmentIdsMax, segmentSpanMs } from '../recount/remembered.ts'

/** A valid event with the id. */
export interface Sighting {
  readonly offset: number
  /** The partition's clock there. */
  readonly clockMs: number
  /** Of a repair the tables say whether it claimed its id; undefined: it is none. */
  readonly isClaim?: boolean | undefined
}

/** What of the lineage was looked at, without a hole. */
export interface Reach {
  readonly from: number
  /** The clock before the first record; -1: not known. */
  readonly clockMs: number
  /** Nothing came before: the lineage began there, with an empty window. */
  readonly isFromStart: boolean
  /** Whether the clocks of the sightings can be relied on. */
  readonly isClockKnown: boolean
}

/** What the window in PostgreSQL says of the id: claimed by a record in [from, to), not remembered, or not asked. */
export type Remembered = { readonly from: number; readonly to: number } | 'absent' | undefined

export interface Standing {
  readonly nextOffset: number
  readonly clockMs: number
}

export type Claimed =
  | { readonly fate: 'counted' }
  /** `of` null: of a record that lies before what was looked at. */
  | { readonly fate: 'duplicate'; readonly of: number | null }
  | { readonly fate: 'untold'; readonly why: string }

type Limits = Pick<RulesFrom, 'windowHours' | 'windowIdsMax'>

/** @param sightings of one id in one lineage, in order, settled. @param rules all that were in force there. */
export function claimsOf(
  sightings: readonly Sighting[],
  reach: Reach,
  rules: readonly Limits[],
  remembered: Remembered,
  now: Standing,
): Claimed[] {
  const byTheLog = tellByTheLog(sightings, reach, rules)
  return byTheLog.map((claimed, i) =>
    claimed.fate === 'untold'
      ? (tellByTheWindow(sightings, sightings[i]!, reach, rules, remembered, now) ?? claimed)
      : claimed,
  )
}

function tellByTheLog(sightings: readonly Sighting[], reach: Reach, rules: readonly Limits[]): Claimed[] {
  /** The last that surely claimed the id; undefined where that is not known. */
  let claim: Sighting | undefined
  /** An unknown claim may lie up to this clock; undefined: there is none. */
  let unknownMs = reach.isFromStart ? undefined : reach.clockMs
  return sightings.map((one): Claimed => {
    if (one.isClaim === false) return { fate: 'duplicate', of: claim?.offset ?? null }
    if (one.isClaim === true) {
      claim = one
      unknownMs = undefined
      return { fate: 'counted' }
    }
    const passedMs = one.clockMs - (claim?.clockMs ?? unknownMs ?? Number.NEGATIVE_INFINITY)
    if (claim === undefined && unknownMs === undefined) {
      claim = one
      return { fate: 'counted' }
    }
    const isGone = reach.isClockKnown && unknownMs !== -1 && passedMs >= longestMs(rules)
    if (isGone) {
      claim = one
      unknownMs = undefined
      return { fate: 'counted' }
    }
    if (claim !== undefined && reach.isClockKnown && passedMs <= shortestMs(rules) && isNear(claim, one, rules)) {
      return { fate: 'duplicate', of: claim.offset }
    }
    const why =
      claim === undefined
        ? `the log was looked at from ${reach.from} on, and its id may have been claimed before`
        : `its id was claimed at ${claim.offset}, which may have left the window before`
    claim = undefined
    unknownMs = one.clockMs
    return { fate: 'untold', why }
  })
}

function tellByTheWindow(
  sightings: readonly Sighting[],
  one: Sighting,
  reach: Reach,
  rules: readonly Limits[],
  remembered: Remembered,
  now: Standing,
): Claimed | undefined {
  if (remembered === undefined) return undefined
  if (remembered === 'absent') {
    const isHeld = now.clockMs - one.clockMs <= shortestMs(rules) && isNear(one, { offset: now.nextOffset }, rules)
    // Had it claimed its id, the window would hold it.
    return isHeld && reach.isClockKnown ? { fate: 'duplicate', of: null } : undefined
  }
  const { from, to } = remembered
  if (one.offset < from) return undefined
  // The claim is one of these. The first, unless that was a duplicate of an id that left within the same ten minutes.
  const first = firstClaim(sightings.filter(({ offset }) => offset >= from && offset < to))
  if (first === one) return reach.from <= from ? { fate: 'counted' } : undefined
  return { fate: 'duplicate', of: reach.from <= from ? (first?.offset ?? null) : null }
}

/** Of those with one id that lie where it was claimed: the one that claimed it. */
export const firstClaim = (sightings: readonly Sighting[]): Sighting | undefined =>
  sightings.find(({ isClaim }) => isClaim === true) ?? sightings.find(({ isClaim }) => isClaim !== false)

/** So long an id is remembered at least, and at most, unless too many others came. */
const shortestMs = (rules: readonly Limits[]) => Math.min(...rules.map(({ windowHours }) => windowHours)) * 3_600_000
const longestMs = (rules: readonly Limits[]) =>
  Math.max(...rules.map(({ windowHours }) => windowHours)) * 3_600_000 + segmentSpanMs

/** Whether so few records lie between that their ids cannot have pushed an id out. */
const isNear = (claim: Pick<Sighting, 'offset'>, later: Pick<Sighting, 'offset'>, rules: readonly Limits[]): boolean =>
  later.offset - claim.offset <= Math.min(...rules.map(({ windowIdsMax }) => windowIdsMax)) - segmentIdsMax
