/** How any process starts and stops: signals, the supervisor's pipe, one stop for all callers, a hard deadline. */
import type { Log } from './log.ts'

export interface Running {
  /** Stops in the reverse order of the start; every caller gets the same promise. */
  stop(): Promise<void>
  /** Resolves when it ended by itself, rejects when it failed. */
  readonly ended: Promise<void>
}

const stopDeadlineMs = 8_000

/**
 * Runs a role until it ends, SIGINT or SIGTERM arrives, or the supervisor's pipe closes; then stops it.
 * A second signal, or 8 s without an end, leaves at once: every role survives kill -9 by design.
 * @returns the exit code: 0 after a clean stop, 1 after a failure.
 */
export async function runUntilStopped(running: Running, log: Log, supervised: boolean): Promise<number> {
  let asked = 0
  const reason = await new Promise<string>((resolve, reject) => {
    const ask = (why: string) => {
      asked += 1
      if (asked > 1) process.exit(1)
      resolve(why)
    }
    process.on('SIGINT', () => ask('SIGINT'))
    process.on('SIGTERM', () => ask('SIGTERM'))
    if (supervised)
      process.stdin
        .on('end', () => ask('the supervisor ended'))
        .on('error', () => {})
        .resume()
    running.ended.then(() => resolve('done'), reject)
  }).catch((error: unknown) => error as Error)
  if (reason instanceof Error) log('process_failed', { err: reason })
  else log('process_stopping', { why: reason })
  const deadline = setTimeout(() => {
    log('process_stop_overdue', { stopDeadlineMs })
    process.exit(1)
  }, stopDeadlineMs)
  await running.stop()
  clearTimeout(deadline)
  log('process_stopped')
  return reason instanceof Error ? 1 : 0
}
