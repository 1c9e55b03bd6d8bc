/**
 * The rejects that somebody selected, a page at a time: partition by partition, in the order of their offsets, so that
 * memory is bounded however many they are, and so that a consumer finds the origins of their repairs close together.
 */
import type { Client } from 'pg'
import {
  currentOf,
  type Filter,
  filterValues,
  fitsFilter,
  isInState,
  type LedgerRow,
  rejectColumns,
  type State,
  type StoredReject,
} from './stored.ts'

export interface At {
  readonly partition: number
  readonly offset: number
}

/** Either records by name, in whatever state they are, or those of one state that fit a filter. */
export type Selection =
  | {
      readonly by: 'positions'
      readonly positions: readonly At[]
      /** undefined: each partition's current one. */
      readonly lineage: number | undefined
    }
  | { readonly by: 'filter'; readonly filter: Filter }

export interface Page {
  readonly of: LedgerRow
  readonly rejects: readonly StoredReject[]
}

const pageRejectsMax = 1_000
const pageBytesMax = 8 * 1024 * 1024

/** @param state what a filter selects; undefined: all of them. */
export async function* pagesOf(
  client: Client,
  ledger: readonly LedgerRow[],
  selection: Selection,
  state: State | undefined,
): AsyncGenerator<Page> {
  for (const of of ledger) {
    const offsets = offsetsIn(ledger, of, selection)
    if (offsets?.length === 0) continue
    const filter = selection.by === 'filter' ? selection.filter : {}
    if (filter.partition !== undefined && filter.partition !== of.partition) continue
    const wanted = selection.by === 'filter' ? state : undefined
    for (let after = -1; ; ) {
      const rejects = await readPage(client, of, filter, wanted, offsets, after)
      if (rejects.length === 0) break
      yield { of, rejects }
      after = rejects.at(-1)!.offset
    }
  }
}

/** The positions that there is no reject at. */
export async function missingOf(client: Client, ledger: readonly LedgerRow[], selection: Selection): Promise<At[]> {
  if (selection.by === 'filter') return []
  const found = new Set<string>()
  for (const of of ledger) {
    const offsets = offsetsIn(ledger, of, selection)!
    if (offsets.length === 0) continue
    const { rows } = await client.query<{ offset: number }>(
      `select "offset"::float8 as "offset" from rejects
        where topic_id = $1 and partition = $2 and lineage = $3 and "offset" = any($4::bigint[])`,
      [of.topicId, of.partition, of.lineage, offsets],
    )
    for (const { offset } of rows) found.add(`${of.partition}:${offset}`)
  }
  return selection.positions.filter(({ partition, offset }) => !found.has(`${partition}:${offset}`))
}

/** Undefined: all. */
function offsetsIn(ledger: readonly LedgerRow[], of: LedgerRow, selection: Selection): number[] | undefined {
  if (selection.by === 'filter') return undefined
  const { positions, lineage = (currentOf(ledger, of.partition) ?? lastOf(ledger, of.partition))!.lineage } = selection
  if (of.lineage !== lineage) return []
  return positions.filter(({ partition }) => partition === of.partition).map(({ offset }) => offset)
}

const lastOf = (ledger: readonly LedgerRow[], partition: number): LedgerRow | undefined =>
  ledger.findLast(row => row.partition === partition)

async function readPage(
  client: Client,
  { topicId, partition, lineage }: LedgerRow,
  filter: Filter,
  state: State | undefined,
  offsets: readonly number[] | undefined,
  after: number,
): Promise<StoredReject[]> {
  const { rows } = await client.query<StoredReject>(
    `select ${rejectColumns}
       from (select *, sum(length(value) + length(headers) + coalesce(length(key), 0)) over page as bytes,
                    row_number() over page as number
               from (select * from rejects
                      where topic_id = $6 and rejects.partition = $7 and lineage = $8 and "offset" > $9
                        and ${fitsFilter} and ${state === undefined ? 'true' : isInState[state]}
                        and ($10::bigint[] is null or "offset" = any($10))
                      order by "offset" limit ${pageRejectsMax}) as next
             window page as (order by "offset")) as sized
      where bytes <= ${pageBytesMax} or number = 1
      order by "offset"`,
    [...filterValues(filter), topicId, partition, lineage, after, offsets ?? null],
  )
  return rows
}
