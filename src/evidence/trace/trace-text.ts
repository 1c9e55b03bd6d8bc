/** A trace for people. */
import type { Copy } from './copy.ts'
import type { Looked, TraceReport } from './trace-report.ts'

export function traceText(report: TraceReport): string {
  const { copies, more, looked, asked } = report
  const lines = copies.flatMap(copyLines)
  if (copies.length === 0)
    lines.push(`Nothing was found of ${'position' in asked ? asked.position : askedUser(asked)}.`)
  if (more > 0) lines.push(`and ${more} more: --limit shows them`)
  return [...lines, ...lookedLines(looked), `As of ${report.as_of}.`].join('\n')
}

const askedUser = ({ user_id, event_id }: { user_id: string; event_id: string | null }): string =>
  event_id === null ? `user ${user_id}` : `event ${event_id} of user ${user_id}`

function copyLines(copy: Copy): string[] {
  const { position, lineage, fate, appended, event, row, why, repaired_by, is_committed, rules_version } = copy
  const of = lineage === null || lineage === 1 ? '' : ` of lineage ${lineage}`
  const lines = [`${position}${of}  ${fate.replaceAll('_', ' ')}: ${why}`]
  const more = (name: string, value: string) => void lines.push(`  ${name.padEnd(9)} ${value}`)
  if (appended !== null) more('appended', appended)
  if (event !== null) {
    const id = event.event_id === null ? 'without event_id' : `event_id ${event.event_id}`
    more('event', `${event.activity_type} of item ${event.item_id} by user ${event.user_id} on ${event.date}, ${id}`)
  }
  const counted = row ?? repaired_by?.row
  if (counted) more('counts in', `user ${counted.user_id}, ${counted.date}, item ${counted.item_id}`)
  if (is_committed && rules_version !== null) more('committed', `under rules ${rules_version}`)
  return lines
}

function lookedLines(looked: readonly Looked[]): string[] {
  if (looked.length === 0) return []
  const reasons = [...Map.groupBy(looked, ({ why }) => why)].filter(([why]) => why !== null)
  if (reasons.length === 0) return ['The whole log was looked at.']
  return [
    'Not all of the log was looked at:',
    ...reasons.map(([why, parts]) => {
      const seen = parts.filter(({ from, to }) => from < to)
      const ranges = seen.map(({ partition, from, to }) => `${partition}:${from} to ${partition}:${to - 1}`)
      const of = `partition${parts.length === 1 ? '' : 's'} ${parts.map(({ partition }) => partition).join(', ')}`
      return `  of ${of} ${ranges.length === 0 ? 'nothing' : `only ${ranges.join(', ')}`}: ${why}`
    }),
  ]
}
