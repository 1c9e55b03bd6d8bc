/** The rejects in groups: which reasons there are at which members, since when, how many, and what was done about them. */
import type { Client } from 'pg'
import { type Reason, reasons } from '../../event/fate.ts'
import type { Config } from '../../runtime/config.ts'
import { isoOf } from '../iso.ts'
import { cut, legible } from './legible.ts'
import { withRejects } from './reject-tables.ts'
import { type Filter, filterValues, fitsFilter, isInState, rejectColumns, type StoredReject, seenMs } from './stored.ts'

export interface Group {
  readonly reason: Reason
  /** What it says of the value, in words. */
  readonly meaning: string
  readonly pointer: string
  readonly count: number
  readonly open: number
  readonly repaired: number
  readonly discarded: number
  readonly attempts: number
  /** By append time. ISO 8601. */
  readonly first: string | null
  readonly last: string | null
  /** One that is open, where there is one. */
  readonly example: { readonly position: string; readonly lineage: number; readonly value: string }
}

export interface ListReport {
  /** The most open ones first. */
  readonly groups: readonly Group[]
  /** Groups in which nothing is open, and which were not asked for. */
  readonly settled_groups: number
}

const exampleMax = 100

/** @param isAll shows groups also in which nothing is open. */
export function listRejects(config: Config, filter: Filter, isAll: boolean): Promise<ListReport> {
  return withRejects(config, async client => {
    await client.query('begin isolation level repeatable read read only')
    const groups = await readGroups(client, filter)
    const examples = await readExamples(client, groups)
    await client.query('commit')
    const shown = groups.filter(({ open }) => isAll || open > 0)
    return { groups: shown.map(group => told(group, examples)), settled_groups: groups.length - shown.length }
  })
}

type GroupRow = Omit<Group, 'meaning' | 'example' | 'first' | 'last'> & {
  readonly firstMs: number
  readonly lastMs: number
  readonly example: string
}

/** Where a row lies names it as long as the snapshot lasts, and costs nothing to compare. */
async function readGroups(client: Client, filter: Filter): Promise<GroupRow[]> {
  const { rows } = await client.query<GroupRow>(
    `select reason, pointer, count(*)::float8 as count,
            (count(*) filter (where ${isInState.open}))::float8 as open,
            (count(*) filter (where ${isInState.repaired}))::float8 as repaired,
            (count(*) filter (where ${isInState.discarded}))::float8
              as discarded,
            (count(*) filter (where ${isInState.attempt}))::float8 as attempts,
            min(${seenMs})::float8 as "firstMs", max(${seenMs})::float8 as "lastMs",
            coalesce(min(ctid) filter (where ${isInState.open}), min(ctid))::text as example
       from rejects where ${fitsFilter} group by reason, pointer order by open desc, count desc, reason, pointer`,
    filterValues(filter),
  )
  return rows
}

type Example = Pick<StoredReject, 'partition' | 'offset' | 'lineage' | 'value'> & { readonly place: string }

async function readExamples(client: Client, groups: readonly GroupRow[]): Promise<Map<string, Example>> {
  const { rows } = await client.query<Example>(
    `select ctid::text as place, ${rejectColumns} from rejects where ctid = any($1::tid[])`,
    [groups.map(({ example }) => example)],
  )
  return new Map(rows.map(row => [row.place, row]))
}

function told({ firstMs, lastMs, example, ...group }: GroupRow, examples: ReadonlyMap<string, Example>): Group {
  const { partition, offset, lineage, value } = examples.get(example)!
  return {
    ...group,
    meaning: reasons[group.reason],
    first: isoOf(firstMs),
    last: isoOf(lastMs),
    example: { position: `${partition}:${offset}`, lineage, value: cut(legible(value), exampleMax) },
  }
}
