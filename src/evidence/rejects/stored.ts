/** A reject as the table has it, and which of them somebody means. */
import type { Client } from 'pg'
import { type Rules, ruleColumns } from '../../postgres/rules.ts'

/** open: nobody has repaired or discarded it. attempt: a repair that was bad itself; its origin is what stays open. */
export type State = 'open' | 'repaired' | 'discarded' | 'attempt'

export interface StoredReject {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly offset: number
  readonly reason: string
  readonly pointer: string
  readonly detail: string
  readonly key: Buffer | null
  readonly value: Buffer
  readonly headers: Buffer
  /** -1: unknown. */
  readonly appendMs: number
  readonly rejectedMs: number
  readonly state: State
  /** Of a repaired one: the record that stands for it. */
  readonly repairedTopicId: string | null
  readonly repairedLineage: number | null
  readonly repairedOffset: number | null
  readonly repairedAs: 'counted' | 'duplicate' | null
  /** Of an attempt: what it was sent for. */
  readonly originTopicId: string | null
  readonly originLineage: number | null
  readonly originOffset: number | null
  readonly label: 'discarded' | null
  /** Kept when the label is taken back: that is a word of a person too. */
  readonly labelNote: string | null
  readonly labelledBy: string | null
  readonly labelledMs: number | null
}

export interface Filter {
  readonly reason?: string | undefined
  readonly pointer?: string | undefined
  readonly partition?: number | undefined
  /** By append time, or where that is unknown by when it was rejected: [sinceMs, untilMs). */
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
}

/** Where a partition stands in one of its lineages, and the rules in force there. In the order of their numbers. */
export interface LedgerRow extends Rules {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly state: 'open' | 'halted' | 'closed'
}

const stateColumn = `case when origin_offset is not null then 'attempt' when repaired_offset is not null then 'repaired'
  when label is not null then 'discarded' else 'open' end`

/** The same as conditions: PostgreSQL knows how many rows these leave, and of the case above it would have to guess. */
export const isInState: Readonly<Record<State, string>> = {
  open: 'origin_offset is null and repaired_offset is null and label is null',
  repaired: 'repaired_offset is not null',
  discarded: 'origin_offset is null and repaired_offset is null and label is not null',
  attempt: 'origin_offset is not null',
}

export const seenMs = `case when append_ms < 0 then (extract(epoch from rejected_at) * 1000)::bigint else append_ms end`

/** A row of `rejects` as {@link StoredReject}. */
export const rejectColumns = `topic_id as "topicId", partition, lineage, "offset"::float8 as "offset", reason, pointer, detail,
  key, value, headers, append_ms::float8 as "appendMs", floor(extract(epoch from rejected_at) * 1000)::float8 as "rejectedMs",
  ${stateColumn} as state, repaired_topic_id as "repairedTopicId", repaired_lineage as "repairedLineage",
  repaired_offset::float8 as "repairedOffset", repaired_as as "repairedAs", origin_topic_id as "originTopicId",
  origin_lineage as "originLineage", origin_offset::float8 as "originOffset", label, label_note as "labelNote",
  labelled_by as "labelledBy", floor(extract(epoch from labelled_at) * 1000)::float8 as "labelledMs"`

/** A condition over `rejects` with the parameters $1 to $5, which {@link filterValues} gives. */
export const fitsFilter = `($1::text is null or reason = $1) and ($2::text is null or pointer = $2)
  and ($3::int is null or partition = $3) and ($4::bigint is null or ${seenMs} >= $4)
  and ($5::bigint is null or ${seenMs} < $5)`

export function filterValues({ reason, pointer, partition, sinceMs, untilMs }: Filter): (string | number | null)[] {
  return [reason ?? null, pointer ?? null, partition ?? null, sinceMs ?? null, untilMs ?? null]
}

export async function readLedger(client: Client): Promise<LedgerRow[]> {
  const { rows } = await client.query<LedgerRow>(
    `select topic_id as "topicId", partition, lineage, state, ${ruleColumns}
       from partition_ledger join rules on version = rules_version order by partition, lineage`,
  )
  return rows
}

/** The row of a partition that is not over; undefined where there is none any more. */
export const currentOf = (ledger: readonly LedgerRow[], partition: number): LedgerRow | undefined =>
  ledger.find(row => row.partition === partition && row.state !== 'closed')
