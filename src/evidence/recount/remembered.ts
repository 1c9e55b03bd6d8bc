/**
 * The event ids a partition remembers, by the published rules of the window, for the recount. Ids leave in the order in
 * which they came, so they lie in numbered places, 65,536 to a shelf, and a shelf goes when all of it has left. Finding
 * one is a chain per hash value, newest first, which ends at the first that has left. About 36 bytes an id.
 */

/** A run of ids that leave together. */
export interface Segment {
  /** The offset of the record that claimed its first id. */
  readonly name: number
  readonly firstMs: number
  newestMs: number
  /** Places [from, to). */
  readonly from: number
  to: number
}

export interface WindowLimits {
  readonly windowHours: number
  readonly windowIdsMax: number
}

/** Who claimed an id: where, and what its event said, as 32 bits; 0 where that is not known. */
export interface Claim {
  readonly offset: number
  readonly content: number
}

export const segmentIdsMax = 65_536
export const segmentSpanMs = 600_000

const shelfIds = 65_536

interface Shelf {
  readonly ids: Uint32Array
  readonly offsets: Float64Array
  readonly contents: Uint32Array
  /** The place before it in its chain, its lower 32 bits. */
  readonly earlier: Uint32Array
}

export class Remembered {
  readonly segments: Segment[] = []
  #limits: WindowLimits
  #shelves = new Map<number, Shelf>()
  #spare: Shelf | undefined
  #heads = new Uint32Array(1 << 16)
  #oldest = 1
  #next = 1

  constructor(limits: WindowLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#next - this.#oldest
  }

  /** From the next record on. */
  changeLimits(limits: WindowLimits): void {
    this.#limits = limits
  }

  /** Lets the segments go whose newest id is older than the window at this clock. */
  advance(clockMs: number): void {
    const from = clockMs - this.#limits.windowHours * 3_600_000
    while (this.segments.length > 0 && this.segments[0]!.newestMs < from) this.#leave()
  }

  /** @returns who claimed the id before; undefined: it is new, and remembered from now on. */
  claim(id: Uint32Array, offset: number, clockMs: number, content: number): Claim | undefined {
    const place = this.#find(id)
    if (place !== undefined) return this.#claimAt(place)
    const open = this.segments.at(-1)
    const fits = open !== undefined && open.to - open.from < segmentIdsMax && clockMs < open.firstMs + segmentSpanMs
    if (!fits) this.open(offset, clockMs)
    this.add(id, offset, clockMs, content)
    while (this.size > this.#limits.windowIdsMax && this.segments.length > 1) this.#leave()
    return undefined
  }

  /** Begins a segment. */
  open(name: number, firstMs: number): void {
    this.segments.push({ name, firstMs, newestMs: firstMs, from: this.#next, to: this.#next })
  }

  /** Puts an id into the last segment. */
  add(id: Uint32Array, offset: number, clockMs: number, content: number): void {
    if (this.size >= this.#heads.length) this.#widen()
    const place = this.#next++
    const shelf = this.#shelfFor(place)
    const at = place % shelfIds
    shelf.ids.set(id, at * 4)
    shelf.offsets[at] = offset
    shelf.contents[at] = content
    this.#link(place, shelf, at)
    const segment = this.segments.at(-1)!
    segment.to = this.#next
    segment.newestMs = clockMs
  }

  /** The ids of a segment as they are stored: 16 bytes each, in the order in which they were claimed. */
  idsOf({ from, to }: Segment): Buffer {
    const words = new Uint32Array((to - from) * 4)
    for (let place = from; place < to; place++) {
      const at = (place % shelfIds) * 4
      words.set(this.#shelf(place).ids.subarray(at, at + 4), (place - from) * 4)
    }
    return Buffer.from(words.buffer)
  }

  /** The offset of the record that claimed the id number `index` of a segment; -1 where a checkpoint brought it. */
  offsetOf(segment: Segment, index: number): number {
    return this.#claimAt(segment.from + index).offset
  }

  #find(id: Uint32Array): number | undefined {
    let place = this.#full(this.#heads[id[0]! & (this.#heads.length - 1)]!)
    for (let last = this.#next; place >= this.#oldest && place < last; ) {
      const shelf = this.#shelf(place)
      const at = place % shelfIds
      const word = at * 4
      const { ids } = shelf
      if (ids[word] === id[0] && ids[word + 1] === id[1] && ids[word + 2] === id[2] && ids[word + 3] === id[3]) {
        return place
      }
      last = place
      place = this.#full(shelf.earlier[at]!)
    }
    return undefined
  }

  /** The latest place with these lower 32 bits; those that left cannot be told from others, and are compared in vain. */
  #full(low: number): number {
    return this.#next - ((this.#next - low) >>> 0)
  }

  #claimAt(place: number): Claim {
    const { offsets, contents } = this.#shelf(place)
    const at = place % shelfIds
    return { offset: offsets[at]!, content: contents[at]! }
  }

  #link(place: number, { ids, earlier }: Shelf, at: number): void {
    const slot = ids[at * 4]! & (this.#heads.length - 1)
    earlier[at] = this.#heads[slot]!
    this.#heads[slot] = place
  }

  #shelf(place: number): Shelf {
    return this.#shelves.get(Math.floor(place / shelfIds))!
  }

  #shelfFor(place: number): Shelf {
    const number = Math.floor(place / shelfIds)
    let shelf = this.#shelves.get(number)
    if (shelf === undefined) {
      shelf = this.#spare ?? emptyShelf()
      this.#spare = undefined
      this.#shelves.set(number, shelf)
    }
    return shelf
  }

  #leave(): void {
    const { from, to } = this.segments.shift()!
    this.#oldest = to
    for (let number = Math.floor(from / shelfIds); number < Math.floor(to / shelfIds); number++) {
      this.#spare = this.#shelves.get(number) ?? this.#spare
      this.#shelves.delete(number)
    }
  }

  #widen(): void {
    this.#heads = new Uint32Array(this.#heads.length * 2)
    for (let place = this.#oldest; place < this.#next; place++) this.#link(place, this.#shelf(place), place % shelfIds)
  }
}

const emptyShelf = (): Shelf => ({
  ids: new Uint32Array(shelfIds * 4),
  offsets: new Float64Array(shelfIds),
  contents: new Uint32Array(shelfIds),
  earlier: new Uint32Array(shelfIds),
})
