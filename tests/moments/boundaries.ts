/** The statements of a settle, as they go over the wire: between two of them a consumer can be stopped. */
export const boundaries = ['begin', 'lock', 'advance', 'counts', 'ids', 'rejects', 'commit'] as const

export type Boundary = (typeof boundaries)[number]

const beginnings: readonly (readonly [Boundary, RegExp])[] = [
  ['begin', /^begin$/],
  ['lock', /for update skip locked$/],
  ['advance', /^update partition_ledger as l/],
  ['counts', /^insert into daily_user_item_summary/],
  ['ids', /^copy event_ids/],
  ['rejects', /^insert into rejects/],
  ['commit', /^commit$/],
]

/** Recognises the statements of one consumer. An opening ends with `commit` as well, and begins otherwise. */
export function watchSettles(): (sql: string) => Boundary | undefined {
  let isSettling = false
  return sql => {
    const boundary = beginnings.find(([, pattern]) => pattern.test(sql.trim()))?.[0]
    if (boundary === 'begin') isSettling = true
    if (!isSettling) return undefined
    if (boundary === 'commit') isSettling = false
    return boundary
  }
}
