/**
 * Walks the records of a record batch as `kafka/records.ts` does, and takes down what is surely a good event. Whatever
 * is not, or is no record of the usual size, ends it: the plain walk reads that one.
 */
import { hashHigh, hashLow } from './sip-hash.ts'
import { instantMs } from './timestamp.ts'
import { readValue } from './value.ts'

/** What is taken down of a record: its key as rows have it, 0..35; the activity, 36; then these. */
export const entryBytes: u32 = 80
export const hasId: u32 = 40
export const rowHash: u32 = 44
export const idLow: u32 = 48
export const idHigh: u32 = 56
export const appendedMs: u32 = 64
export const nextAt: u32 = 72

let maxAgeMs: f64 = 0
let maxAheadMs: f64 = 0

export function limitAge(maxAge: f64, maxAhead: f64): void {
  maxAgeMs = maxAge
  maxAheadMs = maxAhead
}

/** Where the reading of a number has come to; 0 when it takes more than four bytes. */
let at: usize = 0

/**
 * @param offsetDelta what the record must say of itself. @param isBroker the time is the broker's, whatever it says.
 * @returns whether it is a good event, which stands in `into` then.
 */
export function readRecord(from: usize, end: usize, offsetDelta: i32, baseMs: f64, isBroker: bool, into: usize): bool {
  at = from
  const length = number()
  if (at === 0 || length < 0 || at + length > end) return false
  const recordEnd = at + length
  at += 1 // attributes, unused
  const msDelta = number()
  if (at === 0 || number() !== offsetDelta || at === 0) return false
  const keyBytes = number()
  if (at === 0) return false
  if (keyBytes > 0) at += keyBytes
  if (at > recordEnd) return false
  const valueBytes = number()
  if (at === 0 || valueBytes < 0) return false
  const value = at
  const valueEnd = value + valueBytes
  if (valueEnd > recordEnd || mayNameOrigin(valueEnd, recordEnd)) return false
  const said = readValue(value, valueEnd, into)
  if (said === 0) return false
  const ms = isBroker ? baseMs : baseMs + <f64>msDelta
  const append = ms < 0 ? -1 : min(ms, 9007199254740991)
  if (append !== -1 && (instantMs < append - maxAgeMs || instantMs > append + maxAheadMs)) return false
  store<u32>(into, said === 2 ? 1 : 0, hasId)
  store<u64>(into, hashLow, idLow)
  store<u64>(into, hashHigh, idHigh)
  store<f64>(into, append, appendedMs)
  store<u32>(into, <u32>recordEnd, nextAt)
  return true
}

/** A zigzag varint of up to four bytes. */
function number(): i32 {
  let byte = <u32>load<u8>(at++)
  let value = byte & 0x7f
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift > 21) {
      at = 0
      return 0
    }
    byte = load<u8>(at++)
    value |= (byte & 0x7f) << shift
  }
  return <i32>(value >> 1) ^ -(<i32>value & 1)
}

/** Whether the first eight characters of `footfall-origin` stand anywhere in the headers. */
function mayNameOrigin(from: usize, end: usize): bool {
  for (let i = from; i + 8 <= end; i++) if (load<u64>(i) === 0x6c6c6166746f6f66) return true
  return false
}
