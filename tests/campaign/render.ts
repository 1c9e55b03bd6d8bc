/** The reports of a campaign as a page for people: tests/RESULTS.md. */
import type { Machine } from './machine.ts'
import type { Cell, Report } from './report.ts'
import type { Summary } from './summary.ts'

export function render(summaries: readonly Summary[], machine: Machine): string {
  const passed = summaries.every(({ faults }) => faults.length === 0)
  return `${[
    '# Results of the campaign',
    'Made by `npm run campaign` from the reports in `tests/results/`; `npm run campaign -- --render` makes it again. What each promise means and where it ends is in [docs/guarantees.md](../docs/guarantees.md). Any line here can be run again by its command.',
    `**${passed ? 'Everything passed.' : 'Not everything passed.'}**`,
    overview(summaries),
    `## The machine\n\n${rowsOf(['', ''], Object.entries(machine))}`,
    'Kafka, PostgreSQL, the load and the tools share it.',
    ...summaries.flatMap(section),
  ].join('\n\n')}\n`
}

function overview(summaries: readonly Summary[]): string {
  const rows = summaries.map(({ tool, reports, figures, faults }) => {
    const reached = tool.goals.map(({ figure }) => `${shown(figures.get(figure) ?? 'no')} ${figure}`)
    const seconds = reports.reduce((sum, report) => sum + report.seconds, 0)
    const verdict = faults.length === 0 ? 'passed' : `**not passed**: ${faults.join('; ')}`
    return [`[${tool.name}](#${tool.name})`, reports.length === 0 ? '' : reached.join(', '), lasted(seconds), verdict]
  })
  return rowsOf(['tool', 'reached', 'took', 'verdict'], rows)
}

function section({ tool, reports, figures, table }: Summary): string[] {
  const parts = [`## ${tool.name}`, tool.shows]
  if (reports.length === 0) return [...parts, '**Was not run.**']
  const runs = reports.map(report => [
    `\`${report.command}\``,
    report.seed,
    `${report.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    lasted(report.seconds),
    `\`${report.commit.slice(0, 12)}\``,
    report.verdict,
  ])
  parts.push(rowsOf(['command', 'seed', 'started', 'took', 'commit', 'verdict'], runs))
  if (figures.size > 0) parts.push(rowsOf(['figure', ''], [...figures]))
  if (table !== undefined) parts.push(rowsOf(table.columns, table.rows))
  return parts
}

function rowsOf(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) => `| ${cells.map(shown).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Numbers with commas between thousands; nothing that would end a cell. */
function shown(cell: Cell): string {
  if (typeof cell === 'number') return cell.toLocaleString('en-US', { maximumFractionDigits: 3 })
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function lasted(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}

/** By the time they were started. */
export const inOrder = (reports: readonly Report[]): Report[] =>
  reports.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
