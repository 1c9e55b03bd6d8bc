/** The ways out of a halt, in words: what each command does, and why another one will not do. Pure. */
import {
  type Halted,
  type HaltReason,
  isCounted,
  naturalPlan,
  ofTheProgram,
  type Plan,
  type Request,
  type Seen,
} from './halt-plans.ts'

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
    if (plan === undefined) continue
    ways.push({ command: commandOf(decision, at, plan), does: describe(plan, at, now), isOpen: true })
  }
  const mend = now.trouble && mends[now.trouble.reason]
  if (mend !== undefined && !ways.some(({ command }) => command === commandOf('resume', at))) {
    ways.push({
      command: commandOf('resume', at),
      does: `once ${mend}: ${describe({ does: 'open' }, at, now)}`,
      isOpen: false,
    })
  }
  return ways
}

/** What a plan does, as a sentence without its end. */
export function describe(plan: Plan, { nextOffset, lineage, halt }: Halted, { readableAt }: Seen): string {
  switch (plan.does) {
    case 'open': {
      const mended = ofTheProgram.has(halt.reason) && mends[halt.reason]
      return `goes on at ${nextOffset}, nothing is lost${mended ? `; halts again unless ${mended}` : ''}`
    }
    case 'skip': {
      const good =
        readableAt !== undefined && plan.to > readableAt ? `, though it can be read from ${readableAt} on` : ''
      return `declares ${offsets(nextOffset, plan.to)} lost${good}, and goes on at ${plan.to}; counts, window and clock stay`
    }
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

function whyNot(decision: Request['decision'], at: Halted, now: Seen): string {
  const { trouble } = now
  if (trouble === undefined) {
    const { reason } = at.halt
    const isOne = 'it is the one that was counted'
    if (reason === 'refused') return `Nothing is wrong with the log, ${isOne}; PostgreSQL refuses what it would write.`
    const by = ofTheProgram.has(reason) ? ' by this program with its settings' : ''
    return `The log can be read at ${at.nextOffset}${by}: nothing is lost, and ${isOne}.`
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
