/** Reads what repairs may stand for. */
import type { Client } from 'pg'
import type { Position } from '../event/origin.ts'
import type { Standing } from './fold.ts'
import type { KnownOrigins } from './origins.ts'

/** Repairs mostly come in the order of their origins: what is read for one serves those that follow it. */
const rejectsMax = 1_000

/**
 * In one statement, which sees one moment: the ledger where the fold is, and so every reject before it.
 * @returns undefined when the ledger is elsewhere.
 */
export async function readOrigins(
  client: Client,
  { of, nextOffset }: Pick<Standing, 'of' | 'nextOffset'>,
  { topicId, lineage, offset }: Position,
): Promise<KnownOrigins | undefined> {
  const { rows } = await client.query<{ readonly offset: string | null; readonly is_repaired: boolean }>(
    `select r."offset", r.repaired_as is not null as is_repaired
       from partition_ledger as l
       left join lateral (
         select "offset", repaired_as from rejects
          where topic_id = $5 and partition = l.partition and lineage = $6 and "offset" >= $7 and origin_offset is null
          order by "offset" limit ${rejectsMax}) as r on true
      where l.topic_id = $1 and l.partition = $2 and l.lineage = $3 and l.next_offset = $4`,
    [of.topicId, of.partition, of.lineage, nextOffset, topicId, lineage, offset],
  )
  if (rows.length === 0) return undefined
  const found = rows.filter(row => row.offset !== null).map(row => [Number(row.offset), row.is_repaired] as const)
  const isOfThisLog = topicId === of.topicId && lineage === of.lineage
  const end = isOfThisLog ? nextOffset : Number.MAX_SAFE_INTEGER
  const to = found.length < rejectsMax ? end : found.at(-1)![0] + 1
  return { topicId, lineage, from: offset, to, repaired: new Map(found) }
}
