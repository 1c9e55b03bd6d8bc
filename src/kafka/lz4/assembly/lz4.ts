/**
 * Inflates an LZ4 frame, as lz4_Frame_format.md and lz4_Block_format.md of github.com/lz4/lz4 describe it. Bytes are
 * copied sixteen at a time, also beyond the end of what is meant: what comes next is written over it, and both ends have
 * room. What the checksums of a frame would tell, the CRC of the record batch around it has told already.
 */

/** What a frame may take, and what may come out of it. Behind either, copies touch what nobody reads. */
const inputMax: usize = 1 << 20
const outputMax: usize = 1 << 22
export const input: usize = memory.data((1 << 20) + 64)
export const output: usize = memory.data((1 << 22) + 64)

/** Not as it must be, or nothing for this program: a dictionary, a second frame, more than there is room for. */
const refused: i32 = -1

/** @param length of the frame in the input. @param room so much may come out. @returns how much did, or {@link refused}. */
export function inflate(length: usize, room: usize): i32 {
  if (length < 11 || length > inputMax || room > outputMax) return refused
  const end = input + length
  if (load<u32>(input) !== 0x184d2204) return refused
  const flags = load<u8>(input, 4)
  if ((flags & 0xc3) !== 0x40) return refused // version 1, nothing reserved, no dictionary
  let at = input + 7 + (flags & 0x08)
  let to = output
  for (;;) {
    if (at + 4 > end) return refused
    const head = load<u32>(at)
    at += 4
    if (head === 0) break
    const bytes = <usize>(head & 0x7fffffff)
    if (bytes > end - at) return refused
    if (head >>> 31) {
      if (bytes > output + room - to) return refused
      memory.copy(to, at, bytes)
      to += bytes
    } else {
      to = inflateBlock(at, at + bytes, to, output + room)
      if (to === 0) return refused
    }
    at += bytes + ((flags & 0x10) >> 2)
  }
  return at + (flags & 0x04) === end ? <i32>(to - output) : refused
}

/** A block refers back to what came out before, of the blocks before it too. @returns where it ended; 0 when it is bad. */
function inflateBlock(at: usize, end: usize, to: usize, limit: usize): usize {
  while (at < end) {
    const token = load<u8>(at++)
    let length = <usize>(token >> 4)
    if (length === 15) {
      const last = lastOfLength(at, end)
      if (last === 0) return 0
      length += (last - at) * 255 + load<u8>(last)
      at = last + 1
    }
    if (length > end - at || length > limit - to) return 0
    copyAhead(to, at, length)
    at += length
    to += length
    if (at === end) return to // the last sequence ends with its literals
    if (at + 2 > end) return 0
    const distance = <usize>load<u16>(at)
    at += 2
    if (distance === 0 || distance > to - output) return 0
    length = <usize>(token & 15) + 4
    if (length === 19) {
      const last = lastOfLength(at, end)
      if (last === 0) return 0
      length += (last - at) * 255 + load<u8>(last)
      at = last + 1
    }
    if (length > limit - to) return 0
    if (distance >= 16) copyAhead(to, to - distance, length)
    else repeat(to, distance, length)
    to += length
  }
  return 0
}

/** A length of fifteen goes on in bytes of 255 and a lesser one. @returns where that one stands; 0 when nowhere. */
function lastOfLength(at: usize, end: usize): usize {
  for (; at < end; at++) if (load<u8>(at) !== 255) return at
  return 0
}

/** Up to fifteen bytes more than asked for; right where source and target are sixteen bytes apart, or more. */
function copyAhead(to: usize, from: usize, length: usize): void {
  const end = to + length
  do {
    v128.store(to, v128.load(from))
    to += 16
    from += 16
  } while (to < end)
}

/** What overlaps itself is a pattern that goes on. */
function repeat(to: usize, distance: usize, length: usize): void {
  for (let i: usize = 0; i < length; i++) store<u8>(to + i, load<u8>(to + i - distance))
}
