/** Where a partition stands: reading it in one snapshot, beginning it, moving its start, halting it. */
import type { Client } from 'pg'
import { type Rules, ruleColumns } from '../postgres/rules.ts'
import { UnfitDatabase } from '../postgres/unfit-database.ts'
import type { Lineage } from './batch.ts'
import type { Standing } from './fold.ts'
import type { Halt, Opened } from './store.ts'
import type { IdPiece } from './window.ts'

/**
 * Begins at the log's start where there is no ledger row yet; then reads the current one with its rules and ids.
 * @param idKey the secret of the database that was installed.
 */
export async function open(
  client: Client,
  idKey: Buffer,
  topicId: string,
  partition: number,
  logStart: number,
): Promise<Opened> {
  const opened = await read(client, idKey, partition)
  if (opened !== undefined) return opened
  await begin(client, topicId, partition, logStart)
  return (await read(client, idKey, partition))!
}

/** Where partitions stand, without what it takes to go on. */
export async function places(
  client: Client,
  partitions: readonly number[],
): Promise<Pick<Standing, 'of' | 'nextOffset'>[]> {
  const { rows } = await client.query<RowKey & { readonly partition: number; readonly next_offset: string }>(
    `select topic_id, partition, lineage, rules_version, next_offset
       from partition_ledger where partition = any($1) and state = 'open'`,
    [partitions],
  )
  return rows.map(row => ({ of: lineageOf(row, row.partition), nextOffset: Number(row.next_offset) }))
}

/** Ledger row, rules and ids of one moment: a settle of another owner falls wholly before or wholly after it. */
async function read(client: Client, idKey: Buffer, partition: number): Promise<Opened | undefined> {
  await client.query('begin isolation level repeatable read read only')
  try {
    await refuseReplaced(client, idKey)
    const { rows } = await client.query<LedgerRow>(
      `select topic_id, lineage, start_offset, next_offset, clock_ms, rules_version, tail_epoch, tail_crc,
              halt_reason, halt_from, halt_to, halt_detail, ${ruleColumns}
         from partition_ledger join rules on version = rules_version
        where partition = $1 and state <> 'closed'`,
      [partition],
    )
    const row = rows[0]
    if (row === undefined) return undefined
    // A halted partition is looked at every few seconds, and needs no window for it.
    if (row.halt_reason !== null) return opened(row, partition, [])
    const { rows: ids } = await client.query<IdRow>(
      `select segment, first_offset, first_ms, newest_ms, ids from event_ids
        where topic_id = $1 and partition = $2 and lineage = $3 order by segment, first_offset`,
      [row.topic_id, partition, row.lineage],
    )
    return opened(row, partition, ids.map(piece))
  } finally {
    await client.query('commit')
  }
}

/** Ids hashed with another secret would not be known again: the same event would count twice. */
async function refuseReplaced(client: Client, idKey: Buffer): Promise<void> {
  const { rowCount } = await client.query('select from installation where id_key = $1', [idKey])
  if (rowCount === 1) return
  throw new UnfitDatabase(
    'another database has been put in the place of the one that this consumer started with: start it again',
  )
}

/**
 * The first row of a partition. Where other partitions were counted under another topic id, the topic was created
 * again in between: such a partition starts halted as they do.
 */
async function begin(client: Client, topicId: string, partition: number, logStart: number): Promise<void> {
  await client.query(
    `with current_rules as (select max(version) as version from rules),
          recreated as (select bool_or(topic_id <> $1) and not bool_or(topic_id = $1 and state = 'open') as yes
                          from partition_ledger where state <> 'closed'),
          begun as (
            insert into partition_ledger
              (topic_id, partition, lineage, start_offset, next_offset, rules_version,
               state, halt_reason, halt_from, halt_to, halt_detail, halted_at)
            select $1, $2, 1, $3, $3, version,
                   case when yes then 'halted' else 'open' end, case when yes then 'recreated' end,
                   case when yes then $3::bigint end, case when yes then $3::bigint end,
                   case when yes then 'the other partitions were counted under another topic id' end,
                   case when yes then now() end
              from current_rules, recreated
                on conflict do nothing returning *)
     insert into partition_rules (topic_id, partition, lineage, from_offset, rules_version)
     select topic_id, partition, lineage, start_offset, rules_version from begun`,
    [topicId, partition, logStart],
  )
}

/** @returns false when something was counted meanwhile. */
export async function moveStart(client: Client, standing: Standing, logStart: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `with moved as (
       update partition_ledger set start_offset = $4, next_offset = $4
        where topic_id = $1 and partition = $2 and lineage = $3 and next_offset = $5 and start_offset = next_offset
          and state = 'open' returning *)
     update partition_rules r set from_offset = m.start_offset
       from moved m where (r.topic_id, r.partition, r.lineage) = (m.topic_id, m.partition, m.lineage)`,
    [...key(standing.of), logStart, standing.nextOffset],
  )
  return rowCount === 1
}

/** By compare-and-set, as a settle: who is behind halts nothing. */
export async function halt(client: Client, at: Pick<Standing, 'of' | 'nextOffset'>, why: Halt): Promise<boolean> {
  const { rowCount } = await client.query(
    `update partition_ledger
        set state = 'halted', halt_reason = $5, halt_from = $6, halt_to = $7, halt_detail = $8, halted_at = now()
      where topic_id = $1 and partition = $2 and lineage = $3 and next_offset = $4 and state = 'open'`,
    [...key(at.of), at.nextOffset, why.reason, why.from, why.to, why.detail],
  )
  return rowCount === 1
}

/**
 * No consumer is ever assigned to a partition that is not there: whoever looks at the topic halts it.
 * @param topicId of the topic as it is now.
 */
export async function haltGone(client: Client, topicId: string, partitions: number): Promise<void> {
  await client.query(
    `update partition_ledger
        set state = 'halted', halt_reason = 'recreated', halt_from = next_offset, halt_to = next_offset,
            halt_detail = 'the topic was created again and has no such partition now', halted_at = now()
      where topic_id <> $1 and partition >= $2 and state = 'open'`,
    [topicId, partitions],
  )
}

interface RowKey {
  readonly topic_id: string
  readonly lineage: number
  readonly rules_version: number
}

interface LedgerRow extends RowKey, Rules {
  readonly start_offset: string
  readonly next_offset: string
  readonly clock_ms: string
  readonly tail_epoch: number | null
  readonly tail_crc: string | null
  readonly halt_reason: Halt['reason'] | null
  readonly halt_from: string | null
  readonly halt_to: string | null
  readonly halt_detail: string | null
}

interface IdRow {
  readonly segment: string
  readonly first_offset: string
  readonly first_ms: string
  readonly newest_ms: string
  readonly ids: Buffer
}

function key({ topicId, partition, lineage }: Lineage): [string, number, number] {
  return [topicId, partition, lineage]
}

function lineageOf(row: RowKey, partition: number): Lineage {
  return { topicId: row.topic_id, partition, lineage: row.lineage, rulesVersion: row.rules_version }
}

function opened(row: LedgerRow, partition: number, ids: readonly IdPiece[]): Opened {
  const of = lineageOf(row, partition)
  const tail = row.tail_epoch === null ? undefined : { epoch: row.tail_epoch, crc: Number(row.tail_crc) }
  const standing = { of, nextOffset: Number(row.next_offset), clockMs: Number(row.clock_ms), tail, ids }
  const halt = row.halt_reason === null ? undefined : haltOf(row, row.halt_reason)
  const { version, judgeVersion, maxAgeDays, maxAheadMinutes, windowHours, windowIdsMax } = row
  const rules = { version, judgeVersion, maxAgeDays, maxAheadMinutes, windowHours, windowIdsMax }
  return { standing, startOffset: Number(row.start_offset), halt, rules }
}

function haltOf(row: LedgerRow, reason: Halt['reason']): Halt {
  return { reason, from: Number(row.halt_from), to: Number(row.halt_to), detail: row.halt_detail ?? '' }
}

function piece(row: IdRow): IdPiece {
  return {
    segment: Number(row.segment),
    firstOffset: Number(row.first_offset),
    firstMs: Number(row.first_ms),
    newestMs: Number(row.newest_ms),
    ids: row.ids,
  }
}
