/**
 * Recognises a value that surely keeps the contract: an object of the five members, in any order and spacing, each at
 * most once, in plain ASCII without escapes. Whatever is written otherwise may be as good, or be wrong in some way that
 * has a name: the plain judge says so.
 */
import { dayAt, dayKey, itemAt } from './rows.ts'
import { sipHash } from './sip-hash.ts'
import { day, readTimestamp } from './timestamp.ts'
import { readUuid } from './uuid.ts'

/** What {@link readValue} writes: user, item and day as the key of a row has them, then these. */
export const activityAt: u32 = 36

/** The message that is hashed: the user's text and the event's id. */
const message: usize = memory.data(36 + 128 + 28)

/** Where the event's id stands, or 0. */
let idAt: usize = 0
let idLength: u32 = 0

const userBit: u32 = 1
const itemBit: u32 = 2
const activityBit: u32 = 4
const timestampBit: u32 = 8
const idBit: u32 = 16

/** @returns 0 when the value is not surely good; 1 when it is; 2 when it is and its id was hashed. */
export function readValue(at: usize, end: usize, into: usize): u32 {
  at = skip(at, end)
  if (load<u8>(at) !== 0x7b) return 0
  at += 1
  let seen: u32 = 0
  let userAt: usize = 0
  for (;;) {
    at = skip(at, end)
    if (load<u8>(at) !== 0x22) return 0
    // Names are told apart by their first eight characters, of which the closing quote may be one.
    const name = load<u64>(at, 1)
    let bit: u32 = 0
    if (name === 0x2264695f72657375 /* user_id" */) {
      bit = userBit
      userAt = at = valueAt(at + 9, end)
      if (at === 0 || !readUuid(at, into)) return 0
      at += 37
    } else if (name === 0x2264695f6d657469 /* item_id" */) {
      bit = itemBit
      at = valueAt(at + 9, end)
      if (at === 0 || !readUuid(at, into + itemAt)) return 0
      at += 37
    } else if (name === 0x64695f746e657665 /* event_id */ && load<u8>(at, 9) === 0x22) {
      bit = idBit
      at = valueAt(at + 10, end)
      if (at === 0) return 0
      at = readId(at)
      if (at === 0) return 0
    } else if (name === 0x7974697669746361 /* activity */ && (load<u64>(at, 9) & 0xffffffffffff) === 0x22657079745f) {
      bit = activityBit
      at = readActivity(valueAt(at + 15, end), into)
      if (at === 0) return 0
    } else if (name === 0x6d617473656d6974 /* timestam */ && load<u16>(at, 9) === 0x2270) {
      bit = timestampBit
      at = valueAt(at + 11, end)
      if (at === 0) return 0
      at = readTimestamp(at, end)
      if (at === 0) return 0
      at += 1
    } else return 0
    if ((seen & bit) !== 0) return 0
    seen |= bit
    at = skip(at, end)
    const sign = load<u8>(at)
    at += 1
    if (sign === 0x7d) break
    if (sign !== 0x2c) return 0
  }
  if (skip(at, end) !== end || (seen & 15) !== 15) return 0
  store<u32>(into, dayKey(day), dayAt)
  if ((seen & idBit) === 0) return 1
  hash(userAt)
  return 2
}

/** After the blanks of JSON. */
function skip(at: usize, end: usize): usize {
  while (at < end) {
    const sign = load<u8>(at)
    if (sign > 0x20 || (sign !== 0x20 && sign !== 0x0a && sign !== 0x0d && sign !== 0x09)) break
    at += 1
  }
  return at
}

/** Where the text of a string begins that is the value of the name that ends at `at`, or 0. */
function valueAt(at: usize, end: usize): usize {
  if (load<u16>(at) === 0x223a) return at + 2 // :" without blanks, as nearly all write it
  at = skip(at, end)
  if (load<u8>(at) !== 0x3a) return 0
  at = skip(at + 1, end)
  return load<u8>(at) === 0x22 ? at + 1 : 0
}

/** @returns where the value ends, or 0. */
function readActivity(at: usize, into: usize): usize {
  if (at === 0) return 0
  const text = load<u64>(at)
  if ((text & 0xffffffffff) === 0x2277656976 /* view" */) {
    store<u32>(into, 0, activityAt)
    return at + 5
  }
  if ((text & 0xffffffffffff) === 0x226b63696c63 /* click" */) {
    store<u32>(into, 1, activityAt)
    return at + 6
  }
  store<u32>(into, 2, activityAt)
  return text === 0x6573616863727570 /* purchase */ && load<u8>(at, 8) === 0x22 ? at + 9 : 0
}

/** 1 to 128 visible characters without an escape. @returns where the value ends, or 0. */
function readId(at: usize): usize {
  idAt = at
  for (let length: u32 = 0; length <= 128; length += 16) {
    const text = v128.load(at + length)
    const isVisible = v128.le<u8>(v128.sub<u8>(text, i8x16.splat(0x21)), i8x16.splat(0x7e - 0x21))
    const isEnd = v128.or(v128.eq<u8>(text, i8x16.splat(0x22)), v128.eq<u8>(text, i8x16.splat(0x5c)))
    const ends = v128.bitmask<u8>(v128.or(v128.not(isVisible), isEnd))
    if (ends !== 0) {
      idLength = length + <u32>ctz<i32>(ends)
      const isGood = idLength > 0 && idLength <= 128 && load<u8>(at + idLength) === 0x22
      return isGood ? at + idLength + 1 : 0
    }
  }
  return 0
}

/** Lower case by one bit, which digits and dashes have as well. */
function hash(userAt: usize): void {
  const lower = i8x16.splat(0x20)
  v128.store(message, v128.or(v128.load(userAt), lower))
  v128.store(message, v128.or(v128.load(userAt, 16), lower), 16)
  store<u32>(message, load<u32>(userAt, 32) | 0x20202020, 32)
  for (let i: u32 = 0; i < idLength; i += 16) v128.store(message + 36 + i, v128.load(idAt + i))
  store<u64>(message + 36 + idLength, 0)
  sipHash(message, 36 + idLength)
}
