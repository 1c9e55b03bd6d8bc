/**
 * The ways out of a halt. Pure: from where a partition was halted and what its log shows now, which decisions make
 * sense, what each will do, and why another one will not do. Keeps the way out of G7: nothing is skipped, begun anew
 * or declared lost unless somebody says so, and nobody can say what does not fit.
 */
import type { Trouble } from '../kafka/trouble.ts'

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

export interface Refusal {
  readonly refused: string
}

/** A way out as a person is told of it. */
export interface WayOut {
  readonly command: string
  /** What it does; for one that is not open yet, what has to be done before. */
  readonly does: string
  readonly isOpen: boolean
}

/** What ends a halt without a loss, for those that a repair can end. */
const mends: Readonly<Partial<Record<HaltReason, string>>> = {
  trimmed: 'the deleted records are back, as from a backup',
  truncated: 'the log that was counted is back, as from a replica that has it',
  diverged: 'the log that was counted is back, as from a replica that has it',
  compacted: 'the topic has cleanup.policy=delete again',
  gap: 'the log is mended, as from a sound replica',
  bad_crc: 'the log is mended, as from a sound replica',
  malformed: 'the log is mended, as from a sound replica',
  unknown_format: 'consumers that know the format run',
  unknown_codec: 'consumers that know the codec run',
  too_large: 'consumers run with a larger CONSUMER_MAX_BATCH_BYTES',
}

/** What depends on the program and its settings: the consumers' may be others than ours. */
const ofTheProgram: ReadonlySet<HaltReason> = new Set(['unknown_format', 'unknown_codec', 'too_large'])

/** The plan of a request, or why it makes no sense for this halt and what does. */
export function planFor(request: Request, at: Halted, now: Seen): Plan | Refusal {
  const plan = naturalPlan(request.decision, at, now)
  if (plan === undefined) return { refused: `${whyNot(request.decision, at, now)} ${rightWays(at, now)}` }
  if (request.decision !== 'accept-loss') return plan
  const why = whyNotTo(request, at, now)
  return why === undefined ? { does: 'skip', to: request.to } : { refused: why }
}

/** Every way out of this halt, those that are open now first. */
export function waysOut(at: Halted, now: Seen): WayOut[] {
  const ways: WayOut[] = []
  for (const decision of ['resume', 'accept-loss', 'new-lineage'] as const) {
    const plan = naturalPlan(decision, at, now)
    if (plan === undefined || (decision === 'new-lineage' && plan.does === 'open')) continue
    ways.push({ command: commandOf(decision, at, plan), does: describe(plan, at), isOpen: true })
  }
  const mend = now.trouble && mends[now.trouble.reason]
  if (mend !== undefined && !ways.some(({ command }) => command === commandOf('resume', at))) {
    ways.push({
      command: commandOf('resume', at),
      does: `once ${mend}: ${describe({ does: 'open' }, at)}`,
      isOpen: false,
    })
  }
  return ways
}

/** What a plan does, as a sentence without its end. */
export function describe(plan: Plan, { nextOffset, lineage, halt }: Halted): string {
  switch (plan.does) {
    case 'open': {
      const mended = ofTheProgram.has(halt.reason) && mends[halt.reason]
      return `goes on at ${nextOffset}, nothing is lost${mended ? `; halts again unless ${mended}` : ''}`
    }
    case 'skip':
      return `declares ${offsets(nextOffset, plan.to)} lost and goes on at ${plan.to}; counts, window and clock stay`
    case 'close':
      return (
        `closes lineage ${lineage} at ${nextOffset} for good, as the topic has only ${plan.partitions} partitions now; ` +
        'what was counted stays counted'
      )
    case 'begin': {
      const lost = plan.next > plan.start ? `declares ${offsets(plan.start, plan.next)} lost, ` : ''
      const begins = `${lost}closes lineage ${lineage} at ${nextOffset} and begins lineage ${lineage + 1} at ${plan.next}`
      return plan.inherits
        ? `${begins} with window and clock; what was counted stays counted, and records from ${plan.next} on count ` +
            'unless their event id is remembered'
        : `${begins} of topic id ${plan.topicId} with an empty window; what was counted stays counted, and every record ` +
            'of the new topic counts, also one that was sent to the old topic before'
    }
  }
}

/** How many records a plan declares lost. */
export function lostBy(plan: Plan, { nextOffset }: Halted): number {
  return plan.does === 'skip' ? plan.to - nextOffset : plan.does === 'begin' ? plan.next - plan.start : 0
}

/** The plan of a decision where it needs no more words; undefined where it makes no sense. */
function naturalPlan(decision: Request['decision'], at: Halted, now: Seen): Plan | undefined {
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
function isCounted({ reason, from }: Trouble, at: Halted): boolean {
  return reason === 'truncated' || reason === 'diverged' || from < at.nextOffset
}

function isLoss(trouble: Trouble, at: Halted): boolean {
  return trouble.reason !== 'recreated' && trouble.reason !== 'compacted' && !isCounted(trouble, at)
}

function whyNot(decision: Request['decision'], at: Halted, now: Seen): string {
  const { trouble } = now
  if (trouble === undefined) {
    const { reason } = at.halt
    return reason === 'refused'
      ? 'The log is the one that was counted, only PostgreSQL refuses a batch of it.'
      : `The log can be read at ${at.nextOffset}${ofTheProgram.has(reason) ? ' by this program with its settings' : ''}: nothing is lost, and it is the one that was counted.`
  }
  const still = `It is ${trouble.reason} now: ${trouble.detail}.`
  if (decision === 'accept-loss' && isCounted(trouble, at)) return `${still} What was counted cannot be lost.`
  if (decision === 'new-lineage') return `${still} The log is the one that was counted.`
  return still
}

/** What to do instead. */
function rightWays(at: Halted, now: Seen): string {
  return waysOut(at, now)
    .map(({ command, does, isOpen }) => (isOpen ? `${command} ${does}.` : `${command} works ${does}.`))
    .join(' Or: ')
}

/** Why reading cannot go on where somebody wants it to, undefined when it can. */
function whyNotTo({ from, to }: { from: number; to: number }, at: Halted, now: Seen): string | undefined {
  const { nextOffset } = at
  const range = `The range is FROM-TO, TO being the first offset to read again.`
  if (from !== nextOffset) return `${range} FROM is ${from}, the partition stands at ${nextOffset}.`
  if (to <= from) return `${range} TO is ${to} and has to be larger than ${from}.`
  if (to < now.logStart) return `${range} TO is ${to}, the log begins at ${now.logStart}.`
  if (to > now.logEnd) return `${range} TO is ${to}, the log ends at ${now.logEnd}.`
  if (now.troubleThere === undefined) return undefined
  const { reason, detail } = now.troubleThere
  const better = now.readableAt === undefined ? '' : ` It can be read from ${now.readableAt} on.`
  return `${range} The log cannot be read at ${to} either, ${reason}: ${detail}.${better}`
}

function commandOf(decision: Request['decision'], { partition, nextOffset }: Halted, plan?: Plan): string {
  const range = plan?.does === 'skip' ? ` ${nextOffset}-${plan.to}` : ''
  return `./footfall partitions resume ${partition}${decision === 'resume' ? '' : ` --${decision}${range}`}`
}

function offsets(from: number, to: number): string {
  const count = to - from
  return count === 1 ? `offset ${from} (1 record)` : `offsets ${from} to ${to - 1} (${count} records)`
}
