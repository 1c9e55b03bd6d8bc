/**
 * Offsets in ascending order, on disk: of each block only the first stays in memory, four kilobytes for a million. For
 * questions that come seldom, or in the order of the offsets.
 */
import { blockBytes, type Spill } from './spill.ts'

const offsetBytes = 8
const perBlock = blockBytes / offsetBytes

export class SortedOffsets {
  readonly #spill: Spill
  readonly #bucket: number
  readonly #firsts: number[] = []
  readonly #entry = new Float64Array(1)
  readonly #bytes = new Uint8Array(this.#entry.buffer)
  #count = 0
  #last = -1
  /** The full block that was asked last. */
  #block: { readonly number: number; readonly offsets: Float64Array } | undefined

  /** @param bucket of the spill, which nobody else writes to. */
  constructor(spill: Spill, bucket: number) {
    this.#spill = spill
    this.#bucket = bucket
  }

  /** Takes the next; one that is not higher than the last was taken before. */
  add(offset: number): void {
    if (offset <= this.#last) return
    if (this.#count % perBlock === 0) this.#firsts.push(offset)
    this.#entry[0] = offset
    this.#spill.write(this.#bucket, this.#bytes)
    this.#count += 1
    this.#last = offset
  }

  has(offset: number): boolean {
    if (offset > this.#last) return false
    const number = above(this.#firsts, this.#firsts.length, offset) - 1
    if (number < 0) return false
    const offsets = this.#offsetsOf(number)
    return offsets[above(offsets, offsets.length, offset) - 1] === offset
  }

  #offsetsOf(number: number): Float64Array {
    if (this.#block?.number === number) return this.#block.offsets
    const bytes = this.#spill.block(this.#bucket, number)
    const offsets = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / offsetBytes)
    if (offsets.length === perBlock) this.#block = { number, offsets }
    return offsets
  }
}

/** The index of the first that is greater. */
function above(sorted: ArrayLike<number>, length: number, value: number): number {
  let [from, to] = [0, length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (sorted[middle]! > value) to = middle
    else from = middle + 1
  }
  return from
}
