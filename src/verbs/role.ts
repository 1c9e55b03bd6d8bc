/** A role in the foreground, from its first log line to its exit code. */
import { commit, version } from '../runtime/build.ts'
import { type Config, WrongSettings } from '../runtime/config.ts'
import { type Running, runUntilStopped } from '../runtime/lifecycle.ts'
import { createLog, type Log } from '../runtime/log.ts'

/** After its supervisor's end a role stops in order within 8 s; one that hangs before it runs leaves all the same. */
const orphanDeadlineMs = 10_000

export async function runRole(name: string, config: Config, start: (log: Log) => Promise<Running>): Promise<number> {
  const log = createLog(name, config.logLevel)
  log('process_started', { version, commit, node: process.version, pid: process.pid })
  if (config.supervised)
    process.stdin.on('end', () => setTimeout(() => process.exit(1), orphanDeadlineMs).unref()).resume()
  let running: Running
  try {
    running = await start(log)
  } catch (error) {
    if (error instanceof WrongSettings) throw error
    log('process_not_started', { err: error })
    return 1
  }
  return runUntilStopped(running, log, config.supervised)
}
