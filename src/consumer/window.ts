/**
 * The event ids a partition remembers. Keeps G3, and G6 with it: records alone decide what enters and leaves, never
 * batches, restarts or the time of day. Ids lie in segments; a whole segment leaves when its newest id is too old, or
 * when there are too many ids.
 */
import { IdTable } from './id-table.ts'

export const segmentIdsMax = 65_536
export const segmentSpanMs = 10 * 60_000

/** Ids of one segment that a batch added, or that one stored row holds. */
export interface IdPiece {
  /** Named by the offset of the segment's first id. */
  readonly segment: number
  /** The offset of the piece's first id. */
  readonly firstOffset: number
  /** The partition's clock at the segment's first id, as far as this piece knows, and at the piece's newest. */
  readonly firstMs: number
  readonly newestMs: number
  /** 16 bytes an id, in the order they were claimed. */
  readonly ids: Buffer
}

/** What became of the window since the last time it was asked. */
export interface WindowChange {
  readonly pieces: readonly IdPiece[]
  /** Segments that were closed: nothing is added to them any more. */
  readonly closed: readonly number[]
  /** Segments before this one have left; undefined when none did. */
  readonly oldest: number | undefined
}

export interface WindowLimits {
  readonly windowHours: number
  readonly windowIdsMax: number
  /** Smaller only in simulations, where the edges have to be near. */
  readonly segmentIdsMax?: number
}

interface Segment {
  readonly number: number
  readonly name: number
  readonly firstMs: number
  newestMs: number
  count: number
}

interface GrowingPiece {
  readonly segment: Segment
  readonly firstOffset: number
  words: Uint32Array
  length: number
}

export class Window {
  readonly #spanMs: number
  readonly #idsMax: number
  readonly #segmentIdsMax: number
  readonly #table = new IdTable()
  readonly #segments: Segment[] = []
  #count = 0
  #lastNumber = 0
  #pieces: GrowingPiece[] = []
  #closed: number[] = []
  #left = false

  /** @param stored what the database holds, in the order of segment and first offset. */
  constructor(limits: WindowLimits, stored: readonly IdPiece[]) {
    this.#spanMs = limits.windowHours * 3_600_000
    this.#idsMax = limits.windowIdsMax
    this.#segmentIdsMax = limits.segmentIdsMax ?? segmentIdsMax
    for (const piece of stored) this.#load(piece)
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#count
  }

  /** Lets the segments go whose newest id is older than the window at this clock. */
  advance(clockMs: number): void {
    while (this.#segments.length > 0 && this.#segments[0]!.newestMs < clockMs - this.#spanMs) this.#dropOldest()
  }

  /**
   * Remembers the id of the record at `offset`.
   * @param id four words. @returns false when it is remembered already: the record is a duplicate.
   */
  claim(id: Uint32Array, offset: number, clockMs: number): boolean {
    const open = this.#segments.at(-1)
    const fits = open !== undefined && open.count < this.#segmentIdsMax && clockMs < open.firstMs + segmentSpanMs
    // The table learns the number before the segment exists: only a new id may open one.
    if (!this.#table.claim(id, 0, fits ? open.number : this.#lastNumber + 1)) return false
    const segment = fits ? open : this.#openSegment(offset, clockMs)
    segment.newestMs = clockMs
    segment.count += 1
    this.#count += 1
    this.#keep(segment, id, offset)
    while (this.#count > this.#idsMax && this.#segments.length > 1) this.#dropOldest()
    return true
  }

  /** Hands over what has to be stored, and starts anew. */
  takeChange(): WindowChange {
    const oldest = this.#segments[0]?.name
    const change = {
      pieces: this.#pieces.filter(piece => this.#isLiving(piece.segment)).map(finished),
      closed: this.#closed.filter(name => oldest !== undefined && name >= oldest),
      oldest: this.#left ? (oldest ?? Number.MAX_SAFE_INTEGER) : undefined,
    }
    this.#pieces = []
    this.#closed = []
    this.#left = false
    return change
  }

  #openSegment(offset: number, clockMs: number): Segment {
    const closing = this.#segments.at(-1)
    if (closing !== undefined) this.#closed.push(closing.name)
    const segment = { number: ++this.#lastNumber, name: offset, firstMs: clockMs, newestMs: clockMs, count: 0 }
    this.#segments.push(segment)
    return segment
  }

  #keep(segment: Segment, id: Uint32Array, offset: number): void {
    let piece = this.#pieces.at(-1)
    if (piece?.segment !== segment) {
      piece = { segment, firstOffset: offset, words: new Uint32Array(16), length: 0 }
      this.#pieces.push(piece)
    }
    if (piece.length === piece.words.length) {
      const longer = new Uint32Array(piece.words.length * 2)
      longer.set(piece.words)
      piece.words = longer
    }
    piece.words.set(id, piece.length)
    piece.length += 4
  }

  #load(piece: IdPiece): void {
    let segment = this.#segments.at(-1)
    if (segment?.name !== piece.segment) {
      const { segment: name, firstMs, newestMs } = piece
      segment = { number: ++this.#lastNumber, name, firstMs, newestMs, count: 0 }
      this.#segments.push(segment)
    }
    segment.newestMs = piece.newestMs
    const words = new Uint32Array(piece.ids.length / 4)
    for (let i = 0; i < words.length; i++) words[i] = piece.ids.readUInt32LE(i * 4)
    for (let at = 0; at < words.length; at += 4) this.#table.claim(words, at, segment.number)
    segment.count += words.length / 4
    this.#count += words.length / 4
  }

  #dropOldest(): void {
    const segment = this.#segments.shift()!
    this.#count -= segment.count
    this.#table.oldest = segment.number + 1
    this.#left = true
  }

  #isLiving(segment: Segment): boolean {
    return segment.number >= this.#table.oldest
  }
}

function finished(piece: GrowingPiece): IdPiece {
  const ids = Buffer.alloc(piece.length * 4)
  for (let i = 0; i < piece.length; i++) ids.writeUInt32LE(piece.words[i]!, i * 4)
  const { name, firstMs, newestMs } = piece.segment
  return { segment: name, firstOffset: piece.firstOffset, firstMs, newestMs, ids }
}
