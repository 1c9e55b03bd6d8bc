/** What PostgreSQL holds of each partition, as one snapshot shows it; every lineage, the closed ones too. */
import type { Client } from 'pg'
import type { Tail } from '../../kafka/records.ts'
import { ruleColumns } from '../../postgres/rules.ts'
import type { RulesFrom } from '../recount/recount.ts'
import { type Checkpoint, readCheckpoints } from './checkpoint.ts'
import { type FateName, fatesOf, keyText, type LineageKey, type Offsets } from './lineage.ts'

export interface Lineage extends LineageKey {
  /** Its place among all: what buckets and messages name it by. */
  readonly index: number
  readonly startOffset: number
  readonly nextOffset: number
  readonly fates: Readonly<Record<FateName, number>>
  readonly clockMs: number
  readonly tail: Tail | undefined
  readonly state: 'open' | 'halted' | 'closed'
  readonly rules: readonly RulesFrom[]
  /** What operators declared lost. */
  readonly lost: readonly Offsets[]
  /** It began with the window of the lineage before. */
  readonly inherits: boolean
  readonly checkpoint: Checkpoint | undefined
}

/** @param partition only this one; undefined: all. */
export async function readLineages(client: Client, partition: number | undefined): Promise<Lineage[]> {
  const rules = await readRulesInForce(client)
  const lost = await readLost(client)
  const checkpoints = await readCheckpoints(client)
  const { rows } = await client.query<LedgerRow>(
    `select topic_id, partition, lineage, start_offset, next_offset, counted, duplicate, rejected, skipped, lost,
            clock_ms, tail_epoch, tail_crc, state
       from partition_ledger where $1::int is null or partition = $1 order by partition, lineage`,
    [partition ?? null],
  )
  return rows.map((row, index) => {
    const key = { topicId: row.topic_id, partition: row.partition, lineage: row.lineage }
    const name = keyText(key)
    const before = rows[index - 1]
    return {
      ...key,
      index,
      startOffset: Number(row.start_offset),
      nextOffset: Number(row.next_offset),
      fates: fatesOf(row),
      clockMs: Number(row.clock_ms),
      tail: row.tail_epoch === null ? undefined : { epoch: row.tail_epoch, crc: Number(row.tail_crc) },
      state: row.state,
      rules: rules.get(name) ?? [],
      lost: lost.get(name) ?? [],
      inherits: before?.partition === row.partition && before.topic_id === row.topic_id,
      checkpoint: checkpoints.get(name),
    }
  })
}

interface LedgerRow extends Readonly<Record<FateName, string>> {
  readonly topic_id: string
  readonly partition: number
  readonly lineage: number
  readonly start_offset: string
  readonly next_offset: string
  readonly clock_ms: string
  readonly tail_epoch: number | null
  readonly tail_crc: string | null
  readonly state: Lineage['state']
}

async function readRulesInForce(client: Client): Promise<Map<string, RulesFrom[]>> {
  const { rows } = await client.query<Omit<RulesFrom, 'fromOffset'> & KeyRow & { readonly from_offset: string }>(
    `select topic_id, partition, lineage, from_offset, ${ruleColumns}
       from partition_rules join rules on version = rules_version order by topic_id, partition, lineage, from_offset`,
  )
  return grouped(rows, row => ({ ...row, fromOffset: Number(row.from_offset) }))
}

/** A decision declares the offsets before the one at which the row goes on. */
async function readLost(client: Client): Promise<Map<string, Offsets[]>> {
  const { rows } = await client.query<KeyRow & { readonly to_offset: string; readonly lost: string }>(
    `select to_topic_id as topic_id, partition, to_lineage as lineage, to_offset, lost
       from partition_decisions where lost > 0 order by to_offset`,
  )
  return grouped(rows, row => ({ from: Number(row.to_offset) - Number(row.lost), to: Number(row.to_offset) }))
}

interface KeyRow {
  readonly topic_id: string
  readonly partition: number
  readonly lineage: number
}

function grouped<R extends KeyRow, T>(rows: readonly R[], as: (row: R) => T): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const name = keyText({ topicId: row.topic_id, partition: row.partition, lineage: row.lineage })
    groups.set(name, [...(groups.get(name) ?? []), as(row)])
  }
  return groups
}
