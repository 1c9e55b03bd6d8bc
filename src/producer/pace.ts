/** Holds a rate by elapsed time instead of by counting ticks, so that a late timer is made up for at the next. */

export interface Pace {
  /** How many events should be made now; time lost beyond the catch-up is skipped. */
  due(nowMs: number): number
  made(events: number): void
  /** How long nothing is to be done. */
  waitMs(nowMs: number): number
  /** Events that were never made because Kafka or this machine could not keep up. */
  readonly skipped: number
}

/** Smaller ticks cost more requests than they smooth. */
const tickMs = 10
/** The longest wait, whatever the rate: timers hold 31 bits of milliseconds. */
const waitMaxMs = 60_000
/** A stop of two seconds is made up for; after a longer one the rate goes on from there instead of bursting. */
const catchUpMs = 2_000

/**
 * @param perSecond above zero; Infinity makes as many as are asked for.
 * @param startMs a monotonic time, as all others here.
 */
export function createPace(perSecond: number, startMs: number): Pace {
  let made = 0
  let skipped = 0
  const behind = (nowMs: number) => Math.floor(((nowMs - startMs) * perSecond) / 1_000) - made - skipped
  const behindMax = Math.max(1, Math.ceil((perSecond * catchUpMs) / 1_000))
  return {
    due(nowMs) {
      if (perSecond === Infinity) return Infinity
      const due = behind(nowMs)
      if (due <= behindMax) return Math.max(0, due)
      skipped += due - behindMax
      return behindMax
    },
    made(events) {
      made += events
    },
    waitMs(nowMs) {
      if (perSecond === Infinity || behind(nowMs) > 0) return 0
      const nextMs = startMs + ((made + skipped + 1) * 1_000) / perSecond
      return Math.min(waitMaxMs, Math.max(tickMs, nextMs - nowMs))
    },
    get skipped() {
      return skipped
    },
  }
}
