/** Every lineage of every partition as the tables have it: where it stands, its rules, and what was declared lost. */
import type pg from 'pg'
import type { Tail } from '../../kafka/records.ts'
import { ruleColumns } from '../../postgres/rules.ts'
import { keyText, type LineageKey } from '../recount/record-place.ts'
import type { RulesFrom } from '../recount/recount.ts'

/** Offsets [from, to). */
export interface Offsets {
  readonly from: number
  readonly to: number
}

export const fateNames = ['counted', 'duplicate', 'rejected', 'skipped', 'lost'] as const
export type FateName = (typeof fateNames)[number]

/** One unbroken history of a partition's log. */
export interface Lineage extends LineageKey {
  readonly startOffset: number
  /** Everything before it has a fate. */
  readonly nextOffset: number
  readonly fates: Readonly<Record<FateName, number>>
  readonly clockMs: number
  readonly tail: Tail | undefined
  readonly state: 'open' | 'halted' | 'closed'
  readonly halt: string | null
  /** In the order of their offsets. */
  readonly rules: readonly RulesFrom[]
  /** What operators declared lost, in order. */
  readonly lost: readonly Offsets[]
  /** It began with the window of the lineage before. */
  readonly inherits: boolean
}

/** In the order of partition and lineage. @param partition only this one; undefined: all. */
export async function readLedger(client: pg.ClientBase, partition?: number): Promise<Lineage[]> {
  const { rows } = await client.query<LedgerRow>(
    `select topic_id as "topicId", partition, lineage, start_offset::float8 as "startOffset",
            next_offset::float8 as "nextOffset", ${fateNames.map(fate => `${fate}::float8`).join(', ')},
            clock_ms::float8 as "clockMs", tail_epoch as "tailEpoch", tail_crc::float8 as "tailCrc", state,
            halt_reason as halt
       from partition_ledger where $1::int is null or partition = $1 order by partition, lineage`,
    [partition ?? null],
  )
  const rules = await client.query<RulesFrom & LineageKey>(
    `select topic_id as "topicId", partition, lineage, from_offset::float8 as "fromOffset", ${ruleColumns}
       from partition_rules join rules on version = rules_version order by from_offset`,
  )
  // A decision declares the offsets before the one at which the row goes on.
  const lost = await client.query<Offsets & LineageKey>(
    `select to_topic_id as "topicId", partition, to_lineage as lineage, (to_offset - lost)::float8 as "from",
            to_offset::float8 as "to"
       from partition_decisions where lost > 0 order by to_offset`,
  )
  const rulesOf = Map.groupBy(rules.rows, keyText)
  const lostOf = Map.groupBy(lost.rows, keyText)
  return rows.map(({ tailEpoch, tailCrc, counted, duplicate, rejected, skipped, lost, ...row }, i) => {
    const before = rows[i - 1]
    return {
      ...row,
      fates: { counted, duplicate, rejected, skipped, lost },
      tail: tailEpoch === null ? undefined : { epoch: tailEpoch, crc: tailCrc! },
      rules: rulesOf.get(keyText(row)) ?? [],
      lost: lostOf.get(keyText(row)) ?? [],
      inherits: before?.partition === row.partition && before.topicId === row.topicId,
    }
  })
}

type LedgerRow = Omit<Lineage, 'fates' | 'tail' | 'rules' | 'lost' | 'inherits'> &
  Lineage['fates'] & { readonly tailEpoch: number | null; readonly tailCrc: number | null }

/** The parts of [from, to) that were not declared lost. */
export function withoutLost({ lost }: Pick<Lineage, 'lost'>, { from, to }: Offsets): Offsets[] {
  const parts: Offsets[] = []
  let at = from
  for (const gap of lost) {
    if (gap.from >= to || gap.to <= at) continue
    if (gap.from > at) parts.push({ from: at, to: gap.from })
    at = gap.to
  }
  if (at < to) parts.push({ from: at, to })
  return parts
}
