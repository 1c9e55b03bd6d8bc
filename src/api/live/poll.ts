/**
 * One look at PostgreSQL, for all who watch: the ledger each time; what was counted only if something was, rejects only
 * if there are more of them. Remembers what it saw, so that only what is new becomes news.
 */
import type pg from 'pg'
import { faultKind, sqlState } from '../../postgres/fault.ts'
import type { Log } from '../../runtime/log.ts'
import { type Activity, changeOf, lookAtActivity } from './activity.ts'
import { lookAtBusiest } from './busiest.ts'
import { type LedgerLook, lookAtLedger } from './ledger.ts'
import { countRecentRejects } from './recent-rejects.ts'
import { type State, stateOf } from './state.ts'

/** One event of the stream, before it has a number. */
export interface News {
  readonly name: 'hello' | 'state' | 'history' | 'activity' | 'busiest' | 'rejects' | 'beat'
  /** Its JSON. */
  readonly text: string
}

export interface Poll {
  /** @returns what has changed since the last time. That nothing can be seen is news, too: it never rejects. */
  ask(): Promise<readonly News[]>
  /** All that is known, for somebody who has heard nothing yet; at least a state, once `ask` has returned. */
  whole(): readonly News[]
}

/** Two minutes of looks. */
const pointsMax = 150
/** The hour moves on by itself: what lies in it is looked at again so often, also when nothing is new. */
const againMs = 30_000

type Point = readonly [at: string, counted: string, read: string, lag: number | null, waitedMs: number | null]

interface Rejects {
  readonly total: string
  readonly recent: number
}

export function createPoll(pool: pg.Pool, log: Log): Poll {
  const points: Point[] = []
  let before: LedgerLook | undefined
  let shown: { readonly at: string | null; readonly state: State } = { at: null, state: nothing }
  let activity: Activity | undefined
  let rejects: Rejects | undefined
  let lookedAgainMs = Number.NEGATIVE_INFINITY
  let isFailing = false
  /** By name, as it was told last. */
  const told = new Map<News['name'], string>()

  const ifNew = (name: News['name'], value: object, text = JSON.stringify(value)): News[] => {
    const compared = JSON.stringify(value)
    if (told.get(name) === compared) return []
    told.set(name, compared)
    return [{ name, text }]
  }

  const show = (at: string | null, state: State): News[] => {
    shown = { at, state }
    return ifNew('state', state, JSON.stringify({ at, ...state }))
  }

  const look = async (): Promise<News[]> => {
    const now = await lookAtLedger(pool)
    const state = stateOf(now, before)
    const countedBefore = shown.state.ledger?.counted
    before = now
    const at = now.at.toISOString()
    const { read, counted, rejected } = state.ledger!
    points.push([at, counted, read, state.lag, state.waited_ms])
    if (points.length > pointsMax) points.shift()
    const isDue = performance.now() - lookedAgainMs > againMs
    if (isDue) lookedAgainMs = performance.now()
    const news = show(at, state)
    if (isDue || counted !== countedBefore) news.push(...(await tellActivity()))
    news.push(...ifNew('busiest', await lookAtBusiest(pool)))
    if (isDue || rejected !== rejects?.total) {
      rejects = { total: rejected, recent: await countRecentRejects(pool) }
      news.push(...ifNew('rejects', rejects))
    }
    return news
  }

  const tellActivity = async (): Promise<News[]> => {
    const now = await lookAtActivity(pool)
    const change = activity === undefined ? now : changeOf(activity, now)
    const text = JSON.stringify({ ...change, ...(activity !== undefined && { isChange: true }) })
    activity = now
    return change === undefined ? [] : [{ name: 'activity', text }]
  }

  const fail = (error: unknown): News[] => {
    // A bug of ours is told like a fault, with its stack: thrown from here it would end an API that answers counts.
    const bug = faultKind(error) === undefined && { err: error }
    if (!isFailing) log('live_failing', { sqlState: sqlState(error), why: (error as Error).message, ...bug })
    isFailing = true
    // Whatever was missed meanwhile is looked at as soon as there is an answer.
    lookedAgainMs = Number.NEGATIVE_INFINITY
    return show(shown.at, { ...shown.state, state: 'stale', why: whyStale(error) })
  }

  return {
    async ask() {
      try {
        const news = await look()
        if (isFailing) log('live_working')
        isFailing = false
        return news
      } catch (error) {
        return fail(error)
      }
    },
    whole() {
      const busiest = told.get('busiest')
      return [
        { name: 'state', text: JSON.stringify({ at: shown.at, ...shown.state }) },
        { name: 'history', text: JSON.stringify(points) },
        ...(activity === undefined ? [] : [{ name: 'activity', text: JSON.stringify(activity) } as const]),
        ...(busiest === undefined ? [] : [{ name: 'busiest', text: busiest } as const]),
        ...(rejects === undefined ? [] : [{ name: 'rejects', text: JSON.stringify(rejects) } as const]),
      ]
    },
  }
}

/** Until the first look. */
const nothing: State = {
  ...{ state: 'stale', why: null, ledger: null, lag: null, waited_ms: null, seen_at: null, partitions: [] },
}

/** Says neither where the database is nor what it said; the log does. */
function whyStale(error: unknown): string {
  switch (sqlState(error)) {
    case '42501':
      return 'The API may not read what is shown here: run docs/postgres-grants.sql again.'
    case '42P01':
    case '42703':
      return 'The tables are not there yet, or not those of this version: /readyz says more.'
    default:
      return faultKind(error) === undefined ? 'This cannot be shown; the log says why.' : 'PostgreSQL does not answer.'
  }
}
