/** What the tests of counting share: a consumer in this process, the tables as they are, and the plain recount. */
import assert from 'node:assert/strict'
import type pg from 'pg'
import { startConsumer } from '../../src/consumer/consumer.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import type { Running } from '../../src/runtime/lifecycle.ts'
import { createLog } from '../../src/runtime/log.ts'
import { type Address, closing, type Database, type Lifetime, settingsFor, sharedKafka, until } from './environment.ts'

export interface Place {
  readonly topic: string
  readonly database: Database
  readonly kafka?: Address
  readonly settings?: Readonly<Record<string, string>>
}

/** Runs a consumer in this process, quietly; it is stopped after the test. FOOTFALL_TEST_LOG=debug shows what it says. */
export async function startCounting(test: Lifetime, place: Place): Promise<Running> {
  const { topic, database, kafka = sharedKafka(), settings = {} } = place
  const config = parseConfig({ ...settingsFor(kafka, database, topic), ...settings })
  const running = await startConsumer(config, createLog('consumer', process.env['FOOTFALL_TEST_LOG'] ?? 'silent'))
  closing(test, () => running.stop())
  return running
}

/** user|date|item -> view,click,purchase */
export type Counted = Map<string, string>

/** The public table as it is. */
export async function countedTable(client: pg.Client): Promise<Counted> {
  const { rows } = await client.query(
    `select user_id || '|' || date || '|' || item_id as key, view_count || ',' || click_count || ',' || purchase_count as counts
       from daily_user_item_summary`,
  )
  return new Map(rows.map(row => [row.key, row.counts]))
}

export interface Sent {
  readonly user_id: string
  readonly item_id: string
  readonly activity_type: string
  readonly timestamp: string
  readonly event_id?: string
}

/** Counts events the plain way. Whoever gives the list has left out what must not be counted. */
export function recount(events: Iterable<Sent>): Counted {
  const counts = new Map<string, Record<string, number>>()
  for (const { user_id, item_id, activity_type, timestamp } of events) {
    const date = new Date(timestamp).toISOString().slice(0, 10)
    const key = `${user_id.toLowerCase()}|${date}|${item_id.toLowerCase()}`
    const row = counts.get(key) ?? { view: 0, click: 0, purchase: 0 }
    row[activity_type] = (row[activity_type] ?? 0) + 1
    counts.set(key, row)
  }
  return new Map([...counts].map(([key, row]) => [key, `${row['view']},${row['click']},${row['purchase']}`]))
}

/** Each event once, however often it was sent. */
export function once(events: Iterable<Sent>): Sent[] {
  const seen = new Set<string>()
  return [...events].filter(({ user_id, event_id }) => {
    const key = `${user_id.toLowerCase()} ${event_id}`
    return event_id === undefined || (!seen.has(key) && seen.add(key))
  })
}

export interface LedgerRow {
  readonly partition: number
  readonly start_offset: number
  readonly next_offset: number
  readonly counted: number
  readonly duplicate: number
  readonly rejected: number
  readonly skipped: number
  readonly lost: number
  readonly state: string
  readonly halt_reason: string | null
  readonly lineage: number
}

export async function ledger(client: pg.Client): Promise<LedgerRow[]> {
  const { rows } = await client.query(
    `select partition, start_offset::int, next_offset::int, counted::int, duplicate::int, rejected::int, skipped::int,
            lost::int, state, halt_reason, lineage from partition_ledger order by partition, lineage`,
  )
  return rows
}

/** The four fates of all partitions together. */
export async function fates(client: pg.Client) {
  const sum = { counted: 0, duplicate: 0, rejected: 0, skipped: 0 }
  for (const row of await ledger(client)) {
    for (const fate of ['counted', 'duplicate', 'rejected', 'skipped'] as const) sum[fate] += row[fate]
  }
  return sum
}

/** Ledger, counts, activity and rejects agree, in one snapshot. */
export async function assertBalanced(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `select (select coalesce(sum(next_offset - start_offset - counted - duplicate - rejected - skipped - lost), 0)
               from partition_ledger)::int as ledger,
            (select coalesce(sum(counted), 0) from partition_ledger)::int as counted,
            (select coalesce(sum(view_count + click_count + purchase_count), 0) from daily_user_item_summary)::int as counts,
            (select coalesce(sum(view_count + click_count + purchase_count), 0)
               from (select view_count, click_count, purchase_count from activity_minutes
                      union all select view_count, click_count, purchase_count from activity_days) as a)::int as activity,
            (select coalesce(sum(in_activity), 0) from partition_ledger)::int as in_activity,
            (select coalesce(sum(rejected), 0) from partition_ledger)::int as rejected,
            (select count(*) from rejects)::int as rejects`,
  )
  const { ledger: off, counted, counts, activity, in_activity, rejected, rejects } = rows[0]
  assert.deepEqual(
    { off, counts, activity, in_activity, rejects },
    { off: 0, counts: counted, activity: counted, in_activity: counted, rejects: rejected },
  )
}

/** Waits until so many records have a fate. */
export async function untilRead(client: pg.Client, records: number, deadlineMs = 30_000): Promise<void> {
  let read = 0
  await until(
    async () => {
      const { rows } = await client.query(
        'select coalesce(sum(next_offset - start_offset), 0)::int as read from partition_ledger',
      )
      read = rows[0].read
      return read >= records
    },
    deadlineMs,
    `${records} records read`,
  ).catch(error => {
    throw new Error(`${(error as Error).message}; ${read} were`, { cause: error })
  })
  assert.equal(read, records)
}
