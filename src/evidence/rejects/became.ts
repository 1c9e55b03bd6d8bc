/** What became of repairs that were sent: their origins say it once the consumer has settled them. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from 'pg'
import type { LedgerRow, StoredReject } from './stored.ts'

export interface Became {
  readonly outcome: 'counted' | 'duplicate' | 'rejected'
  readonly why: string
}

const pollMs = 30

/**
 * Waits until each of these rejects is repaired or has been attempted at `from` or later, or until `deadlineMs`.
 * @returns by offset, those of which it is known.
 */
export async function awaitFates(
  client: Client,
  of: LedgerRow,
  offsets: readonly number[],
  current: LedgerRow,
  from: number,
  deadlineMs: number,
): Promise<Map<number, Became>> {
  for (;;) {
    const found = await fatesOf(client, of, offsets, current, from)
    if (found.size === offsets.length || performance.now() >= deadlineMs) return found
    await pause(pollMs)
  }
}

async function fatesOf(
  client: Client,
  { topicId, partition, lineage }: LedgerRow,
  offsets: readonly number[],
  current: LedgerRow,
  from: number,
): Promise<Map<number, Became>> {
  const { rows: attempts } = await client.query<Pick<StoredReject, 'reason' | 'pointer' | 'offset'> & { at: number }>(
    `select origin_offset::float8 as "offset", reason, pointer, "offset"::float8 as at from rejects
      where topic_id = $1 and partition = $2 and lineage = $3 and "offset" >= $4
        and origin_topic_id = $5 and origin_lineage = $6 and origin_offset = any($7::bigint[])`,
    [current.topicId, partition, current.lineage, from, topicId, lineage, offsets],
  )
  const { rows: repaired } = await client.query<{ offset: number; as: 'counted' | 'duplicate'; at: number }>(
    `select "offset"::float8 as "offset", repaired_as as as, repaired_offset::float8 as at from rejects
      where topic_id = $1 and partition = $2 and lineage = $3 and "offset" = any($4::bigint[])
        and repaired_offset is not null`,
    [topicId, partition, lineage, offsets],
  )
  const found = new Map<number, Became>()
  for (const { offset, reason, pointer } of attempts) {
    found.set(offset, { outcome: 'rejected', why: `its repair was rejected, ${`${reason} ${pointer}`.trim()}` })
  }
  for (const { offset, as } of repaired) {
    found.set(offset, { outcome: as, why: as === 'counted' ? '' : 'its event had been counted before' })
  }
  return found
}

/** Why a partition does not go on by itself; undefined where it does. */
export async function whyHalted(client: Client, partition: number): Promise<string | undefined> {
  const { rows } = await client.query<{ halt_reason: string }>(
    `select halt_reason from partition_ledger where partition = $1 and state = 'halted'`,
    [partition],
  )
  return (
    rows[0] && `partition ${partition} is halted (${rows[0].halt_reason}): ./footfall partitions shows the ways out`
  )
}
