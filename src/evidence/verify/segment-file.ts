/** Segments of windows on disk: those that PostgreSQL holds, and those that a recount ends with. */
import type { Spill } from '../recount/spill.ts'

export interface StoredSegment {
  /** The offset of its first id. */
  readonly name: number
  readonly firstMs: number
  readonly newestMs: number
  /** 16 bytes each, in the order in which they were claimed. */
  readonly ids: Buffer
}

/** Adds a segment, or a part of one, to a bucket. */
export function writeSegment(into: Spill, bucket: number, { name, firstMs, newestMs, ids }: StoredSegment): void {
  const head = Buffer.from(Float64Array.of(name, firstMs, newestMs).buffer)
  into.writeFrame(bucket, Buffer.concat([head, ids]))
}

/** The segments of a bucket. Parts of one follow each other: a segment that is not closed yet has several. */
export function* readSegments(from: Spill, bucket: number): Generator<StoredSegment> {
  let parts: StoredSegment[] = []
  for (const frame of from.frames(bucket)) {
    const [name, firstMs, newestMs] = [0, 8, 16].map(at => frame.readDoubleLE(at)) as [number, number, number]
    if (parts.length > 0 && parts[0]!.name !== name) {
      yield joined(parts)
      parts = []
    }
    parts.push({ name, firstMs, newestMs, ids: Buffer.from(frame.subarray(24)) })
  }
  if (parts.length > 0) yield joined(parts)
}

function joined(parts: readonly StoredSegment[]): StoredSegment {
  return {
    name: parts[0]!.name,
    firstMs: Math.min(...parts.map(part => part.firstMs)),
    newestMs: Math.max(...parts.map(part => part.newestMs)),
    ids: Buffer.concat(parts.map(part => part.ids)),
  }
}
