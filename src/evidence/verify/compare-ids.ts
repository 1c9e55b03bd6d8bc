/** The stored ids of a lineage's window beside those that the recount remembers, segment by segment. */

import type { Remembered, Segment } from '../recount/remembered.ts'
import type { Spill } from '../recount/spill.ts'
import type { Differences } from './difference.ts'
import type { Lineage } from './ledger.ts'
import { readSegments, type StoredSegment } from './segment-file.ts'

/** @returns how many ids were compared. */
export function compareIds(lineage: Lineage, stored: Spill, window: Remembered, differences: Differences): number {
  const expected = new Map(window.segments.map(segment => [segment.name, segment]))
  for (const segment of readSegments(stored, lineage.index)) {
    compareSegment(lineage, segment, expected.get(segment.name), window, differences)
    expected.delete(segment.name)
  }
  for (const [name, segment] of expected) {
    const none = { name, firstMs: 0, newestMs: 0, ids: Buffer.alloc(0) }
    compareSegment(lineage, none, segment, window, differences)
  }
  return window.size
}

function compareSegment(
  { partition, lineage }: Lineage,
  stored: StoredSegment,
  segment: Segment | undefined,
  window: Remembered,
  differences: Differences,
): void {
  const expected = segment === undefined ? Buffer.alloc(0) : window.idsOf(segment)
  const where = { partition, lineage }
  const { name } = stored
  const add = (what: 'missing' | 'extra', id: string, offset: number, because: string) =>
    differences.add({
      kind: 'id',
      what,
      where: offset < 0 ? where : { ...where, offset },
      stored: what === 'extra' ? id : null,
      expected: what === 'extra' ? null : id,
      because: [because],
    })
  if (!stored.ids.equals(expected)) {
    const places = new Map<string, number>()
    for (let at = 0; at < expected.length; at += 16) places.set(expected.toString('hex', at, at + 16), at / 16)
    for (let at = 0; at < stored.ids.length; at += 16) {
      const id = stored.ids.toString('hex', at, at + 16)
      if (!places.delete(id)) add('extra', id, -1, `in segment ${name}, where no record of the log claimed it`)
    }
    for (const [id, index] of places) {
      const offset = window.offsetOf(segment!, index)
      add('missing', id, offset, `forgotten in segment ${name}: the event, sent again, would count twice`)
    }
  }
  const isTimed = stored.firstMs === segment?.firstMs && stored.newestMs === segment.newestMs
  if (stored.ids.length === 0 || segment === undefined || isTimed) return
  differences.add({
    kind: 'id',
    what: 'changed',
    where,
    stored: [stored.firstMs, stored.newestMs],
    expected: [segment.firstMs, segment.newestMs],
    because: [`first and newest append time of segment ${name}, by which its ids leave`],
  })
}
