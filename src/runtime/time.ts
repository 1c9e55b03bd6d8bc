/** Time for those who wait and try again. An interface, so that a simulator can run them in a time of its own. */
import { setImmediate as nextTurn } from 'node:timers/promises'

export interface Time {
  /** Ms that only go on, for what is due: a wall clock that somebody sets back must hold up nothing. */
  readonly nowMs: () => number
  /** The wall clock in ms since 1970, for what people compare with other clocks. */
  readonly wallMs: () => number
  /** Does `work` after `ms`, unless the function it returns is called before. */
  readonly after: (ms: number, work: () => void) => () => void
  /** Returns when other work has had its turn. */
  readonly turn: () => Promise<void>
}

export const realTime: Time = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
  turn: () => nextTurn(),
}

/** Returns after `ms`. */
export function pause(time: Time, ms: number): Promise<void> {
  return new Promise(resolve => void time.after(ms, resolve))
}
