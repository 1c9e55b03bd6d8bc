/** Whether the ids that are stored are those that a plain window holds: segment by segment, in their order. */
import type { IdPiece } from '../../src/consumer/window.ts'
import { SipHash } from '../../src/evidence/recount/siphash.ts'
import type { PlainSegment, PlainWindow } from '../support/plain-window.ts'

/** The secret of all simulated databases: the ids of the vocabulary are few, and each is hashed only once. */
export const idKey = Buffer.from('sixteen bytes ok')
const idBytes = 16
const sipHash = new SipHash(idKey, 164)
const hashes = new Map<string, Buffer>()

/** @param stored in the order of segment and first offset. @returns undefined where they are. */
export function whyWrong(stored: readonly IdPiece[], { segments }: PlainWindow): string | undefined {
  let at = 0
  for (const segment of segments) {
    const end = endOfSegment(stored, at)
    if (!isSame(stored, at, end, segment)) return 'stores other ids than a plain window holds'
    at = end
  }
  return at === stored.length ? undefined : 'remembers ids that have left the window'
}

/** The pieces of one segment lie beside each other. */
function endOfSegment(stored: readonly IdPiece[], from: number): number {
  let end = from
  while (end < stored.length && stored[end]!.segment === stored[from]!.segment) end += 1
  return end
}

function isSame(stored: readonly IdPiece[], from: number, end: number, segment: PlainSegment): boolean {
  const { firstMs, ids } = segment
  if (from === end || stored[from]!.firstMs !== firstMs) return false
  if (stored[end - 1]!.newestMs !== ids.at(-1)!.claimedMs) return false
  let compared = 0
  for (let piece = from; piece < end; piece++) {
    const bytes = stored[piece]!.ids
    for (let at = 0; at < bytes.length; at += idBytes) {
      const expected = ids[compared++]
      if (expected === undefined || !isAt(bytes, at, hashOf(expected.id))) return false
    }
  }
  return compared === ids.length
}

function isAt(bytes: Buffer, from: number, hash: Buffer): boolean {
  for (let at = 0; at < idBytes; at++) if (bytes[from + at] !== hash[at]) return false
  return true
}

function hashOf(id: string): Buffer {
  let bytes = hashes.get(id)
  if (bytes === undefined) {
    sipHash.hash(sipHash.bytes.write(id, 'latin1'))
    bytes = Buffer.from(sipHash.out.slice().buffer)
    hashes.set(id, bytes)
  }
  return bytes
}
