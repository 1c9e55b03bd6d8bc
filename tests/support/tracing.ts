/** `trace` in this process, on what a test has counted. */
import assert from 'node:assert/strict'
import type { Copy } from '../../src/evidence/trace/copy.ts'
import { trace } from '../../src/evidence/trace/trace.ts'
import type { TraceReport } from '../../src/evidence/trace/trace-report.ts'
import { parseTrace, type TraceWords } from '../../src/evidence/trace/trace-request.ts'
import { withTools } from '../../src/evidence/trace/trace-tools.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import type { Place } from './counting.ts'
import { settingsFor, sharedKafka } from './environment.ts'

/** @param seconds looks through the log for so long also where the window would do. */
export async function traced(place: Place, words: TraceWords, seconds?: number): Promise<TraceReport> {
  const { topic, database, kafka = sharedKafka(), settings = {} } = place
  const request = parseTrace(words)
  assert.ok('by' in request)
  const options = { seconds: seconds ?? 30, isThorough: seconds !== undefined, limit: 100 }
  return withTools(parseConfig({ ...settingsFor(kafka, database, topic), ...settings }), 'trace', tools =>
    trace(tools, request, options),
  )
}

/** What is told of a position in the log of now. */
export const copyAt = async (place: Place, position: string): Promise<Copy> =>
  (await traced(place, { position })).copies[0]!
