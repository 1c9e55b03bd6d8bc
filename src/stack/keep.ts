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

export interface Keeping {
  /** Runs already. */
  readonly part: Part
  /** Starts it anew; may reject, which is one more failure. */
  readonly again: (signal: AbortSignal) => Promise<Part>
  /** Hears of each unasked end and what comes of it. */
  readonly tell: (what: string) => void
  /** Waits, at most until the signal. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export function keep({ part, again, tell, wait = pauseUntil }: Keeping): Kept {
  const stopping = new AbortController()
  const { signal } = stopping
  let current: Part | undefined = part
  const loop = (async () => {
    let delayMs = delayMinMs
    while (current !== undefined) {
      const startedMs = performance.now()
      let what = await current.ended
      current = undefined
      if (performance.now() - startedMs > wellMs) delayMs = delayMinMs
      while (current === undefined && !signal.aborted) {
        tell(`${what}; starting it again in ${delayMs / 1_000} s`)
        await wait(delayMs, signal)
        if (signal.aborted) return
        delayMs = Math.min(delayMs * 2, delayMaxMs)
        current = await again(signal).catch((error: Error) => {
          what = `did not start: ${error.message}`
          return undefined
        })
      }
      if (signal.aborted) return
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

const pauseUntil = (ms: number, signal: AbortSignal): Promise<void> => pause(ms, undefined, { signal }).catch(() => {}) // it was told to stop, which its caller looks at
