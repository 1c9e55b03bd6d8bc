/**
 * What a batch adds to the counts: rows of 48 bytes, one for each user, item and day, in the order they came up, found
 * by open addressing over their numbers. No object is made for a row, neither here nor on the way to the database.
 *
 * user 0..15 | day 16..19 | item 20..35 | views 36..39 | clicks 40..43 | purchases 44..47
 *
 * A row's first 36 bytes are its key and sort as it does: the day stands in them highest byte first, with its sign
 * turned round. The counts have their lowest byte first.
 */
import { giveBlock, takeBlock } from './blocks.ts'

export const rowBytes: u32 = 48
export const dayAt: u32 = 16
export const itemAt: u32 = 20
const firstBits: u32 = 8

export let rowCount: u32 = 0
let rows: usize = 0
let rowsBytes: u32 = 0
/** Those that were asked for, in order. */
let sorted: usize = 0
let sortedBytes: u32 = 0

/** A slot is 0 when empty, else the number of a row plus one, and above it as much of the hash as there is room for. */
let slotBits: u32 = 0
let slots: usize = 0

/** Senders choose users and items: without a secret in the hash they could choose such as meet. */
let secret: u64 = 0

/** Begins with none, after {@link forgetBlocks}. */
export function forgetRows(): void {
  rowCount = 0
  rowsBytes = 1 << 14
  rows = takeBlock(rowsBytes)
  slotBits = firstBits
  slots = emptySlots(firstBits)
}

/** A day as it stands in a key. */
export function dayKey(day: i32): u32 {
  return bswap<u32>(<u32>day ^ 0x80000000)
}

export function keyRows(key: u64): void {
  secret = key
}

/** Mixes the 36 bytes of a key. Not for those who can ask for hashes: nobody can. */
export function hashOfKey(key: usize): u32 {
  let h = (load<u64>(key) ^ secret) * 0x9e3779b97f4a7c15
  h = (h ^ (h >> 32) ^ load<u64>(key, 8)) * 0xbf58476d1ce4e5b9
  h = (h ^ (h >> 29) ^ load<u64>(key, 16)) * 0x94d049bb133111eb
  h = (h ^ (h >> 32) ^ load<u64>(key, 24)) * 0x9e3779b97f4a7c15
  h = (h ^ (h >> 29) ^ load<u32>(key, 32)) * 0xbf58476d1ce4e5b9
  return <u32>(h >> 32)
}

/** Brings a slot near before it is asked for. */
export function touchRow(hash: u32): u32 {
  return load<u32>(slots + ((hash & ((1 << slotBits) - 1)) << 2))
}

/** Adds one event. @param activity 0 view, 1 click, 2 purchase. */
export function addRow(key: usize, hash: u32, activity: u32): void {
  const mask: u32 = (1 << slotBits) - 1
  let slot = hash & mask
  for (;;) {
    const held = load<u32>(slots + ((<usize>slot) << 2))
    if (held === 0) break
    if (((held ^ hash) & ~mask) === 0) {
      const row = rows + ((held & mask) - 1) * rowBytes
      if (isSame(row, key)) {
        const count = row + 36 + (activity << 2)
        store<u32>(count, load<u32>(count) + 1)
        return
      }
    }
    slot = (slot + 1) & mask
  }
  if ((rowCount + 1) * rowBytes > rowsBytes) growRows()
  const row = rows + rowCount * rowBytes
  memory.copy(row, key, 36)
  store<u32>(row, 0, 36)
  store<u64>(row, 0, 40)
  store<u32>(row + (activity << 2), 1, 36)
  rowCount += 1
  store<u32>(slots + ((<usize>slot) << 2), (hash & ~mask) | rowCount)
  if (rowCount > (mask >> 2) * 3) index(slotBits + 1)
}

/** @returns where all rows stand, by user, day and item, until {@link clearRows}. */
export function sortRows(): usize {
  const order = sort(rowCount)
  sortedBytes = rowCount * rowBytes
  sorted = takeBlock(sortedBytes)
  for (let i: u32 = 0; i < rowCount; i++) {
    memory.copy(sorted + i * rowBytes, rows + load<u32>(order + (i << 4), 8) * rowBytes, rowBytes)
  }
  giveBlock(order, rowCount << 4)
  return sorted
}

/** Begins anew, with the sorted rows read. The room follows what was needed: a small batch clears no large table. */
export function clearRows(): void {
  giveBlock(sorted, sortedBytes)
  giveBlock(slots, 4 << slotBits)
  if (slotBits > firstBits && rowCount < (<u32>1) << (slotBits - 3)) slotBits -= 1
  slots = emptySlots(slotBits)
  rowCount = 0
}

function isSame(row: usize, key: usize): bool {
  return (
    v128.all_true<u64>(v128.eq<u64>(v128.load(row), v128.load(key))) &&
    v128.all_true<u64>(v128.eq<u64>(v128.load(row, 16), v128.load(key, 16))) &&
    load<u32>(row, 32) === load<u32>(key, 32)
  )
}

function growRows(): void {
  const old = rows
  rows = takeBlock(rowsBytes * 2)
  memory.copy(rows, old, rowsBytes)
  giveBlock(old, rowsBytes)
  rowsBytes *= 2
}

function index(bits: u32): void {
  giveBlock(slots, 4 << slotBits)
  slots = emptySlots(bits)
  slotBits = bits
  const mask: u32 = (1 << bits) - 1
  for (let i: u32 = 0; i < rowCount; i++) {
    const hash = hashOfKey(rows + i * rowBytes)
    let slot = hash & mask
    while (load<u32>(slots + ((<usize>slot) << 2)) !== 0) slot = (slot + 1) & mask
    store<u32>(slots + ((<usize>slot) << 2), (hash & ~mask) | (i + 1))
  }
}

function emptySlots(bits: u32): usize {
  const block = takeBlock(4 << bits)
  memory.fill(block, 0, 4 << bits)
  return block
}

/**
 * Merge sort over entries of 16 bytes: the first 8 bytes of the user as a number, and the row's number. Rows themselves
 * are looked at only where users begin alike. No order that a sender could choose makes it slow.
 */
function sort(count: u32): usize {
  let from = takeBlock(count << 4)
  let to = takeBlock(count << 4)
  for (let i: u32 = 0; i < count; i++) {
    store<u64>(from + (i << 4), bswap<u64>(load<u64>(rows + i * rowBytes)))
    store<u32>(from + (i << 4), i, 8)
  }
  for (let width: u32 = 1; width < count; width *= 2) {
    for (let start: u32 = 0; start < count; start += width * 2) {
      const middle = min(start + width, count)
      merge(from, start, middle, min(middle + width, count), to)
    }
    const merged = to
    to = from
    from = merged
  }
  giveBlock(to, count << 4)
  return from
}

function merge(from: usize, start: u32, middle: u32, end: u32, to: usize): void {
  let left = start
  let right = middle
  for (let at = start; at < end; at++) {
    const takesLeft = right === end || (left < middle && !isBefore(from + (right << 4), from + (left << 4)))
    const next = takesLeft ? left++ : right++
    v128.store(to + (at << 4), v128.load(from + (next << 4)))
  }
}

function isBefore(a: usize, b: usize): bool {
  const x = load<u64>(a)
  const y = load<u64>(b)
  if (x !== y) return x < y
  const p = rows + load<u32>(a, 8) * rowBytes
  const q = rows + load<u32>(b, 8) * rowBytes
  for (let i: usize = 8; i < 32; i += 8) {
    const c = bswap<u64>(load<u64>(p + i))
    const d = bswap<u64>(load<u64>(q + i))
    if (c !== d) return c < d
  }
  return bswap<u32>(load<u32>(p, 32)) < bswap<u32>(load<u32>(q, 32))
}
