/** A status as people read it. */
import { decisionText } from '../partitions/decisions.ts'
import type { PartitionStatus, Status } from './status.ts'

const columns = [
  'partition',
  'lineage',
  'state',
  'next',
  'lag',
  'counted',
  'duplicate',
  'rejected',
  'skipped',
  'lost',
  'ids',
  'since',
  'owner',
]
const number = (value: number | null): string => (value === null ? '?' : value.toLocaleString('en-US'))

export function statusText(status: Status): string {
  const { topic, partitions, partitionsWaiting, totals, rejects, kafkaProblem, decisions } = status
  const lines = [
    `topic ${topic}`,
    '',
    ...table([columns, ...partitions.map(row), ...closedRows(status), totalRow(status)]),
  ]
  for (const { partition, halt } of partitions) {
    if (halt === null) continue
    lines.push(
      '',
      `partition ${partition} is HALTED, ${halt.reason}: ${halt.detail} (offsets ${halt.from} to ${halt.to})`,
    )
  }
  if (partitions.some(({ halt }) => halt !== null)) lines.push('', './footfall partitions shows the ways out')
  if (decisions.length > 0) lines.push('', 'decided about halts, the latest first', ...decisions.map(decisionText))
  if (partitionsWaiting.length > 0) lines.push('', `not counted yet: partitions ${partitionsWaiting.join(', ')}`)
  if (rejects.length > 0) {
    lines.push('', 'rejects')
    lines.push(
      ...table(rejects.map(({ reason, pointer, count }) => [`  ${reason}`, pointer || '(value)', number(count)])),
    )
  }
  const rows = totals.rows === 0 ? '' : `, in about ${number(totals.rows)} rows` // unknown until PostgreSQL has looked
  lines.push('', `read ${number(readOf(totals))} = counted + duplicate + rejected + skipped + lost${rows}`)
  if (kafkaProblem !== null) lines.push('', kafkaProblem)
  return lines.join('\n')
}

function row(one: PartitionStatus): string[] {
  const { counted, duplicate, rejected, skipped, lost } = one.fates
  const owner = one.owner === null ? 'nobody' : `${one.owner} (${Math.round(one.ownerSeenSecondsAgo ?? 0)} s ago)`
  return [
    String(one.partition),
    String(one.lineage),
    one.state,
    ...[one.nextOffset, one.lag, counted, duplicate, rejected, skipped, lost, one.window.ids].map(number),
    one.window.since ?? '-',
    owner,
  ]
}

/** Lineages that ended, each with where and why. */
function closedRows({ closedLineages }: Status): string[][] {
  return closedLineages.map(({ partition, lineage, nextOffset, fates, haltReason }) => {
    const { counted, duplicate, rejected, skipped, lost } = fates
    const counts = [counted, duplicate, rejected, skipped, lost].map(number)
    return [String(partition), String(lineage), 'closed', number(nextOffset), '', ...counts, '', '', haltReason]
  })
}

function totalRow({ totals }: Status): string[] {
  const { lag, counted, duplicate, rejected, skipped, lost } = totals
  return ['all', '', '', '', ...[lag, counted, duplicate, rejected, skipped, lost].map(number), '', '', '']
}

function readOf({ counted, duplicate, rejected, skipped, lost }: Status['totals']): number {
  return counted + duplicate + rejected + skipped + lost
}

/** Columns as wide as they need to be; numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(cells => cells[column]!.length))) ?? []
  const isNumber = (cell: string) => /^[\d,?]+$/.test(cell)
  return rows.map(cells =>
    cells
      .map((cell, column) => (isNumber(cell) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}
