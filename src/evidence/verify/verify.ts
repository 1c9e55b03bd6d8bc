/**
 * `verify`: proves that what PostgreSQL holds is what the log says, while counting goes on. Copies out in one short
 * snapshot, recounts the log up to exactly its positions by plain code of its own, and compares.
 */
import { listBounds } from '../../kafka/bounds.ts'
import { LogReader } from '../../kafka/reader.ts'
import type { Config } from '../../runtime/config.ts'
import { Spill } from '../recount/spill.ts'
import { compareRepairs } from './compare-repairs.ts'
import { compareRows, type Known } from './compare-rows.ts'
import { Differences } from './difference.ts'
import { Digester, sumOf } from './digest.ts'
import { explainRows } from './explain-rows.ts'
import { type Proof, type Proved, proveLineage } from './prove-lineage.ts'
import { type Plan, planFor } from './reach.ts'
import { recordCheckpoints } from './record-checkpoints.ts'
import type { Report, ReportedPartition } from './report.ts'
import type { Scope } from './scope.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'

export type { Report } from './report.ts'
export { parseScope } from './scope.ts'

/** How far it is. */
export interface Progress {
  readonly step: 'copying' | 'recounting' | 'comparing' | 'looking again'
  /** Records read, of how many. */
  readonly done: number
  readonly total: number
}

/** @throws when Kafka or PostgreSQL cannot tell, or the database is not one of this topic. */
export async function verify(config: Config, scope: Scope, hear: (progress: Progress) => void): Promise<Report> {
  const began = performance.now()
  hear({ step: 'copying', done: 0, total: 0 })
  const snapshot = await takeSnapshot(config, scope)
  const windows = new Spill()
  const log = new LogReader(config, () => {}, 'verify')
  try {
    const plans = await planAll(config, log, snapshot)
    if (scope.partition !== undefined && plans.length === 0) {
      throw new Error(`partition ${scope.partition} was not counted: the ledger does not have it`)
    }
    const differences = new Differences()
    const digester = new Digester(snapshot.idKey)
    const reused = { count: 0, examples: [] }
    const proof: Proof = { config, scope, snapshot, windows, log, differences, digester, reused }
    return await prove(proof, plans, hear, began)
  } finally {
    for (const file of [snapshot.rows, snapshot.rejects, snapshot.book, snapshot.ids, windows]) file.close()
    await log.close()
  }
}

async function planAll(config: Config, log: LogReader, { lineages }: Snapshot): Promise<Plan[]> {
  const topic = await log.topic()
  if (topic === undefined) throw new Error(`Kafka has no topic ${config.kafka.topic}: there is no log to prove by`)
  const bounds = await listBounds(config, topic.partitions)
  const logStarts = new Map([...bounds].map(([partition, { logStart }]) => [partition, logStart]))
  return lineages.map((lineage, i) => planFor(lineage, lineages[i + 1], { topicId: topic.id, logStarts }))
}

async function prove(
  proof: Proof,
  plans: readonly Plan[],
  hear: (progress: Progress) => void,
  began: number,
): Promise<Report> {
  const { snapshot, scope, differences, digester, reused } = proof
  const total = plans.reduce((sum, { from, to }) => sum + to - from, 0)
  const proved: Proved[] = []
  let records = 0
  for (const plan of plans) {
    const one = await proveLineage(proof, plan, read => hear({ step: 'recounting', done: records + read, total }))
    records += one.records
    proved.push(one)
  }
  addStrays(snapshot, differences)
  const repairs = scope.isOfPartitions ? compareRepairs(snapshot.book, plans, differences) : null
  hear({ step: 'comparing', done: 0, total: 0 })
  const rows = scope.isOfRows ? compareRows(snapshot.rows, knownOf(scope, proved), digester, differences) : undefined
  if (differences.of('row') > 0) {
    await explainRows(proof, plans, differences.kept, done => hear({ step: 'looking again', done, total }))
  }
  const unproven = proved.flatMap(one => one.unproven)
  const isUserByDay = scope.user !== undefined && (rows?.rowsByDay ?? 0) > 0
  const isProven = unproven.length === 0 && !isUserByDay
  const sum = (of: (one: Proved) => number) => (scope.isOfPartitions ? proved.reduce((n, one) => n + of(one), 0) : null)
  return {
    verdict: differences.total > 0 ? 'differs' : isProven ? 'proven' : 'unproven',
    topic: snapshot.topic,
    scope: { date: scope.date ?? null, user: scope.user ?? null, partition: scope.partition ?? null },
    takenAt: snapshot.takenAt,
    partitions: proved.map(reported),
    compared: {
      rows: rows?.rows ?? null,
      rowsByDay: rows?.rowsByDay ?? null,
      days: rows?.daysByDigest ?? null,
      rejects: sum(one => one.rejectsCompared),
      repairs,
      ids: sum(one => one.idsCompared),
    },
    differences: differences.kept,
    differencesFound: differences.total,
    unproven,
    reused,
    checkpoint: await recordCheckpoints(proof, proved),
    records,
    seconds: (performance.now() - began) / 1_000,
    snapshotSeconds: snapshot.heldMs / 1_000,
    memoryMegabytes: Math.round(process.resourceUsage().maxRSS / 1_024),
  }
}

function addStrays({ strays }: Snapshot, into: Differences): void {
  for (const { table, partition, lineage, rows: stored } of strays) {
    const because = [`rows of ${table}, of a lineage that the ledger does not have`]
    into.add({ kind: 'stray', what: 'extra', where: { partition, lineage }, stored, expected: null, because })
  }
}

/** What the rows are compared with besides the recount's own: what lies before checkpoints, and what nothing proves. */
function knownOf({ date, user, isOfPartitions }: Scope, proved: readonly Proved[]): Known {
  const days = new Map<number, bigint>()
  for (const { plan } of proved) {
    for (const day of plan.base === 'checkpoint' ? plan.lineage.checkpoint!.days.keys() : []) {
      if (date === undefined || Date.parse(date) === day * 86_400_000) days.set(day, 0n)
    }
  }
  for (const day of days.keys()) {
    const expected = proved.reduce((sum, one) => sumOf(sum, one.days.get(day) ?? 0n), 0n)
    days.set(day, expected)
  }
  const unproven = proved.reduce((sum, one) => sum + one.countedUnproven, 0)
  return { days, hasWholeDays: user === undefined, unproven, hasAllRows: isOfPartitions }
}

function reported({ plan, records, unproven }: Proved): ReportedPartition {
  const { lineage, base } = plan
  const { partition, startOffset, nextOffset, fates, state } = lineage
  const isProven = unproven.length === 0 && base !== 'unknown'
  return {
    partition,
    lineage: lineage.lineage,
    state,
    startOffset,
    nextOffset,
    provenBy: !isProven ? 'not proven' : base === 'start' ? 'log' : 'checkpoint and log',
    checkpointAt: base === 'checkpoint' ? lineage.checkpoint!.nextOffset : null,
    recordsRead: records,
    fates,
  }
}
