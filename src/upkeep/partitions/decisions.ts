/** What people decided about halted partitions, as the table remembers it. */
import type { Client } from 'pg'

export interface Decision {
  /** ISO 8601. */
  readonly at: string
  readonly decision: 'resume' | 'accept-loss' | 'new-lineage'
  readonly partition: number
  readonly lineage: number
  readonly fromOffset: number
  /** Where it went on; null where the partition is gone. */
  readonly toLineage: number | null
  readonly toOffset: number | null
  readonly lost: number
  /** The halt that it ended. */
  readonly halt: { readonly reason: string; readonly from: number; readonly to: number; readonly detail: string }
  readonly haltedAt: string
  readonly operatingUser: string
  readonly databaseUser: string
  readonly note: string | null
}

/** @param latest how many; the latest first. */
export async function readDecisions(client: Client, latest = 20): Promise<Decision[]> {
  const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
  const { rows } = await client.query<Decision>(
    `select ${iso('decided_at')} as at, decision, partition, lineage, from_offset::float8 as "fromOffset",
            to_lineage as "toLineage", to_offset::float8 as "toOffset", lost::float8 as lost,
            json_build_object('reason', halt_reason, 'from', halt_from, 'to', halt_to, 'detail', halt_detail) as halt,
            ${iso('halted_at')} as "haltedAt", operating_user as "operatingUser", database_user as "databaseUser", note
       from partition_decisions order by id desc limit $1`,
    [latest],
  )
  return rows
}

/** A decision in one line. */
export function decisionText(one: Decision): string {
  const went =
    one.toOffset === null
      ? `closed at ${one.fromOffset}`
      : `${one.fromOffset} to ${one.toOffset}${one.toLineage === one.lineage ? '' : `, lineage ${one.toLineage}`}`
  const lost = one.lost === 0 ? '' : `, ${one.lost} lost`
  const note = one.note === null ? '' : `: ${one.note}`
  const who = `${one.operatingUser} as ${one.databaseUser}`
  return `${one.at}  partition ${one.partition}, ${one.decision} after ${one.halt.reason}, ${went}${lost}, by ${who}${note}`
}
