/** How far counting has come, and how long it takes after a fault until it has caught up. */
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { listBounds } from '../../src/kafka/bounds.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { type Database, until } from '../support/environment.ts'
import type { Stage } from './stage.ts'

const everyMs = 50
/** Kafka has been healed when it is asked: this is how long a slow machine may take. */
const askDeadlineMs = 60_000

/** Log end by partition. */
export type Ends = ReadonlyMap<number, number>

/** How far the log goes now, asked past all wires. */
export function endsNow({ settings, sender }: Pick<Stage, 'settings' | 'sender'>): Promise<Ends> {
  const config = parseConfig(settings)
  return until(
    async () => {
      const bounds = await listBounds(config, sender.partitions)
      return new Map([...bounds].map(([partition, { logEnd }]) => [partition, logEnd]))
    },
    askDeadlineMs,
    'Kafka tells how far the log goes',
  )
}

/** Waits until everything before these ends has a fate. @returns how many ms it took; undefined after the deadline. */
export async function untilCounted(database: Database, ends: Ends, deadlineMs: number): Promise<number | undefined> {
  const beganMs = performance.now()
  let client: pg.Client | undefined
  try {
    while (performance.now() - beganMs < deadlineMs) {
      try {
        client ??= await opened(database)
        if (await isCounted(client, ends)) return performance.now() - beganMs
      } catch (error) {
        if (!(error instanceof Error)) throw error
        await client?.end().catch(() => {})
        client = undefined // the next fault has taken PostgreSQL away
      }
      await pause(everyMs)
    }
    return undefined
  } finally {
    await client?.end().catch(() => {})
  }
}

async function opened(database: Database): Promise<pg.Client> {
  const client = new pg.Client({ ...database, connectionTimeoutMillis: 2_000, query_timeout: 2_000 })
  client.on('error', () => {}) // the query in flight rejects as well
  await client.connect()
  return client
}

async function isCounted(client: pg.Client, ends: Ends): Promise<boolean> {
  const { rows } = await client.query<{ partition: number; next: number }>(
    `select partition, next_offset::int as next from partition_ledger where state <> 'closed'`,
  )
  const next = new Map(rows.map(row => [row.partition, row.next]))
  return [...ends].every(([partition, end]) => (next.get(partition) ?? 0) >= end)
}
