/** Structured lines on stdout. No payloads, no secrets: callers pass positions, counts and codes. */
import { pino } from 'pino'
import { type Event, events } from './events.ts'

/** Writes one line. `why` is a reason in words; `err` an Error, whose stack is wanted only where it may be a bug. */
export type Log = (event: Event, facts?: Readonly<Record<string, unknown>>) => void

/**
 * @param role stands in every line.
 * @param level the lowest that is written; `silent` writes nothing.
 * @param write takes the lines instead of stdout.
 */
export function createLog(role: string, level: string, write?: (line: string) => void): Log {
  const options = {
    level,
    base: { role },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: shown },
  }
  const logger = write === undefined ? pino(options) : pino(options, { write })
  return (event, facts) => {
    const { level, message } = events[event]
    logger[level]({ event, ...facts }, message)
  }
}

/** Not all that an error carries: PostgreSQL's have the values of rows in their details. */
function shown(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { type, message, code, stack } = pino.stdSerializers.err(error)
  return { type, message, code, stack }
}
