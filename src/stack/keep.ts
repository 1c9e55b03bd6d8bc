/** Keeps one part of the stack running: what ends unasked is started again, after a pause that grows while it fails. */
import { setTimeout as pause } from 'node:timers/promises'

export interface Part {
  /** How it ended, to be read after its name. Never rejects. */
  readonly ended: Promise<string>
  readonly stop: (deadlineMs: number) => Promise<void>
  readonly kill: () => Promise<void>
}

export interface Kept {
  /** Resolves when it stopped for good. */
  stop(deadlineMs: number): Promise<void>
  /** At once, also while `stop` still waits. */
  kill(): Promise<void>
}

const delayMinMs = 200
const delayMaxMs = 5_000
/** What ran this long is taken to be well. */
const wellMs = 10_000

/**
 * @param part runs already. @param again starts it anew; may reject, which is one more failure.
 * @param tell hears each unasked end and what comes of it.
 */
export function keep(part: Part, again: (signal: AbortSignal) => Promise<Part>, tell: (what: string) => void): Kept {
  const stopping = new AbortController()
  let current: Part | undefined = part
  const loop = (async () => {
    let delayMs = delayMinMs
    while (current !== undefined) {
      const startedMs = performance.now()
      const how = await current.ended
      if (stopping.signal.aborted) return
      if (performance.now() - startedMs > wellMs) delayMs = delayMinMs
      current = undefined
      for (let what = how; current === undefined; ) {
        tell(`${what}; starting it again in ${delayMs / 1_000} s`)
        await pause(delayMs, undefined, { signal: stopping.signal }).catch(() => {})
        if (stopping.signal.aborted) return
        delayMs = Math.min(delayMs * 2, delayMaxMs)
        current = await again(stopping.signal).catch((error: Error) => {
          what = `did not start: ${error.message}`
          return undefined
        })
        if (stopping.signal.aborted) return
      }
    }
  })()
  const finish = async (end: (part: Part) => Promise<void>) => {
    stopping.abort()
    if (current !== undefined) await end(current)
    await loop
    // One that was just being started when we were told to stop.
    if (current !== undefined) await end(current)
  }
  return {
    stop: deadlineMs => finish(running => running.stop(deadlineMs)),
    kill: () => finish(running => running.kill()),
  }
}
