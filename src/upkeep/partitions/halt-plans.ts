/**
 * What a decision about a halt comes to. Pure: from where a partition was halted, and from what its log shows now.
 * Keeps the way out of G7: nothing is skipped, begun anew or declared lost unless it fits what stands.
 */
import type { Trouble } from '../../kafka/trouble.ts'

export type HaltReason = Trouble['reason'] | 'refused'

/** A partition's current ledger row, as a halt left it. */
export interface Halted {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly nextOffset: number
  readonly halt: {
    readonly reason: HaltReason
    readonly from: number
    readonly to: number
    readonly detail: string
    /** ISO 8601. */
    readonly since: string
  }
}

/** What its log shows now. */
export interface Seen {
  readonly topicId: string
  /** How many partitions the topic has. */
  readonly partitions: number
  /** Bounds of the partition's log; -1 where there is no such partition. */
  readonly logStart: number
  readonly logEnd: number
  /** What keeps a consumer from going on, undefined when nothing does that the log shows. */
  readonly trouble: Trouble | undefined
  /** The first offset past a trouble ahead from which the log can be read; undefined when none was found. */
  readonly readableAt: number | undefined
  /** Why the log cannot be read where somebody asked to go on. */
  readonly troubleThere?: Trouble | undefined
}

export type Request =
  | { readonly decision: 'resume' }
  | { readonly decision: 'accept-loss'; readonly from: number; readonly to: number }
  | { readonly decision: 'new-lineage' }

/**
 * open: the row goes on as it stands. skip: it goes on at `to`, what lies before is declared lost. begin: the row is
 * closed and the next lineage begins, at `next`, with what lies between `start` and there declared lost. close: the
 * row is closed and the partition is no more.
 */
export type Plan =
  | { readonly does: 'open' }
  | { readonly does: 'skip'; readonly to: number }
  | {
      readonly does: 'begin'
      readonly topicId: string
      readonly start: number
      readonly next: number
      readonly inherits: boolean
    }
  | { readonly does: 'close'; readonly partitions: number }

/** What depends on the program and its settings: the consumers' may be others than ours. */
export const ofTheProgram: ReadonlySet<HaltReason> = new Set(['unknown_format', 'unknown_codec', 'too_large'])

/**
 * The plan of a decision where it needs no more words: a loss ends where the log can be read again.
 * @returns undefined where the decision makes no sense.
 */
export function naturalPlan(decision: Request['decision'], at: Halted, now: Seen): Plan | undefined {
  const { trouble } = now
  switch (decision) {
    case 'resume':
      return trouble === undefined || (ofTheProgram.has(trouble.reason) && !isCounted(trouble, at))
        ? { does: 'open' }
        : undefined
    case 'accept-loss': {
      if (trouble === undefined) {
        // What PostgreSQL refuses the log does not show.
        return at.halt.reason === 'refused' ? { does: 'skip', to: Math.min(at.halt.to + 1, now.logEnd) } : undefined
      }
      return isLoss(trouble, at) ? { does: 'skip', to: now.readableAt ?? now.logEnd } : undefined
    }
    case 'new-lineage':
      return newLineage(at, now)
  }
}

function newLineage(at: Halted, now: Seen): Plan | undefined {
  const { trouble, topicId, partitions, logStart, logEnd } = now
  if (trouble === undefined) {
    // A partition that was new when the topic was recreated waits under the new id already, with nothing counted.
    return at.halt.reason === 'recreated' ? { does: 'open' } : undefined
  }
  if (trouble.reason === 'recreated') {
    if (at.partition >= partitions) return { does: 'close', partitions }
    return { does: 'begin', topicId, start: logStart, next: logStart, inherits: false }
  }
  if (!isCounted(trouble, at)) return undefined
  const departs = trouble.reason === 'truncated' ? trouble.from : at.nextOffset
  const start = Math.min(departs, at.nextOffset, logEnd)
  return { does: 'begin', topicId, start, next: Math.max(start, logStart), inherits: true }
}

/** Whether a trouble lies in what was counted: nothing of it can be lost, but the log is not the one any more. */
export function isCounted({ reason, from }: Trouble, at: Halted): boolean {
  return reason === 'truncated' || reason === 'diverged' || from < at.nextOffset
}

function isLoss(trouble: Trouble, at: Halted): boolean {
  return trouble.reason !== 'recreated' && trouble.reason !== 'compacted' && !isCounted(trouble, at)
}

/** How many records a plan declares lost. */
export function lostBy(plan: Plan, { nextOffset }: Halted): number {
  return plan.does === 'skip' ? plan.to - nextOffset : plan.does === 'begin' ? plan.next - plan.start : 0
}
