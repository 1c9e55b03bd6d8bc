/**
 * W3C trace context: which request of whom something belongs to, as `traceparent` carries it in HTTP and in the headers
 * of records. We hand it on and name it in the log; we collect no spans. What cannot be read is no trace, never an error.
 */

export interface Trace {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string
  /** Somebody before us records it. */
  readonly sampled: boolean
}

/** Version 00, and later ones as far as they begin like it; ff is none. */
const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/

/** @param text the header; undefined or anything else that is no traceparent: there is no trace. */
export function parseTraceparent(text: string | undefined): Trace | undefined {
  const match = pattern.exec(text ?? '')
  if (match === null || (match[1] === '00' && match[4] !== undefined)) return undefined
  return { traceId: match[2]!, sampled: (Number.parseInt(match[3]!, 16) & 1) === 1 }
}

/** @param spanId 16 hexadecimal digits, not all 0: our own part of it. */
export function traceparent({ traceId, sampled }: Trace, spanId: string): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}
