/** One lineage: recounted, compared with what is stored of it, and added to the books of rows. */
import type { Client } from 'pg'
import type { LogReader } from '../../kafka/reader.ts'
import type { RecordWalk } from '../../kafka/records.ts'
import { connectWriter } from '../../postgres/connect.ts'
import type { Config } from '../../runtime/config.ts'
import type { FateName } from '../books/ledger.ts'
import type { Recounted } from '../recount/recount.ts'
import type { Spill } from '../recount/spill.ts'
import type { CountedEvent } from '../recount/verdict.ts'
import { compareBalance, compareLineage } from './compare-lineage.ts'
import { Differences } from './difference.ts'
import { type Digester, sumOf } from './digest.ts'
import type { Plan, Unproven } from './reach.ts'
import { type RecountTools, recountLineage } from './recount-lineage.ts'
import { RejectMatch } from './reject-match.ts'
import type { Scope } from './scope.ts'
import { writeSegment } from './segment-file.ts'
import type { Snapshot } from './snapshot.ts'
import { Tally } from './tally.ts'

/** What all lineages of one verify have in common. */
export interface Proof {
  readonly config: Config
  readonly scope: Scope
  readonly snapshot: Snapshot
  /** Takes the windows with which recounts end, in buckets by the index of the lineage. */
  readonly windows: Spill
  readonly log: LogReader
  readonly differences: Differences
  readonly digester: Digester
  readonly reused: { count: number; readonly examples: string[] }
}

/** What came out of one lineage; small, because there may be many. */
export interface Proved {
  readonly plan: Plan
  readonly records: number
  readonly fates: Readonly<Record<FateName, number>> | undefined
  readonly clockMs: number
  readonly rejectsDigest: bigint
  readonly rejectsCompared: number
  readonly idsCompared: number
  /** Digest by day of all that it counts. */
  readonly days: ReadonlyMap<number, bigint>
  readonly unproven: readonly Unproven[]
  /** Counted events that may be in the rows and that nothing proves. */
  readonly countedUnproven: number
}

const reusedExamplesMax = 20

export async function proveLineage(proof: Proof, plan: Plan, progress: (records: number) => void): Promise<Proved> {
  const { scope, snapshot, digester, windows } = proof
  const { lineage, base, from } = plan
  const checkpoint = base === 'checkpoint' ? lineage.checkpoint : undefined
  // A proof of some rows says nothing of rejects, fates and ids, whatever it came across.
  const differences = scope.isOfPartitions ? proof.differences : new Differences()
  const { book } = snapshot
  const rejects = new RejectMatch(lineage, snapshot.rejects, book, digester, differences)
  const before = rejects.skipTo(base === 'start' ? 0 : from)
  book.trust(
    lineage,
    offset => offset < from,
    (origin, repair) => {
      before.digest = sumOf(before.digest, digester.ofRepair(origin, repair))
    },
  )
  if (checkpoint !== undefined && scope.isOfPartitions) compareRejectsBefore(plan, before, differences)

  const days = new Map(checkpoint?.days ?? [])
  const tally = new Tally((words, at, counts) => {
    snapshot.rows.addExpected(words, at, counts)
    const day = words[at + 8]! | 0
    if (scope.user === undefined) days.set(day, sumOf(days.get(day) ?? 0n, digester.ofRow(words, at, counts)))
  })
  const isWanted = wanted(scope)
  let repairsDigest = 0n
  const visit = (record: RecordWalk, found: Recounted) => {
    rejects.see(record, found)
    repairsDigest = sumOf(repairsDigest, ofRepair(record, found, plan, digester))
    if (base === 'unknown') return // the window is not known, so neither is what counts
    if (found.fate === 'counted' && isWanted(found.event)) tally.add(found.event)
    if (found.fate === 'duplicate' && found.isReused)
      noteReused(proof.reused, lineage.partition, record.offset, found.first!.offset)
  }
  const isReadable = base !== 'unknown' || plan.from < plan.to
  const tools = recountTools(proof, at => progress(at - from))
  const done = isReadable ? await recountLineage(plan, tools, visit) : undefined
  tally.flush()

  const reached = done?.reached ?? from
  book.trust(lineage, offset => offset >= reached && offset < lineage.nextOffset)

  compareBalance(lineage, differences)
  const compared = compareLineage(plan, done, rejects, snapshot.ids, differences)
  if (done !== undefined && compared.unproven.length === 0) {
    const { window } = done.recount
    for (const segment of window.segments)
      writeSegment(windows, lineage.index, { ...segment, ids: window.idsOf(segment) })
  }
  return {
    plan,
    records: done?.records ?? 0,
    fates: base === 'unknown' ? undefined : done?.fates,
    clockMs: done?.recount.clockMs ?? -1,
    rejectsDigest: sumOf(checkpoint?.rejectsDigest ?? 0n, sumOf(rejects.digest, repairsDigest)),
    rejectsCompared: rejects.compared,
    days,
    ...compared,
  }
}

/** @param progress hears up to which offset it is. */
export function recountTools({ config, snapshot, log }: Proof, progress: (next: number) => void): RecountTools {
  return {
    log,
    idKey: snapshot.idKey,
    book: snapshot.book,
    batchBytesMax: config.consumer.batchBytesMax,
    progress,
    withClient: async <T>(use: (client: Client) => Promise<T>) => {
      const client = await connectWriter(config, 'footfall verify')
      try {
        return await use(client)
      } finally {
        await client.end()
      }
    },
  }
}

/** What a record adds to the digest of rejects and repairs, where it repairs one. */
function ofRepair({ offset }: RecordWalk, found: Recounted, { lineage }: Plan, digester: Digester): bigint {
  if (found.fate === 'skipped' || found.fate === 'rejected' || found.origin === undefined) return 0n
  if (found.fate === 'duplicate' && found.repairedBy !== undefined) return 0n
  const { topicId, partition } = lineage
  return digester.ofRepair(found.origin, { topicId, partition, lineage: lineage.lineage, offset, as: found.fate })
}

function wanted({ date, user }: Scope): (event: CountedEvent) => boolean {
  const wantedDay = date === undefined ? undefined : Date.parse(date) / 86_400_000
  return event => (user === undefined || event.user === user) && (wantedDay === undefined || event.day === wantedDay)
}

function noteReused(reused: Proof['reused'], partition: number, offset: number, first: number): void {
  reused.count += 1
  if (reused.examples.length < reusedExamplesMax)
    reused.examples.push(`${partition}:${offset} and ${partition}:${first}`)
}

function compareRejectsBefore(plan: Plan, before: { count: number; digest: bigint }, into: Differences): void {
  const { partition, lineage, checkpoint } = plan.lineage
  const { rejectsDigest, fates, nextOffset } = checkpoint!
  if (before.digest === rejectsDigest && before.count === fates.rejected) return
  const because = [
    `the rejects before the checkpoint at ${nextOffset}, or what repairs before it are said to be of, are not those ` +
      'that were proven; which cannot be told',
  ]
  const isCount = before.count !== fates.rejected
  const [stored, expected] = isCount ? [before.count, fates.rejected] : ['another digest', 'the digest']
  into.add({ kind: 'reject', what: 'changed', where: { partition, lineage }, stored, expected, because })
}
