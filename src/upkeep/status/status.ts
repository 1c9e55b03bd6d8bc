/** Where every partition stands: positions, fates, lag, window, owner, halts; rejects by reason; totals. */
import type { Client } from 'pg'
import { listBounds, type PartitionBounds } from '../../kafka/bounds.ts'
import { Unreachable } from '../../kafka/explain.ts'
import { Refused } from '../../kafka/refusal.ts'
import { describeTopic, TopicForbidden } from '../../kafka/topic.ts'
import type { Config } from '../../runtime/config.ts'
import { type Decision, readDecisions } from '../partitions/decisions.ts'
import { withTables } from '../tables.ts'

export interface PartitionStatus {
  readonly partition: number
  readonly lineage: number
  readonly state: 'open' | 'halted'
  readonly startOffset: number
  readonly nextOffset: number
  readonly logStart: number | null
  readonly logEnd: number | null
  /** Records not settled yet; null when the brokers do not answer. */
  readonly lag: number | null
  readonly fates: Fates
  /** The latest append time seen, ISO 8601. */
  readonly clock: string | null
  /** How many event ids are remembered, and since which append time. */
  readonly window: { readonly ids: number; readonly since: string | null }
  readonly owner: string | null
  /** Seconds since the owner last reported. */
  readonly ownerSeenSecondsAgo: number | null
  readonly halt: { readonly reason: string; readonly from: number; readonly to: number; readonly detail: string } | null
}

export interface Fates {
  readonly counted: number
  readonly duplicate: number
  readonly rejected: number
  readonly skipped: number
  readonly lost: number
}

export interface ClosedLineage {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly startOffset: number
  readonly nextOffset: number
  readonly fates: Fates
  /** Of the halt it ended with. */
  readonly haltReason: string
}

export interface Status {
  readonly topic: string
  /** Why the log's side is missing; null when the brokers answered. */
  readonly kafkaProblem: string | null
  readonly partitions: readonly PartitionStatus[]
  /** Partitions of the topic that nobody has counted yet. */
  readonly partitionsWaiting: readonly number[]
  /** Histories that ended; what they counted stays counted. */
  readonly closedLineages: readonly ClosedLineage[]
  /** What people decided about halts, the latest first. */
  readonly decisions: readonly Decision[]
  /** Of all lineages, closed ones too. */
  readonly totals: Fates & { readonly lag: number | null; readonly rows: number }
  readonly rejects: readonly { readonly reason: string; readonly pointer: string; readonly count: number }[]
}

/** @throws when Postgres cannot tell, or there are no tables of this version. */
export async function readStatus(config: Config): Promise<Status> {
  const [log, tables] = await Promise.all([readLog(config), readTables(config)])
  const partitions = tables.ledger.map(row => partitionStatus(row, log.bounds.get(row.partition)))
  const known = new Set(partitions.map(({ partition }) => partition))
  const { closedLineages, decisions } = tables
  const all = [...partitions, ...closedLineages]
  const sum = (fate: keyof Fates) => all.reduce((total, { fates }) => total + fates[fate], 0)
  return {
    topic: config.kafka.topic,
    kafkaProblem: log.problem,
    partitions,
    partitionsWaiting: [...log.bounds.keys()].filter(partition => !known.has(partition)),
    closedLineages,
    decisions,
    totals: {
      counted: sum('counted'),
      duplicate: sum('duplicate'),
      rejected: sum('rejected'),
      skipped: sum('skipped'),
      lost: sum('lost'),
      lag: log.problem === null ? partitions.reduce((total, { lag }) => total + (lag ?? 0), 0) : null,
      rows: tables.rows,
    },
    rejects: tables.rejects,
  }
}

interface LogSide {
  readonly bounds: ReadonlyMap<number, PartitionBounds>
  readonly problem: string | null
}

async function readLog(config: Config): Promise<LogSide> {
  try {
    const topic = await describeTopic(config)
    if (topic === undefined) return { bounds: new Map(), problem: `there is no topic ${config.kafka.topic}` }
    return { bounds: await listBounds(config, topic.partitions), problem: null }
  } catch (error) {
    const { message } = error as Error
    const isSaid = [Refused, TopicForbidden, Unreachable].some(one => error instanceof one)
    return { bounds: new Map(), problem: isSaid ? message : `Kafka does not answer: ${message}` }
  }
}

interface LedgerRow extends Omit<PartitionStatus, 'logStart' | 'logEnd' | 'lag' | 'fates' | 'window' | 'halt'>, Fates {
  readonly ids: number
  readonly idsSince: string | null
  readonly haltReason: string | null
  readonly haltFrom: number
  readonly haltTo: number
  readonly haltDetail: string
}

interface Tables {
  readonly closedLineages: Status['closedLineages']
  readonly decisions: Status['decisions']
  readonly ledger: readonly LedgerRow[]
  readonly rejects: Status['rejects']
  readonly rows: number
}

function readTables(config: Config): Promise<Tables> {
  return withTables(config, 'footfall status', async client => {
    await client.query('begin isolation level repeatable read read only')
    const tables = {
      ledger: await readLedger(client),
      closedLineages: await readClosedLineages(client),
      decisions: await readDecisions(client),
      ...(await readRejectsAndRows(client)),
    }
    await client.query('commit')
    return tables
  })
}

async function readLedger(client: Client): Promise<LedgerRow[]> {
  const iso = (ms: string) => `to_char(to_timestamp(${ms} / 1000.0) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
  const { rows } = await client.query<LedgerRow>(
    `select l.partition, l.lineage, l.state, l.start_offset::float8 as "startOffset",
            l.next_offset::float8 as "nextOffset", l.counted::float8, l.duplicate::float8, l.rejected::float8,
            l.skipped::float8, l.lost::float8, ${iso('nullif(l.clock_ms, -1)')} as clock,
            coalesce(i.ids, 0)::float8 as ids, ${iso('i.since_ms')} as "idsSince",
            w.owner, extract(epoch from now() - w.seen_at)::float8 as "ownerSeenSecondsAgo",
            l.halt_reason as "haltReason", l.halt_from::float8 as "haltFrom", l.halt_to::float8 as "haltTo",
            l.halt_detail as "haltDetail"
       from partition_ledger l
       left join partition_watch w using (partition)
       left join lateral (select sum(length(ids)) / 16 as ids, min(first_ms) as since_ms from event_ids e
                           where (e.topic_id, e.partition, e.lineage) = (l.topic_id, l.partition, l.lineage)) i on true
      where l.state <> 'closed' order by l.partition`,
  )
  return rows
}

async function readClosedLineages(client: Client): Promise<ClosedLineage[]> {
  const fates = ['counted', 'duplicate', 'rejected', 'skipped', 'lost'].map(fate => `'${fate}', ${fate}`)
  const { rows } = await client.query<ClosedLineage>(
    `select topic_id as "topicId", partition, lineage, start_offset::float8 as "startOffset",
            next_offset::float8 as "nextOffset", json_build_object(${fates.join()}) as fates,
            halt_reason as "haltReason"
       from partition_ledger where state = 'closed' order by partition, lineage`,
  )
  return rows
}

async function readRejectsAndRows(client: Client): Promise<Pick<Tables, 'rejects' | 'rows'>> {
  const rejects = await client.query<Status['rejects'][number]>(
    'select reason, pointer, count(*)::float8 as count from rejects group by reason, pointer order by count desc, reason',
  )
  // An estimate: counting millions of rows would cost the consumers more than the number is worth.
  const rows = await client.query<{ rows: number }>(
    `select greatest(reltuples, 0)::float8 as rows from pg_class where oid = 'daily_user_item_summary'::regclass`,
  )
  return { rejects: rejects.rows, rows: rows.rows[0]!.rows }
}

function partitionStatus(row: LedgerRow, bounds: PartitionBounds | undefined): PartitionStatus {
  const { ids, idsSince, haltReason, haltFrom, haltTo, haltDetail, ...rest } = row
  const { counted, duplicate, rejected, skipped, lost, ...plain } = rest
  return {
    ...plain,
    logStart: bounds?.logStart ?? null,
    logEnd: bounds?.logEnd ?? null,
    lag: bounds === undefined ? null : Math.max(0, bounds.logEnd - row.nextOffset),
    fates: { counted, duplicate, rejected, skipped, lost },
    window: { ids, since: idsSince },
    halt: haltReason === null ? null : { reason: haltReason, from: haltFrom, to: haltTo, detail: haltDetail },
  }
}

/** Whether somebody has to look: a partition is halted, or the brokers do not answer. */
export function isWell({ partitions, kafkaProblem }: Status): boolean {
  return kafkaProblem === null && partitions.every(({ halt }) => halt === null)
}
