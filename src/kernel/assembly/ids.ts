/**
 * The ids of a window, 16 bytes each, in the order in which they were claimed: a queue in chunks, which new ids join at
 * one end and old segments leave at the other. A piece that has to be stored is a stretch of it, and needs no copy of
 * its own. What was claimed is found by open addressing over positions: a slot is 4 bytes, the low bits of a position
 * and as much of the id as there is room for, so that a new id is known as new by one look into memory. Together 22 to
 * 27 bytes an id; with the ids themselves in the slots it was 29 to 57, and each id was stored twice.
 */
import { giveBlock, takeBlock } from './blocks.ts'

const chunkBits: u32 = 12
const chunkIds: u32 = 1 << chunkBits
const chunkBytes: u32 = chunkIds * 16

/** Positions count up and begin anew at 2^32; only differences are looked at. */
export let nextId: u32 = 0
export let livingIds: u32 = 0

/** Addresses of chunks, in a ring. */
let directoryBits: u32 = 0
let directory: usize = 0

/** A slot is 0 when empty. One whose position is not among the living is free, but no end of a search. */
const firstBits: u32 = 10
let slotBits: u32 = 0
let slots: usize = 0
let usedSlots: u32 = 0

const ahead: u32 = 16
/** Keeps the compiler from leaving out what is only touched. */
export let touched: u32 = 0

/** Begins with none, after {@link forgetBlocks}. */
export function forgetIds(): void {
  nextId = 0
  livingIds = 0
  directoryBits = 4
  directory = takeBlock(4 << directoryBits)
  slotBits = firstBits
  slots = emptySlots(firstBits)
  usedSlots = 0
}

/** Brings a slot near before it is asked for: the look itself is what takes time. */
export function touchId(low: u64): u32 {
  return load<u32>(slots + ((<usize>low & ((1 << slotBits) - 1)) << 2))
}

/** @returns 1 when the id is new, and is remembered then if it `may` be; 0 when it is known. */
export function claimId(low: u64, high: u64, may: bool): u32 {
  const mask: u32 = (1 << slotBits) - 1
  const tag = tagOf(high, mask)
  let slot: u32 = <u32>low & mask
  let free: i32 = -1
  for (;;) {
    const held = load<u32>(slots + ((<usize>slot) << 2))
    if (held === 0) break
    const age = (nextId - 1 - held) & mask
    if (age < livingIds) {
      // What is compared is the id itself: a slot of former times may show anything.
      if ((held & ~mask) === tag) {
        const id = idAt(nextId - 1 - age)
        if (load<u64>(id) === low && load<u64>(id, 8) === high) return 0
      }
    } else if (free < 0) {
      free = <i32>slot
    }
    slot = (slot + 1) & mask
  }
  if (!may) return 1
  if (free < 0) {
    free = <i32>slot
    usedSlots += 1
  }
  store<u32>(slots + ((<usize>free) << 2), tag | (nextId & mask))
  append(low, high)
  if (usedSlots > (mask >> 2) * 3) rebuild()
  return 1
}

/** Takes ids back that were remembered before, without asking whether they are known. */
export function restoreIds(from: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) append(load<u64>(from + (i << 4)), load<u64>(from + (i << 4), 8))
}

/** Makes restored ids findable. */
export function indexIds(): void {
  rebuild()
}

/** The oldest ids leave. */
export function leaveIds(count: u32): void {
  const oldest = nextId - livingIds
  const chunks = ((oldest & (chunkIds - 1)) + count) >> chunkBits
  for (let i: u32 = 0; i < chunks; i++) giveBlock(load<u32>(chunkOf(oldest + (i << chunkBits))), chunkBytes)
  livingIds -= count
}

/** Where the id at a position stands; those after it follow, to the end of its chunk. */
export function idAt(position: u32): usize {
  return <usize>load<u32>(chunkOf(position)) + ((position & (chunkIds - 1)) << 4)
}

function chunkOf(position: u32): usize {
  return directory + (((position >> chunkBits) & ((1 << directoryBits) - 1)) << 2)
}

function append(low: u64, high: u64): void {
  if ((nextId & (chunkIds - 1)) === 0) {
    // One more than the living may need: the oldest chunk is begun, the newest not full.
    if ((livingIds >> chunkBits) + 2 > (<u32>1) << directoryBits) growDirectory()
    store<u32>(chunkOf(nextId), <u32>takeBlock(chunkBytes))
  }
  const id = idAt(nextId)
  store<u64>(id, low)
  store<u64>(id, high, 8)
  nextId += 1
  livingIds += 1
}

function growDirectory(): void {
  const oldBits = directoryBits
  const old = directory
  directoryBits = oldBits + 1
  directory = takeBlock(4 << directoryBits)
  const first = (nextId - livingIds) >> chunkBits
  for (let i: u32 = 0; i < (<u32>1) << oldBits; i++) {
    const chunk = first + i
    const address = load<u32>(old + ((chunk & ((1 << oldBits) - 1)) << 2))
    store<u32>(directory + ((chunk & ((1 << directoryBits) - 1)) << 2), address)
  }
  giveBlock(old, 4 << oldBits)
}

/** Leaves out what has left, in a table at most half full. The queue is read in order, and only slots are written. */
function rebuild(): void {
  giveBlock(slots, 4 << slotBits)
  let bits = firstBits
  while ((<u32>1) << bits < livingIds * 2) bits += 1
  slots = emptySlots(bits)
  slotBits = bits
  usedSlots = livingIds
  const mask: u32 = (1 << bits) - 1
  for (let position = nextId - livingIds; position !== nextId; position++) {
    const id = idAt(position)
    if ((position & (ahead - 1)) === 0) touchAhead(position)
    let slot: u32 = <u32>load<u64>(id) & mask
    while (load<u32>(slots + ((<usize>slot) << 2)) !== 0) slot = (slot + 1) & mask
    store<u32>(slots + ((<usize>slot) << 2), tagOf(load<u64>(id, 8), mask) | (position & mask))
  }
}

/** Slots are far apart: those of the next few ids are asked for together. */
function touchAhead(position: u32): void {
  const until = position + min(ahead, nextId - position)
  for (; position !== until; position++) touched += touchId(load<u64>(idAt(position)))
}

function emptySlots(bits: u32): usize {
  const block = takeBlock(4 << bits)
  memory.fill(block, 0, 4 << bits)
  return block
}

/** What of an id stands in its slot, above the position; never 0. */
function tagOf(high: u64, mask: u32): u32 {
  return (<u32>high | (mask + 1)) & ~mask
}
