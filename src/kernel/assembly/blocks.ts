/**
 * Memory in blocks of a power of two bytes. A block that is given back is taken again, whole or in halves of halves:
 * tables double, so the small ones of yesterday are the spare parts of today, and nothing ever has to move.
 */

/** Of each size the first free block, which begins with the address of the next. */
const free: usize = memory.data(32 * 4)
/** All before it was needed once. */
export let top: usize = 0

/** Every block that was taken is free again, and so is what they were made of. */
export function forgetBlocks(): void {
  memory.fill(free, 0, 32 * 4)
  top = (__heap_base + 15) & ~15
}

/** @returns a block of at least so many bytes; what is in it is anything. Traps when 4 GiB are not enough. */
export function takeBlock(bytes: u32): usize {
  const bits = bitsOf(bytes)
  for (let held = bits; held < 32; held++) {
    const block = <usize>load<u32>(free + (held << 2))
    if (block === 0) continue
    store<u32>(free + (held << 2), load<u32>(block))
    while (held > bits) giveBlock(block + (1 << --held), 1 << held)
    return block
  }
  const start = top
  const end = <u64>start + ((<u64>1) << bits)
  const missing = <i32>((end + 0xffff) >> 16) - memory.size()
  // Growing has a price for each time, and what nobody has touched yet costs no memory.
  if (missing > 0 && memory.grow(max(missing, memory.size() >> 2)) < 0 && memory.grow(missing) < 0) unreachable()
  top = <usize>end
  return start
}

/** Gives a block back that was taken with the same number of bytes. */
export function giveBlock(block: usize, bytes: u32): void {
  const head = free + (bitsOf(bytes) << 2)
  store<u32>(block, load<u32>(head))
  store<u32>(head, <u32>block)
}

/** The power of two that is at least so many bytes; 16 at least. */
function bitsOf(bytes: u32): u32 {
  return bytes <= 16 ? 4 : 32 - clz<u32>(bytes - 1)
}
