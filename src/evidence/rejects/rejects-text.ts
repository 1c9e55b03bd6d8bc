/** Rejects for people: the groups, and what was done with some. What senders wrote is made fit for a terminal. */
import { cut, safeText } from './legible.ts'
import type { Group, ListReport } from './list.ts'
import { countOf, type OneOutcome, type Outcome, type RejectsReport } from './reject-report.ts'

const exampleMax = 400
const shownMax = 20

export function listText({ groups, settled_groups }: ListReport): string {
  const lines = groups.flatMap(groupLines)
  if (groups.length === 0) lines.push('No open reject.')
  if (settled_groups > 0)
    lines.push(
      `${settled_groups} more ${settled_groups === 1 ? 'group has' : 'groups have'} nothing open: --all shows them`,
    )
  if (groups.length > 0) lines.push('./footfall rejects show P:O shows one; rejects --help says what can be done.')
  return lines.join('\n')
}

function groupLines({ reason, pointer, count, open, first, last, example, ...others }: Group): string[] {
  const { repaired, discarded, attempts } = others
  const sums = Object.entries({ repaired, discarded, attempts })
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `, ${grouped(number)} ${name}`)
  const times = first === null ? '' : first === last ? `, ${first}` : `, ${first} to ${last}`
  const lineage = example.lineage === 1 ? '' : ` of lineage ${example.lineage}`
  return [
    `${place(reason, pointer)}: ${grouped(open)} open of ${grouped(count)}${sums.join('')}${times}`,
    `    ${example.position}${lineage}  ${example.value}`,
  ]
}

/** A member's name may hold anything. */
const place = (reason: string, pointer: string): string =>
  `${reason}${pointer === '' ? '' : ` at ${safeText(pointer)}`}`

const grouped = (number: number): string => number.toLocaleString('en')

const said: Readonly<Record<Outcome, string>> = {
  ready: 'would be done',
  sent: 'sent, nobody waited for what became of it',
  counted: 'counted',
  duplicate: 'repaired, as a duplicate',
  rejected: 'rejected again',
  waiting: 'not known yet',
  discarded: 'discarded',
  restored: 'open again',
  done: 'nothing to do',
  unfit: 'not done',
}

export function outcomesText(report: RejectsReport): string {
  const { is_dry_run, selected, groups, rejects, example, stopped } = report
  if (selected === 0) return 'Nothing of that is open.'
  const lines = [headline(report)]
  for (const { reason, pointer, outcome, why, count } of groups) {
    const of = reason === '' ? '' : ` of ${place(reason, pointer)}`
    lines.push(`  ${grouped(count)}${of}: ${said[outcome]}${why === '' ? '' : ` (${safeText(why)})`}`)
  }
  if (rejects.length <= shownMax) lines.push(...rejects.map(oneLine))
  if (example !== null && is_dry_run) {
    lines.push(`${example.position} before and after:`)
    lines.push(...[example.before, example.after].map(text => `  ${cut(safeText(text), exampleMax)}`))
  }
  if (stopped !== null) lines.push(`Stopped: ${safeText(stopped)}`)
  if (!is_dry_run && countOf(report, 'waiting') > 0)
    lines.push('Run it again to go on: what is repaired is left out, and what comes twice counts once.')
  return lines.join('\n')
}

function headline(report: RejectsReport): string {
  const { verb, is_dry_run, selected } = report
  if (!is_dry_run) return `${verb} of ${grouped(selected)}:`
  return `${verb} would do ${countOf(report, 'ready') === 0 ? 'nothing' : 'this'} with ${grouped(selected)}:`
}

function oneLine({ position, lineage, outcome, why }: OneOutcome): string {
  return `    ${position}${lineage === 1 ? '' : ` of lineage ${lineage}`}  ${outcome}${why === '' ? '' : `: ${safeText(why)}`}`
}
