/**
 * Follows an event: where each copy of it lies, what became of it and why. What it says of fates rests on the books, the
 * rejects and the window in PostgreSQL and on the records in the log; nothing is guessed.
 */
import type { Copy } from './copy.ts'
import { tracePosition } from './trace-position.ts'
import type { Tools, TraceOptions, TraceReport } from './trace-report.ts'
import type { TraceRequest } from './trace-request.ts'
import { traceUser } from './trace-user.ts'

/** @throws LogAway, UnfitDatabase, or what PostgreSQL says. */
export function trace(tools: Tools, request: TraceRequest, options: TraceOptions): Promise<TraceReport> {
  return request.by === 'position' ? tracePosition(tools, request, options) : traceUser(tools, request, options)
}

/** Whether the report tells of a record: anything but that there is none, or that it cannot be told. */
export function isFound({ copies }: TraceReport): boolean {
  return copies.some(({ fate }) => !unfound.includes(fate))
}

const unfound: readonly Copy['fate'][] = [
  'before_start',
  'beyond_end',
  'no_such_partition',
  'trimmed',
  'truncated',
  'untold',
]
