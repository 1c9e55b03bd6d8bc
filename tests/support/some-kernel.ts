/** Kernels for tests, and single records for them. */
import { type AgeLimits, Kernel, type Run, type Unread } from '../../src/kernel/kernel.ts'
import { encodeBatch, headerBytes, type LogRecord } from './encode-log.ts'

export const someLimits = { maxAgeDays: 400, maxAheadMinutes: 60 }

export function someKernel(idKey: Buffer = Buffer.from('sixteen bytes ok'), limits: AgeLimits = someLimits): Kernel {
  const kernel = new Kernel()
  kernel.begin(idKey, limits)
  return kernel
}

/** What a walk would show of a record batch. @param appendMs by the broker. */
export function unreadOf(records: readonly LogRecord[], appendMs: number): Unread {
  const bytes = encodeBatch({ baseOffset: 0, records, logAppendMs: appendMs }).subarray(headerBytes)
  return { bytes, at: 0, count: records.length, offsetDelta: 0, baseMs: appendMs, brokerTime: true }
}

const anything = { room: 65_536, openUntilMs: Number.MAX_SAFE_INTEGER, stopAfterMs: Number.MAX_SAFE_INTEGER }

/** Folds with nothing in the way of the window. */
export function foldAll(kernel: Kernel, unread: Unread, count = unread.count): Run {
  return kernel.fold(unread, count, -1, 3_600_000, anything)
}
