/** The counts of users as PostgreSQL has them: the statements, and rows as JSON. */
import type pg from 'pg'
import { sqlState } from '../postgres/fault.ts'
import type { Asked } from './parameters.ts'
import { createRounds, type Rounds } from './rounds.ts'

export type Row = [itemId: string, date: string, views: string, clicks: string, purchases: string]

/** `$5` is the item of the row before, whose day is then `$3`. Without a filter its parameter is null or infinite. */
export const selection = `from daily_user_item_summary
    where user_id = $1 and date between $2 and $3 and ($4::uuid is null or item_id = $4)
      and ($5::uuid is null or date < $3 or item_id > $5)`

export const columns = 'item_id, date, view_count, click_count, purchase_count'
export const order = 'order by date desc, item_id'

export function selectionValues({ userId, from, to, itemId, after }: Asked): readonly (string | null)[] {
  return [userId, from ?? '-infinity', after?.date ?? to ?? 'infinity', itemId ?? null, after?.itemId ?? null]
}

/** Prepared once on each connection, by its name. */
const statement = {
  name: 'user-activity-summary',
  text: `select ${columns} ${selection} ${order} limit $6`,
  rowMode: 'array',
} as const

/**
 * Reads in one statement, which is one snapshot.
 * @param rowsMax the first so many, after `asked.after`.
 * @returns undefined for a user of whom there is no row at all.
 */
export async function readRows(pool: pg.Pool, asked: Asked, rowsMax: number): Promise<Row[] | undefined> {
  const query = { ...statement, values: [...selectionValues(asked), rowsMax] }
  const { rows } = await pool.query<Row>(query)
  if (rows.length > 0) return rows
  const isWhole = (asked.from ?? asked.to ?? asked.itemId ?? asked.after) === undefined
  if (isWhole || !(await isKnown(pool, asked.userId))) return undefined
  // Known now, but perhaps not yet when nothing was found. Rows never leave, so from here on the user stays known, and
  // what is found now is the truth of one snapshot.
  return (await pool.query<Row>(query)).rows
}

async function isKnown(pool: pg.Pool, userId: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'user-is-known',
    text: 'select from daily_user_item_summary where user_id = $1 limit 1',
    values: [userId],
  })
  return rowCount !== 0
}

export interface WholeList {
  /** How many rows were read. */
  readonly count: number
  /** These rows as `renderRows` has them. */
  readonly text: string
}

/** The JSON of `renderRows`: made there, a row costs half of what it does when its fields come here one by one. */
const renderedRow = `'{"item_id":"' || item_id || '","date":"' || date || '","view_count":' || view_count ||
  ',"click_count":' || click_count || ',"purchase_count":' || purchase_count || '}'`

const wholeLists = {
  name: 'whole-lists',
  text: `select asked.user_id, own.count, own.text
           from unnest($1::uuid[]) as asked(user_id)
          cross join lateral (
            select count(*), string_agg(${renderedRow}, ',' ${order}) as text
              from (select ${columns} from daily_user_item_summary as counts
                     where counts.user_id = asked.user_id ${order} limit $2) as first_rows) as own
          where own.count > 0`,
  rowMode: 'array',
} as const

/**
 * Reads whole lists by the id of their user, those that are asked for at the same time in one statement, which is one
 * snapshot. A user of whom there is no row has none.
 * @param rowsMax the first so many of each.
 */
export function readWholeLists(pool: pg.Pool, rowsMax: number): Rounds<WholeList> {
  return createRounds({
    async askTogether(userIds) {
      const values = [`{${userIds.join()}}`, rowsMax]
      const { rows } = await pool.query<[userId: string, count: string, text: string]>({ ...wholeLists, values })
      return new Map(rows.map(([userId, count, text]) => [userId, { count: Number(count), text }]))
    },
    mayBeOnes: error => sqlState(error) === tooLong,
  })
}

/** The statement was cancelled, as it took longer than one may. */
const tooLong = '57014'

/**
 * The rows as elements of a JSON array, without its brackets. Counts go from the database's digits to the answer's; as
 * JavaScript numbers they would end at 2^53.
 */
export function renderRows(rows: readonly Row[]): string {
  return rows
    .map(
      ([itemId, date, views, clicks, purchases]) =>
        `{"item_id":"${itemId}","date":"${date}",` +
        `"view_count":${views},"click_count":${clicks},"purchase_count":${purchases}}`,
    )
    .join(',')
}
