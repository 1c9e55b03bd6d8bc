/**
 * New ids by COPY, in its binary form: they go to the socket as they lie in the batch. As a parameter they are copied
 * twice on the way, which for a million ids is what a consumer has no room for.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from } from 'pg-copy-streams'
import { binaryCopyEnd, binaryCopyStart } from '../postgres/binary-copy.ts'
import type { Lineage } from './batch.ts'
import type { IdPiece } from './window.ts'

/** A piece, and whose it is. */
export interface OwnedPiece {
  readonly of: Lineage
  readonly piece: IdPiece
}

/** Writes pieces as rows of event_ids. */
export async function copyIds(client: Client, pieces: readonly OwnedPiece[]): Promise<void> {
  const columns = 'topic_id, partition, lineage, segment, first_offset, first_ms, newest_ms, ids'
  const stream = client.query(from(`copy event_ids (${columns}) from stdin (format binary)`))
  await pipeline(Readable.from(copyChunks(pieces)), stream)
  if (stream.rowCount !== pieces.length) throw new Error(`copied ${stream.rowCount} of ${pieces.length} rows of ids`)
}

/** What is said: each piece's ids are a chunk of their own, and not copied. */
export function* copyChunks(pieces: readonly OwnedPiece[]): Generator<Buffer> {
  yield binaryCopyStart
  for (const { of, piece } of pieces) {
    yield row(of, piece)
    yield piece.ids
  }
  yield binaryCopyEnd
}

/** A row up to its ids: how many fields it has, and each with its length before it. */
function row({ topicId, partition, lineage }: Lineage, piece: IdPiece): Buffer {
  const bytes = Buffer.allocUnsafe(90)
  let at = bytes.writeInt16BE(8)
  at = bytes.writeInt32BE(16, at)
  at += bytes.write(topicId.replaceAll('-', ''), at, 'hex')
  for (const value of [partition, lineage]) {
    at = bytes.writeInt32BE(4, at)
    at = bytes.writeInt32BE(value, at)
  }
  for (const value of [piece.segment, piece.firstOffset, piece.firstMs, piece.newestMs]) {
    at = bytes.writeInt32BE(8, at)
    at = bytes.writeBigInt64BE(BigInt(value), at)
  }
  bytes.writeInt32BE(piece.ids.length, at)
  return bytes
}
