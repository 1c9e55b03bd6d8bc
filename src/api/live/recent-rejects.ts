/** How many records were rejected in the last hour, without reading a table that may be large. */
import type pg from 'pg'

/** Of each partition no more of its latest rejects are looked at; there is no index by time. */
const lookedAtMax = 1_000

/** @returns the true number, or the least that it can be, where a partition has more than are looked at. @throws what faultKind sorts. */
export async function countRecentRejects(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<[number]>({
    name: 'live-rejects',
    text: `select count(*)::int
             from partition_ledger l
            cross join lateral (
              select rejected_at from rejects r
               where (r.topic_id, r.partition, r.lineage) = (l.topic_id, l.partition, l.lineage)
               order by "offset" desc limit $1) as latest
            where l.rejected > 0 and rejected_at > now() - interval '1 hour'`,
    values: [lookedAtMax],
    rowMode: 'array',
  })
  return rows[0]![0]
}
