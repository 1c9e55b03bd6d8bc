/** The tables against what was acknowledged: plain sums, by nothing that Footfall counts with. */
import type { Counted } from '../support/counting.ts'
import type { Answers, Fates } from './answers.ts'
import { isExact } from './events.ts'

export interface Compared {
  /** Events that were acknowledged and are not in the counts. */
  readonly lost: number
  /** Events that are in the counts more often than they were sent. */
  readonly double: number
  /** Events in the counts where none was sent. */
  readonly invented: number
  readonly wrong: readonly string[]
}

const rowsShown = 10

/** @param records how many were ever in the log and are not lost. */
export function compare(table: Counted, found: Fates, answers: Answers, records: number): Compared {
  const rows = compareRows(table, answers)
  const { fates, perhapsTwice } = answers
  const wrong = [...rows.wrong]
  const within = (what: string, is: number, least: number) => {
    if (is >= least && is <= least + perhapsTwice) return
    wrong.push(`${what}: ${is}, expected ${least}${perhapsTwice === 0 ? '' : ` to ${least + perhapsTwice}`}`)
  }
  within('records in the log', records, sumOf(fates))
  for (const name of ['counted', 'duplicate', 'rejected', 'skipped'] as const) within(name, found[name], fates[name])
  if (sumOf(found) !== records) wrong.push(`${sumOf(found)} records have a fate, ${records} are in the log`)
  return { ...rows, wrong }
}

const sumOf = ({ counted, duplicate, rejected, skipped }: Fates): number => counted + duplicate + rejected + skipped

function compareRows(table: Counted, { exact, least, perhapsTwice }: Answers): Compared {
  const wrong: string[] = []
  const sums = { lost: 0, double: 0, invented: 0 }
  let uncertain = 0
  for (const row of new Set([...table.keys(), ...exact.keys(), ...least.keys()])) {
    const [is, expected] = [table.get(row), (isExact(row) ? exact : least).get(row)]
    const apart = differenceOf(is, expected)
    const hasTwice = !isExact(row) && apart.lost + apart.invented === 0
    if (hasTwice) uncertain += apart.double
    for (const name of ['lost', 'double', 'invented'] as const) sums[name] += hasTwice ? 0 : apart[name]
    if (!hasTwice && is !== expected) wrong.push(`${row} is ${is}, expected ${expected}`)
  }
  const others = wrong.length - rowsShown
  if (others > 0) wrong.splice(rowsShown, others, `and ${others} other rows`)
  if (uncertain > perhapsTwice) {
    sums.double += uncertain - perhapsTwice
    wrong.push(`${uncertain} events without an id were counted beyond those sent, at most ${perhapsTwice} may be`)
  }
  return { ...sums, wrong }
}

/** Views, clicks and purchases of one row, as they are and as they should be. */
function differenceOf(is = '0,0,0', expected = '0,0,0'): Omit<Compared, 'wrong'> {
  const sums = { lost: 0, double: 0, invented: 0 }
  const wanted = expected.split(',').map(Number)
  for (const [i, count] of is.split(',').map(Number).entries()) {
    const more = count - wanted[i]!
    if (more < 0) sums.lost -= more
    else if (wanted[i] === 0) sums.invented += more
    else sums.double += more
  }
  return sums
}
