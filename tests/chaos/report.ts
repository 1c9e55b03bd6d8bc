/** What a campaign came to, for tests/RESULTS.md and for whoever waits for it. */
import type { Report } from '../campaign/report.ts'
import type { Outcome } from './campaign.ts'
import type { Played, Recovery } from './play.ts'

type Facts = Pick<Report, 'verdict' | 'figures' | 'table'>

/** @param isComplete whether all was played that was asked for: what was not is not passed. */
export function factsOf({ begun, played, tally, wrong, missing }: Outcome, isComplete: boolean) {
  const passed = played.filter(one => one.wrong.length === 0).length
  const recoveries = played.flatMap(one => one.recoveries)
  const undisturbed = recoveries.filter(({ isUndisturbed }) => isUndisturbed)
  const sum = (of: (one: Played) => number) => played.reduce((total, one) => total + of(one), 0)
  return {
    verdict: isComplete && begun > 0 && passed === begun && wrong.length === 0 ? 'passed' : 'failed',
    figures: {
      schedules: begun,
      'schedules that passed, proven by verify': passed,
      faults: recoveries.length,
      'acknowledged events': sum(one => one.acknowledged),
      lost: sum(one => one.lost),
      double: sum(one => one.double),
      invented: sum(one => one.invented),
      'ledger breaks': sum(one => one.ledgerBreaks),
      'wrong answers of the API': sum(one => one.wrongReads),
      'snapshots of the books': sum(one => one.snapshots),
      'answers of the API': sum(one => one.reads),
      'promises broken': wrong.length,
      'recovery p50 in s': seconds(recoveries, 0.5),
      'recovery p99 in s': seconds(recoveries, 0.99),
      'recovery without another fault meanwhile p50 in s': seconds(undisturbed, 0.5),
      'recovery without another fault meanwhile p99 in s': seconds(undisturbed, 0.99),
      ...(missing.length > 0 && { 'not possible on this machine': missing.join(', ') }),
    },
    table: {
      columns: ['fault or rare state', 'times', 'recovery p50 in s', 'recovery max in s'],
      rows: [...tally].map(([name, times]) => {
        const own = undisturbed.filter(({ fault }) => name === `fault: ${fault}`)
        return [name, times, seconds(own, 0.5), seconds(own, 1)]
      }),
    },
  } as const satisfies Facts
}

/** The time within which such a share of them was over, rounded to 0.1 s; empty without any. */
function seconds(recoveries: readonly Recovery[], share: number): number | string {
  const sorted = recoveries.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b)
  const at = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
  return at === undefined ? '' : Number.isFinite(at) ? Math.round(at / 100) / 10 : 'never'
}

/** @returns lines. */
export function factsText({ figures, table, verdict }: ReturnType<typeof factsOf>): string[] {
  const rows = [table.columns, ...table.rows].map(row => row.map(String))
  const widths = table.columns.map((_, i) => Math.max(...rows.map(row => row[i]!.length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()
  const told = Object.entries(figures).map(([name, value]) => `${name}: ${value}`)
  return ['', ...rows.map(line), '', ...told, `verdict: ${verdict.toUpperCase()}`]
}
