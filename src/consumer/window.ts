/**
 * The event ids a partition remembers. Keeps G3, and G6 with it: records alone decide what enters and leaves, never
 * batches, restarts or the time of day. Ids lie in segments; a whole segment leaves when its newest id is too old, or
 * when there are too many ids.
 */
import type { Allowance, FoldKernel } from '../kernel/kernel.ts'

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
  readonly name: number
  readonly firstMs: number
  newestMs: number
  count: number
  hasLeft: boolean
}

interface GrowingPiece {
  readonly segment: Segment
  readonly firstOffset: number
  /** Where its first id stands in the kernel. */
  readonly from: number
  count: number
}

export class Window {
  readonly #spanMs: number
  readonly #idsMax: number
  readonly #segmentIdsMax: number
  readonly #kernel: FoldKernel
  readonly #segments: Segment[] = []
  #count = 0
  #pieces: GrowingPiece[] = []
  #closed: number[] = []
  #left = false

  /**
   * @param stored what the database holds, in the order of segment and first offset.
   * @param kernel where the ids lie, in the order they were claimed.
   */
  constructor(limits: WindowLimits, stored: readonly IdPiece[], kernel: FoldKernel) {
    this.#spanMs = limits.windowHours * 3_600_000
    this.#idsMax = limits.windowIdsMax
    this.#segmentIdsMax = limits.segmentIdsMax ?? segmentIdsMax
    this.#kernel = kernel
    for (const piece of stored) this.#load(piece)
    kernel.indexIds()
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#count
  }

  /** How many of them nobody has taken to be stored. */
  get pending(): number {
    return this.#pieces.reduce((sum, { count }) => sum + count, 0)
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
    const from = this.#kernel.nextId
    if (!this.#kernel.claim(id)) return false
    const open = this.#segments.at(-1)
    const fits = open !== undefined && open.count < this.#segmentIdsMax && clockMs < open.firstMs + segmentSpanMs
    this.#keep(fits ? open : this.#openSegment(offset, clockMs), 1, from, offset, clockMs)
    while (this.#count > this.#idsMax && this.#segments.length > 1) this.#dropOldest()
    return true
  }

  /** What may be claimed without asking: while no segment opens, closes or leaves. */
  get allowance(): Allowance {
    const [oldest, open] = [this.#segments[0], this.#segments.at(-1)]
    if (oldest === undefined || open === undefined) return nothingAllowed
    const ofAll = this.#segments.length > 1 ? this.#idsMax - this.#count : Number.POSITIVE_INFINITY
    return {
      room: Math.max(0, Math.min(this.#segmentIdsMax - open.count, ofAll)),
      openUntilMs: open.firstMs + segmentSpanMs,
      stopAfterMs: oldest.newestMs + this.#spanMs,
    }
  }

  /** Notes ids that the kernel claimed within the {@link allowance}: the last so many. */
  claimed(count: number, firstOffset: number, newestMs: number): void {
    this.#keep(this.#segments.at(-1)!, count, (this.#kernel.nextId - count) >>> 0, firstOffset, newestMs)
  }

  /** Hands over what has to be stored, and starts anew. */
  takeChange(): WindowChange {
    const oldest = this.#segments[0]?.name
    const change = {
      pieces: this.#pieces.filter(piece => !piece.segment.hasLeft).map(piece => this.#finished(piece)),
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
    const segment = { name: offset, firstMs: clockMs, newestMs: clockMs, count: 0, hasLeft: false }
    this.#segments.push(segment)
    return segment
  }

  #keep(segment: Segment, count: number, from: number, firstOffset: number, newestMs: number): void {
    segment.newestMs = newestMs
    segment.count += count
    this.#count += count
    const piece = this.#pieces.at(-1)
    if (piece?.segment === segment) piece.count += count
    else this.#pieces.push({ segment, firstOffset, from, count })
  }

  #load(piece: IdPiece): void {
    let segment = this.#segments.at(-1)
    if (segment?.name !== piece.segment) {
      const { segment: name, firstMs, newestMs } = piece
      segment = { name, firstMs, newestMs, count: 0, hasLeft: false }
      this.#segments.push(segment)
    }
    segment.newestMs = piece.newestMs
    this.#kernel.restoreIds(piece.ids)
    segment.count += piece.ids.length / 16
    this.#count += piece.ids.length / 16
  }

  #dropOldest(): void {
    const segment = this.#segments.shift()!
    this.#count -= segment.count
    this.#kernel.leaveIds(segment.count)
    segment.hasLeft = true
    this.#left = true
  }

  #finished({ segment, firstOffset, from, count }: GrowingPiece): IdPiece {
    const { name, firstMs, newestMs } = segment
    return { segment: name, firstOffset, firstMs, newestMs, ids: this.#kernel.ids(from, count) }
  }
}

const nothingAllowed: Allowance = { room: 0, openUntilMs: 0, stopAfterMs: Number.POSITIVE_INFINITY }
