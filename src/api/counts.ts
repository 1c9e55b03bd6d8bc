/** The counts of one user as PostgreSQL has them: the statement, and rows as JSON. */
import type pg from 'pg'
import type { Asked } from './parameters.ts'

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
