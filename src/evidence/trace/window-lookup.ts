/** Whether a partition's window holds an id, and which record may have claimed it, without reading the log. */
import type pg from 'pg'
import type { Lineage } from '../books/ledger.ts'
import { SipHash } from '../recount/siphash.ts'
import type { Remembered } from './claims.ts'

/** user id and event id. */
const idBytesMax = 36 + 128

/** The id of an event as the window stores it. */
export function storedId(idKey: Buffer, user: string, eventId: string): Buffer {
  const hash = new SipHash(idKey, idBytesMax)
  hash.hash(hash.bytes.write(user + eventId, 'latin1'))
  return Buffer.from(new Uint32Array(hash.out).buffer)
}

/**
 * Looks the id up in the window of an open or halted lineage.
 * @param before only segments that begin before this offset; a later one cannot hold the claim that is looked for.
 * @returns the offsets among which it was claimed; they begin before the lineage's start where it came with the window of
 * the lineage before.
 */
export async function lookUp(
  client: pg.ClientBase,
  { topicId, partition, lineage, nextOffset }: Lineage,
  id: Buffer,
  before = nextOffset,
): Promise<Exclude<Remembered, undefined>> {
  // Where a row's ids end is where those of the next begin, or where counting stands. A chance meeting across two ids is
  // as likely as one of two ids.
  const { rows } = await client.query<{ from: number; to: number }>(
    `select first_offset::float8 as "from",
            coalesce((select min(later.first_offset) from event_ids later
                       where (later.topic_id, later.partition, later.lineage) = ($1, $2, $3)
                         and later.first_offset > event_ids.first_offset), $5)::float8 as "to"
       from event_ids
      where topic_id = $1 and partition = $2 and lineage = $3 and first_offset < $6 and position($4 in ids) % 16 = 1
      order by first_offset desc limit 1`,
    [topicId, partition, lineage, id, nextOffset, before],
  )
  return rows[0] ?? 'absent'
}
