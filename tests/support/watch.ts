/** A reader that looks at the tables all the time, and remembers what it must never see. */
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { closing, type Database, type Lifetime } from './environment.ts'

export interface Watch {
  /** How many snapshots it saw. */
  readonly looks: () => number
  /** How many records had a fate in the last of them. */
  readonly records: () => number
  /** What was wrong in them, in words. Empty, if the promises hold. */
  readonly wrong: readonly string[]
  readonly stop: () => Promise<void>
}

interface Snapshot {
  readonly ledger: readonly (readonly [partition: number, nextOffset: number, off: number, records: number])[] | null
  readonly counted: number
  readonly counts: number
  readonly activity: number
  readonly rejected: number
  readonly rejects: number
  /** user, day and item -> all that was counted */
  readonly rows: Readonly<Record<string, number>> | null
}

/** Often enough to meet every commit, and seldom enough to leave the machine to those that are watched. */
const lookMs = 5

/** One statement is one snapshot, the same for a tool of ours as for anybody with psql. */
const look = `
  select (select json_agg(json_build_array(partition, next_offset,
                    next_offset - start_offset - counted - duplicate - rejected - skipped - lost,
                    next_offset - start_offset))
            from partition_ledger) as ledger,
         (select coalesce(sum(counted), 0)::int from partition_ledger) as counted,
         (select coalesce(sum(view_count + click_count + purchase_count), 0)::int from daily_user_item_summary) as counts,
         (select coalesce(sum(view_count + click_count + purchase_count), 0)::int
            from (select view_count, click_count, purchase_count from activity_minutes
                   union all select view_count, click_count, purchase_count from activity_days) as a) as activity,
         (select coalesce(sum(rejected), 0)::int from partition_ledger) as rejected,
         (select count(*)::int from rejects) as rejects,
         (select json_object_agg(user_id || ' ' || date || ' ' || item_id, view_count + click_count + purchase_count)
            from daily_user_item_summary) as rows`

/**
 * Looks until it is stopped, also across restarts of the server. The tables must be there.
 * @param everyMs seldomer where there are many rows, or others need the machine.
 */
export function startWatching(test: Lifetime, database: Database, everyMs = lookMs): Watch {
  const wrong: string[] = []
  let looks = 0
  let records = 0
  let stopping = false
  const watch = async () => {
    let before: Snapshot | undefined
    let client: pg.Client | undefined
    while (!stopping) {
      try {
        client ??= await opened(database)
        const now: Snapshot = (await client.query(look)).rows[0]
        looks += 1
        records = (now.ledger ?? []).reduce((sum, row) => sum + row[3], 0)
        wrong.push(...unbalanced(now), ...(before === undefined ? [] : fallen(before, now)))
        before = now
        await pause(everyMs)
      } catch (error) {
        if (!(error instanceof Error)) throw error
        await client?.end().catch(() => {})
        client = undefined
        await pause(50) // the server is away for a moment; which moments are the test's business
      }
    }
    await client?.end()
  }
  const watching = watch()
  const stop = async () => {
    stopping = true
    await watching
  }
  closing(test, stop)
  return { looks: () => looks, records: () => records, wrong, stop }
}

async function opened(database: Database): Promise<pg.Client> {
  const client = new pg.Client(database)
  client.on('error', () => {}) // the query in flight rejects as well
  await client.connect()
  return client
}

function unbalanced({ ledger, counted, counts, activity, rejected, rejects }: Snapshot): string[] {
  const off = (ledger ?? []).filter(row => row[2] !== 0).map(row => `partition ${row[0]} is off by ${row[2]}`)
  if (counted !== counts) off.push(`the ledger says ${counted} counted, the counts say ${counts}`)
  if (counted !== activity) off.push(`the ledger says ${counted} counted, activity says ${activity}`)
  if (rejected !== rejects) off.push(`the ledger says ${rejected} rejected, ${rejects} are kept`)
  return off
}

function fallen(before: Snapshot, now: Snapshot): string[] {
  const fell: string[] = []
  for (const [partition, offset] of before.ledger ?? []) {
    const next = now.ledger?.find(row => row[0] === partition)?.[1] ?? -1
    if (next < offset) fell.push(`partition ${partition} went back from ${offset} to ${next}`)
  }
  for (const [row, count] of Object.entries(before.rows ?? {})) {
    const next = now.rows?.[row] ?? 0
    if (next < count) fell.push(`${row} fell from ${count} to ${next}`)
  }
  return fell
}
