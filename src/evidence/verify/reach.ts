/**
 * How far the log reaches back for each lineage, and so what can be proven, and by what. Pure. A fate depends on every
 * record before it in its partition, so a recount begins at the lineage's start, or at a checkpoint, which knows what
 * came before; from anywhere else only what is bad can be judged, because that depends on the record alone.
 */
import type { Offsets } from '../books/ledger.ts'
import { unrepeatable } from '../recount/recount.ts'
import type { Lineage } from './ledger.ts'

/** What the topic of the log shows. */
export interface LogReach {
  readonly topicId: string
  /** By partition. */
  readonly logStarts: ReadonlyMap<number, number>
}

export interface Plan {
  readonly lineage: Lineage
  /** What is known before `from`: nothing came before, a checkpoint says what, or it is unknown. */
  readonly base: 'start' | 'checkpoint' | 'unknown'
  /** What is read of the log. Empty where there is nothing to read, or nothing left. */
  readonly from: number
  readonly to: number
  /** What cannot be proven, and why. */
  readonly unproven: readonly Unproven[]
}

export interface Unproven extends Offsets {
  readonly partition: number
  readonly lineage: number
  readonly why: string
}

/** @param next the lineage after it in the same partition. */
export function planFor(lineage: Lineage, next: Lineage | undefined, log: LogReach): Plan {
  const { startOffset, nextOffset, checkpoint, partition } = lineage
  const end = endOf(lineage, next, log)
  const logStart = log.logStarts.get(partition) ?? Number.MAX_SAFE_INTEGER
  const unproven: Unproven[] = []
  const cannot = (from: number, to: number, why: string) => {
    if (from < to) unproven.push({ partition, lineage: lineage.lineage, from, to, why })
  }

  const hasRules = (offset: number) => lineage.rules.some(({ fromOffset }) => fromOffset <= offset)
  if (startOffset === nextOffset) {
    return { lineage, base: hasRules(startOffset) ? 'start' : 'unknown', from: startOffset, to: nextOffset, unproven }
  }
  const fromStart = lineage.inherits
    ? 'it began with the window of the lineage before, of whose records the log has lost some'
    : logStart > firstNeeded(lineage, startOffset) && end > startOffset
      ? `the log begins at ${logStart}`
      : whyNotJudged(lineage, startOffset, end)
  if (fromStart === undefined && end > startOffset) {
    cannot(end, nextOffset, gone)
    return { lineage, base: 'start', from: startOffset, to: end, unproven }
  }

  const at = checkpoint?.nextOffset ?? -1
  const isUsable =
    at > startOffset &&
    at <= nextOffset &&
    hasRules(at) &&
    (at >= end || (firstNeeded(lineage, at) >= logStart && whyNotJudged(lineage, at, end) === undefined))
  if (isUsable) {
    const to = Math.max(at, end)
    cannot(to, nextOffset, gone)
    return { lineage, base: 'checkpoint', from: at, to, unproven }
  }
  const why = fromStart ?? gone
  cannot(
    startOffset,
    nextOffset,
    checkpoint === undefined ? why : `${why}, and the checkpoint at ${at} is of no use for it`,
  )
  const judged = whyNotJudged(lineage, Math.max(logStart, startOffset), end) === undefined
  const from = judged ? Math.min(Math.max(logStart, startOffset), end) : end
  return { lineage, base: 'unknown', from, to: end, unproven }
}

const gone = 'these records are in no log any more'

/** The first offset from `at` on that has to be read: what was declared lost has not. */
function firstNeeded({ lost }: Lineage, at: number): number {
  return lost.reduce((next, { from, to }) => (from <= next && next < to ? to : next), at)
}

/** Where the lineage's own records end in the log that there is now. */
function endOf(lineage: Lineage, next: Lineage | undefined, log: LogReach): number {
  if (lineage.topicId !== log.topicId || !log.logStarts.has(lineage.partition)) return lineage.startOffset
  const isFollowed = next?.partition === lineage.partition && next.topicId === lineage.topicId
  return isFollowed ? Math.max(lineage.startOffset, Math.min(next.startOffset, lineage.nextOffset)) : lineage.nextOffset
}

function whyNotJudged({ rules }: Lineage, from: number, to: number): string | undefined {
  if (!rules.some(({ fromOffset }) => fromOffset <= from)) return 'no rules are recorded for its start'
  const other = unrepeatable(rules, from)
  if (other === undefined || other.fromOffset >= to) return undefined
  return `from ${other.fromOffset} on a judge of version ${other.judgeVersion} decided, which this program does not have`
}
