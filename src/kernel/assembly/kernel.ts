/** What the consumer's fold may ask of the kernel; `../kernel.ts` says what for. */
import { forgetBlocks, top } from './blocks.ts'
import { claimId, forgetIds, idAt, indexIds, leaveIds, livingIds, nextId, restoreIds, touchId } from './ids.ts'
import { appendedMs, entryBytes, hasId, idHigh, idLow, limitAge, nextAt, readRecord, rowHash } from './records.ts'
import {
  addRow,
  clearRows,
  dayAt,
  dayKey,
  forgetRows,
  hashOfKey,
  itemAt,
  keyRows,
  rowCount,
  sortRows,
  touchRow,
} from './rows.ts'
import { hashHigh, hashLow, keyHash, sipHash } from './sip-hash.ts'
import { readUuid } from './uuid.ts'
import { activityAt } from './value.ts'

export { clearRows, idAt, indexIds, leaveIds, livingIds, nextId, rowCount, sortRows, top }

/** The part of a record batch that is read; vectors look a little beyond it. */
export const input: usize = memory.data((1 << 17) + 256)

/** Where the plain path writes what it has to say. */
export const text: usize = memory.data(512 + 8)

/** So many records are taken down before the first of them is looked up. */
const ahead: u32 = 32
const entries: usize = memory.data(32 * 80)
/** Keeps what was only touched from being left out by the compiler. */
export let touched: u32 = 0

/** What {@link fold} has to tell besides the number of records. */
export let at: u32 = 0
export let clockMs: f64 = 0
export let counted: u32 = 0
/** Of those counted; the others are views. */
export let clicks: u32 = 0
export let purchases: u32 = 0
export let claimed: u32 = 0
/** Which record of this call claimed the first id, and where the clock stood at the last. */
export let firstClaim: u32 = 0
export let newestMs: f64 = 0
/** The first append time that is known, else -1. */
export let firstAppendMs: f64 = -1

/** Begins with nothing, whatever was before. */
export function begin(k0: u64, k1: u64, maxAgeMs: f64, maxAheadMs: f64): void {
  forgetBlocks()
  forgetIds()
  forgetRows()
  keyHash(k0, k1)
  keyRows(k0 ^ rotl<u64>(k1, 23))
  limitAge(maxAgeMs, maxAheadMs)
}

/**
 * Folds records in order, until one is not surely good, or would need more of the window than it may take.
 * @param from where the next record begins. @param end where the bytes end that are there; a record may go beyond.
 * @param count how many records to fold at most. @param offsetDelta of the first.
 * @param clock the partition's clock before. @param senderStepMs how far a sender's time may move it.
 * @param room how many ids the open segment may still take, if the clock is before `openUntilMs`.
 * @param stopAfterMs beyond it a segment leaves, or a minute is over. @returns how many records were folded.
 */
export function fold(
  from: usize,
  end: usize,
  count: u32,
  offsetDelta: i32,
  baseMs: f64,
  isBroker: bool,
  clock: f64,
  senderStepMs: f64,
  room: u32,
  openUntilMs: f64,
  stopAfterMs: f64,
): u32 {
  counted = 0
  clicks = 0
  purchases = 0
  claimed = 0
  firstAppendMs = -1
  let done: u32 = 0
  let isEasy = true
  while (isEasy && done < count) {
    const most = min(ahead, count - done)
    let taken: u32 = 0
    let next = from
    for (; taken < most; taken++) {
      const entry = entries + taken * entryBytes
      if (next >= end || !readRecord(next, end, offsetDelta + <i32>(done + taken), baseMs, isBroker, entry)) break
      next = load<u32>(entry, nextAt)
      store<u32>(entry, hashOfKey(entry), rowHash)
    }
    isEasy = taken === most
    // One after the other with nothing between, so that the memory answers all of them at the same time.
    for (let i: u32 = 0; i < taken; i++) {
      const entry = entries + i * entryBytes
      touched += touchRow(load<u32>(entry, rowHash)) + touchId(load<u64>(entry, idLow))
    }
    for (let i: u32 = 0; i < taken; i++) {
      const entry = entries + i * entryBytes
      const append = load<f64>(entry, appendedMs)
      const now = append <= clock ? clock : isBroker || clock === -1 ? append : min(append, clock + senderStepMs)
      if (now > stopAfterMs) {
        isEasy = false
        break
      }
      let isNew = true
      if (load<u32>(entry, hasId) !== 0) {
        const may = room > 0 && now < openUntilMs
        isNew = claimId(load<u64>(entry, idLow), load<u64>(entry, idHigh), may) !== 0
        if (isNew) {
          if (!may) {
            isEasy = false
            break
          }
          if (claimed === 0) firstClaim = done
          claimed += 1
          room -= 1
          newestMs = now
        }
      }
      if (isNew) {
        const activity = load<u32>(entry, activityAt)
        addRow(entry, load<u32>(entry, rowHash), activity)
        counted += 1
        clicks += activity & 1
        purchases += activity >> 1
      }
      clock = now
      if (firstAppendMs === -1) firstAppendMs = append
      from = load<u32>(entry, nextAt)
      done += 1
    }
  }
  at = <u32>from
  clockMs = clock
  return done
}

/** Puts the hash of so many characters of the text into its place. */
export function hash(length: u32): void {
  store<u64>(text + length, 0)
  sipHash(text, length)
  store<u64>(text, hashLow)
  store<u64>(text, hashHigh, 8)
}

/** Remembers the id of a record that was judged elsewhere. @returns 1 when it is new. */
export function claim(w0: u32, w1: u32, w2: u32, w3: u32): u32 {
  return claimId(<u64>w0 | ((<u64>w1) << 32), <u64>w2 | ((<u64>w3) << 32), true)
}

/** Takes ids back that stand in the input. */
export function restore(count: u32): void {
  restoreIds(input, count)
}

/** Counts an event that was judged elsewhere: its user's and its item's text, with a quote after each. */
export function add(day: i32, activity: u32): void {
  readUuid(text, entries)
  readUuid(text + 37, entries + itemAt)
  store<u32>(entries, dayKey(day), dayAt)
  addRow(entries, hashOfKey(entries), activity)
}
