/** What a look at the ledger shows: one statement, one snapshot. */
import type pg from 'pg'

/** A partition's row of the ledger, and who watches it. Counts as digits: they may pass 2^53. */
export interface LedgerRow {
  readonly partition: number
  /** closed: a lineage that ended. What it counted stays counted. */
  readonly state: 'open' | 'halted' | 'closed'
  readonly startOffset: string
  readonly nextOffset: string
  readonly counted: string
  readonly duplicate: string
  readonly rejected: string
  readonly skipped: string
  readonly lost: string
  /** The latest append time that it has seen. */
  readonly clock: Date | null
  readonly settledAt: Date | null
  /** From the append of the first record of the latest batch to its settle, in ms. */
  readonly waitedMs: string | null
  readonly haltReason: string | null
  readonly haltFrom: string | null
  readonly haltTo: string | null
  readonly haltDetail: string | null
  readonly haltedAt: Date | null
  readonly owner: string | null
  readonly logStart: string | null
  readonly logEnd: string | null
  readonly seenAt: Date | null
}

export interface LedgerLook {
  /** PostgreSQL's clock before the snapshot was taken: whatever was committed by then is in it. */
  readonly at: Date
  /** By partition; closed lineages too. */
  readonly rows: readonly LedgerRow[]
}

/** @throws what faultKind sorts. */
export async function lookAtLedger(pool: pg.Pool): Promise<LedgerLook> {
  const { rows } = await pool.query<LedgerRow & { readonly at: Date }>({
    name: 'live-ledger',
    text: `select look.at, l.partition, l.state, l.start_offset as "startOffset", l.next_offset as "nextOffset",
                  l.counted, l.duplicate, l.rejected, l.skipped, l.lost,
                  to_timestamp(nullif(l.clock_ms, -1) / 1000.0) as clock, l.settled_at as "settledAt",
                  l.waited_ms as "waitedMs", l.halt_reason as "haltReason", l.halt_from as "haltFrom",
                  l.halt_to as "haltTo", l.halt_detail as "haltDetail", l.halted_at as "haltedAt",
                  w.owner, w.log_start as "logStart", w.log_end as "logEnd", w.seen_at as "seenAt"
             from (select now() as at) as look
             left join partition_ledger l on true
             left join partition_watch w using (partition)
            order by l.partition, l.lineage`,
  })
  return { at: rows[0]!.at, rows: rows.filter(({ partition }) => partition !== null) }
}
