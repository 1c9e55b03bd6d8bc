/** Structured lines on stdout. No payloads, no secrets: callers pass positions, counts and codes. */
import { pino } from 'pino'

export type Log = pino.Logger

/**
 * @param role bound to every line.
 * @param level `debug` = everything, `info` = changes of state, `warn` = recovered, `error` = a person is needed.
 */
export function createLog(role: string, level: string): Log {
  return pino({
    level,
    base: { role },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
  })
}
