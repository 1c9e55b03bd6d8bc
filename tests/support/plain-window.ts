/** The window as the design words it, in arrays and full scans: what the fast one is compared with. */
import type { IdPiece, WindowChange, WindowLimits } from '../../src/consumer/window.ts'

export interface PlainSegment {
  readonly firstMs: number
  readonly ids: { readonly id: string; readonly claimedMs: number }[]
}

const segmentIdsDefault = 65_536
const segmentSpanMs = 600_000

export class PlainWindow {
  /** Those in force from here on. */
  limits: WindowLimits
  #segments: PlainSegment[] = []

  constructor(limits: WindowLimits) {
    this.limits = limits
  }

  get segments(): readonly PlainSegment[] {
    return this.#segments
  }

  copy(): PlainWindow {
    const copy = new PlainWindow(this.limits)
    copy.#segments = this.#segments.map(({ firstMs, ids }) => ({ firstMs, ids: [...ids] }))
    return copy
  }

  get size(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.ids.length, 0)
  }

  /** Segments whose newest id is older than clock minus window leave. */
  advance(clockMs: number): void {
    const spanMs = this.limits.windowHours * 3_600_000
    this.#segments = this.#segments.filter(segment => segment.ids.at(-1)!.claimedMs >= clockMs - spanMs)
  }

  /** The id is looked up; if new, it is inserted. @returns whether it was new. */
  claim(id: string, clockMs: number): boolean {
    if (this.#segments.some(segment => segment.ids.some(one => one.id === id))) return false
    const { windowIdsMax, segmentIdsMax = segmentIdsDefault } = this.limits
    const open = this.#segments.at(-1)
    if (open === undefined || open.ids.length === segmentIdsMax || clockMs - open.firstMs >= segmentSpanMs) {
      this.#segments.push({ firstMs: clockMs, ids: [] })
    }
    this.#segments.at(-1)!.ids.push({ id, claimedMs: clockMs })
    while (this.size > windowIdsMax && this.#segments.length > 1) this.#segments.shift()
    return true
  }
}

/** The table `event_ids` of one partition, kept as `settle` keeps it. */
export class StoredIds {
  #rows: IdPiece[] = []

  keep({ pieces, closed, oldest }: WindowChange): void {
    for (const piece of pieces) {
      const same = (row: IdPiece) => row.segment === piece.segment && row.firstOffset === piece.firstOffset
      if (this.#rows.some(same)) throw new Error(`the row ${piece.segment}, ${piece.firstOffset} is there already`)
      if (piece.ids.length === 0 || piece.ids.length % 16 !== 0) throw new Error('a row holds whole ids, at least one')
      this.#rows.push(piece)
    }
    if (oldest !== undefined) this.#rows = this.#rows.filter(row => row.segment >= oldest)
    const merging = this.rows().filter(row => closed.includes(row.segment))
    this.#rows = this.#rows.filter(row => !closed.includes(row.segment))
    for (const segment of new Set(merging.map(row => row.segment))) {
      const parts = merging.filter(row => row.segment === segment)
      this.#rows.push({
        segment,
        firstOffset: Math.min(...parts.map(row => row.firstOffset)),
        firstMs: Math.min(...parts.map(row => row.firstMs)),
        newestMs: Math.max(...parts.map(row => row.newestMs)),
        ids: Buffer.concat(parts.map(row => row.ids)),
      })
    }
  }

  /** In the order in which a partition is opened. */
  rows(): IdPiece[] {
    return this.#rows.toSorted((a, b) => a.segment - b.segment || a.firstOffset - b.firstOffset)
  }
}
