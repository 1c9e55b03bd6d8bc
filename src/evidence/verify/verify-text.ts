/** A verify's report and progress, as people read them. */
import { type Difference, differenceKinds } from './difference.ts'
import type { Report, ReportedPartition } from './report.ts'
import type { Progress } from './verify.ts'

/** More lines than this nobody reads; `--json` has up to a thousand. */
const differencesShown = 50

export function verifyText(report: Report): string {
  const { verdict, topic, takenAt } = report
  return [
    headlines[verdict],
    '',
    `topic ${topic}${scopeText(report)}, PostgreSQL as of ${takenAt}, the log up to exactly the same positions`,
    '',
    ...table([columns, ...report.partitions.map(row)]),
    '',
    ...comparedLines(report),
    ...unprovenLines(report),
    ...differenceLines(report),
    ...noteLines(report),
    '',
    costLine(report),
  ].join('\n')
}

const headlines = {
  proven: 'PROVEN: what PostgreSQL holds is what the log says.',
  unproven: 'NOT ALL PROVEN: nothing differs, but some of it cannot be proven; why is said below.',
  differs: 'DIFFERENT: what PostgreSQL holds is not what the log says.',
}

export function progressText({ step, done, total }: Progress): string {
  if (total === 0) return `${step} ...`
  return `${step}: ${number(done)} of ${number(total)} records, ${Math.floor((100 * done) / total)}%`
}

function scopeText({ scope: { date, user, partition } }: Report): string {
  const parts = [date && `date ${date}`, user && `user ${user}`, partition !== null && `partition ${partition}`]
  const named = parts.filter(Boolean).join(', ')
  return named === '' ? '' : `, ${named}`
}

const columns = ['partition', 'offsets', 'counted', 'duplicate', 'rejected', 'skipped', 'lost', 'proven by']

function row({
  partition,
  lineage,
  startOffset,
  nextOffset,
  fates,
  provenBy,
  checkpointAt,
}: ReportedPartition): string[] {
  const { counted, duplicate, rejected, skipped, lost } = fates
  const by =
    provenBy === 'log' ? 'the log' : provenBy === 'not proven' ? provenBy : `checkpoint at ${checkpointAt}, and the log`
  return [
    lineage === 1 ? String(partition) : `${partition}, lineage ${lineage}`,
    startOffset === nextOffset ? 'none' : `${startOffset} to ${nextOffset - 1}`,
    ...[counted, duplicate, rejected, skipped, lost].map(number),
    by,
  ]
}

function comparedLines({ compared, scope }: Report): string[] {
  const { rows, rowsByDay, days, rejects, repairs, ids } = compared
  const lines = ['compared:']
  if (rows !== null) lines.push(`  ${number(rows)} rows of daily_user_item_summary, one by one`)
  if (rowsByDay !== null && rowsByDay > 0) {
    lines.push(
      days === 0
        ? `  ${number(rowsByDay)} rows only for holding no less than the log shows: part of their events lies before a checkpoint`
        : `  ${number(rowsByDay)} rows of ${days} days by the sum of each day: part of their events lies before a checkpoint`,
    )
  }
  if (rejects !== null) {
    lines.push('  fates, balance, clock and last record batch of each partition')
    lines.push(`  ${number(rejects)} rejects, each with position, reason and bytes`)
    if (repairs !== null && repairs > 0)
      lines.push(`  ${number(repairs)} repairs, each with what it was of and its fate`)
    lines.push(`  ${number(ids ?? 0)} remembered event ids, in their order`)
  }
  if (rows === null) lines.push('  no rows: all partitions count into them, so one cannot prove them')
  if (rejects === null)
    lines.push(`  nothing else: a proof of ${scope.date === null ? 'a user' : 'a date'} is one of rows`)
  return lines
}

function unprovenLines({ unproven }: Report): string[] {
  if (unproven.length === 0) return []
  const lines = unproven.map(
    ({ partition, lineage, from, to, why }) =>
      `  partition ${partition}${lineage === 1 ? '' : `, lineage ${lineage}`}, offsets ${from} to ${to - 1}: ${why}`,
  )
  return ['', 'not proven:', ...lines]
}

function differenceLines({ differences, differencesFound }: Report): string[] {
  if (differencesFound === 0) return []
  const shown = differences.slice(0, differencesShown)
  const lines = ['', `${number(differencesFound)} ${differencesFound === 1 ? 'difference' : 'differences'}:`]
  for (const difference of shown) lines.push(...differenceText(difference))
  if (differencesFound > shown.length) {
    const kinds = differenceKinds.flatMap(kind => {
      const count = differences.filter(one => one.kind === kind).length
      return count === 0 ? [] : [`${count} ${kind}`]
    })
    const kept = `--json has the first ${number(differences.length)} (${kinds.join(', ')})`
    lines.push(`  and ${number(differencesFound - shown.length)} more; ${kept}`)
  }
  return lines
}

function differenceText({ kind, what, where, stored, expected, because }: Difference): string[] {
  const { user_id, date, item_id, partition, lineage, offset, fate } = where
  const place = [
    user_id && `user ${user_id}`,
    date,
    item_id && `item ${item_id}`,
    partition !== undefined && (offset === undefined ? `partition ${partition}` : `position ${partition}:${offset}`),
    lineage !== undefined && lineage !== 1 && `lineage ${lineage}`,
    fate,
  ].filter(Boolean)
  return [
    `  ${kind} ${what}: ${place.join(', ')}`,
    `      stored ${value(stored)}, expected ${value(expected)}`,
    ...because.map(text => `      ${text}`),
  ]
}

function value(of: unknown): string {
  if (of === null) return 'nothing'
  if (typeof of !== 'object') return String(of)
  return Object.entries(of as object)
    .map(([name, part]) => `${name.replace(/_count$/, '')} ${part}`)
    .join(', ')
}

function noteLines({ reused, checkpoint, scope }: Report): string[] {
  const lines: string[] = []
  if (reused.count > 0) {
    lines.push(
      '',
      `note: ${number(reused.count)} duplicates say something else than the first event of their id, such as`,
    )
    lines.push(`  ${reused.examples.slice(0, 5).join('; ')}`)
  }
  const isOfAll = scope.date === null && scope.user === null && scope.partition === null
  if (checkpoint.recorded) lines.push('', 'A checkpoint was recorded: proofs go on from here when the log is trimmed.')
  else if (isOfAll) lines.push('', `No checkpoint was recorded: ${checkpoint.why}.`)
  return lines
}

function costLine({ records, seconds, snapshotSeconds, memoryMegabytes }: Report): string {
  const rate = seconds > 0 ? Math.round(records / seconds) : 0
  return (
    `${number(records)} records in ${seconds.toFixed(1)} s (${number(rate)} a second); ` +
    `the snapshot was held for ${snapshotSeconds.toFixed(2)} s; ${memoryMegabytes} MB of memory at most`
  )
}

const number = (value: number): string => value.toLocaleString('en-US')

/** Columns as wide as they need to be; numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(cells => cells[column]!.length)))
  const isNumber = (cell: string) => /^[\d,]+$/.test(cell)
  const padded = (cell: string, width: number) => (isNumber(cell) ? cell.padStart(width) : cell.padEnd(width))
  return rows.map(cells =>
    cells
      .map((cell, column) => padded(cell, widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}
