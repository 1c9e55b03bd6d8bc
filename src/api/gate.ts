/** Bounded concurrency: so many may be inside, others are told when to come again. */

export interface Gate {
  /** @returns what to call once on leaving, or undefined when all places are taken. */
  enter(): (() => void) | undefined
  /** How long those inside stay, by what was measured: whole seconds, from 1 to 30. */
  retryAfterSeconds(): number
}

/** The share of the latest stay in the mean: the last ten or so decide. */
const latestShare = 0.1
const retryAfterMaxSeconds = 30

/** @param now in milliseconds. */
export function createGate(placesMax: number, now: () => number = () => performance.now()): Gate {
  let inside = 0
  let meanMs = 0
  return {
    enter() {
      if (inside >= placesMax) return undefined
      inside += 1
      const sinceMs = now()
      let hasLeft = false
      return () => {
        if (hasLeft) return
        hasLeft = true
        inside -= 1
        meanMs += (now() - sinceMs - meanMs) * latestShare
      }
    },
    retryAfterSeconds: () => Math.min(retryAfterMaxSeconds, Math.max(1, Math.ceil(meanMs / 1_000))),
  }
}
