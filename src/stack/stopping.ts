/** How the supervisor ends: asked once it stops everything in reverse order, asked twice it kills. */
import type { Kept } from './keep.ts'
import type { Screen } from './screen.ts'

export interface Stopping {
  /** Aborted by the first Ctrl-C, SIGTERM, or the end of the terminal. */
  readonly asked: AbortSignal
  readonly whenAsked: Promise<void>
  /** Remembers a part, in the order of the start. */
  started(part: Kept): void
  /** Returns when nothing runs any more, within 10 s. */
  stopAll(): Promise<void>
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** All parts together; what is left then is killed. Below the 10 s that we promise. */
const stopDeadlineMs = 8_500
/** One part, so that one that hangs leaves time for the others. */
const partDeadlineMs = 2_500
const partDeadlineMinMs = 300
/** npm passes a Ctrl-C on that the terminal has sent to us already; nobody presses it twice this fast. */
const sameRequestMs = 500

/** Listens to the signals from now on. */
export function untilAsked(screen: Screen): Stopping {
  const parts: Kept[] = []
  const asked = new AbortController()
  const { promise: whenAsked, resolve } = Promise.withResolvers<void>()
  let askedMs = 0
  const ask = () => {
    if (!asked.signal.aborted) {
      askedMs = performance.now()
      screen.say('Stopping. Again, to stop at once.')
      asked.abort(new Error('asked to stop'))
      resolve()
    } else if (performance.now() - askedMs > sameRequestMs) {
      for (const part of parts) void part.kill()
    }
  }
  for (const signal of signals) process.on(signal, ask)
  return {
    asked: asked.signal,
    whenAsked,
    started: part => void parts.push(part),
    async stopAll() {
      const deadline = performance.now() + stopDeadlineMs
      for (const part of parts.toReversed()) {
        const leftMs = deadline - performance.now()
        await part.stop(Math.max(partDeadlineMinMs, Math.min(partDeadlineMs, leftMs)))
      }
      for (const signal of signals) process.off(signal, ask)
    },
  }
}
