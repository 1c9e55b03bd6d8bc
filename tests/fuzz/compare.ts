/** What the fold made of an answer, held against what the slow judge says of each of its records. */
import type { Batch } from '../../src/consumer/batch.ts'
import { rowsOf } from '../../src/consumer/delta.ts'
import { dayText } from '../../src/event/day.ts'
import { encodeHeaders } from '../support/encode-log.ts'
import { type Answer, neighbourItem, type Placed } from './answer.ts'

/** The batches of one answer together. */
export type Folded = Pick<
  Batch,
  'to' | 'counted' | 'duplicate' | 'skipped' | 'rejected' | 'delta' | 'rejects' | 'repairs'
>

/** What a line says of a repair. */
export const forOrigin = (offset: number | undefined) => (offset === undefined ? '' : ` for ${offset}`)

const dates = new Map<number, string>()
/** A day as YYYY-MM-DD, from memory: there are few. */
export function dateOf(day: number): string {
  let date = dates.get(day)
  if (date === undefined) {
    date = dayText(day)
    dates.set(day, date)
  }
  return date
}

/** What is wrong with what the fold made of an answer, or undefined. */
export function compare(folded: Folded, answer: Answer, plain: readonly string[]): string | undefined {
  if (folded.to !== answer.to) return `the fold ended at ${folded.to}, not at ${answer.to}`
  const counts = new Map<string, number>()
  const repairs: string[] = []
  const fates = { counted: 0, duplicate: 0, skipped: answer.to - answer.from - answer.records.length, rejected: 0 }
  for (const [i, line] of plain.entries()) {
    const end = line.lastIndexOf(' for ')
    const [fate, origin] = end < 0 ? [line] : [line.slice(0, end), line.slice(end + ' for '.length)]
    const record = answer.records[i]!
    if (fate.startsWith('rejected ')) {
      const told = compareReject(folded.rejects[fates.rejected++], record, line)
      if (told !== undefined) return told
      continue
    }
    if (fate.startsWith('counted ')) counts.set(fate, (counts.get(fate) ?? 0) + 1)
    const word = fate.split(' ', 1)[0] as 'counted' | 'duplicate' | 'skipped'
    fates[word] += 1
    if (origin !== undefined && fate !== 'duplicate by repair') repairs.push(`${record.offset} ${word} ${origin}`)
  }
  for (const [fate, count] of Object.entries(fates)) {
    const told = folded[fate as keyof typeof fates]
    if (told !== count) return `the fold says ${told} ${fate}, plain says ${count}`
  }
  const made = folded.repairs.map(({ offset, as, origin }) => `${offset} ${as} ${origin.offset}`)
  if (made.join() !== repairs.join()) return `the fold repairs ${made.join()}; plain ${repairs.join()}`
  return compareCounts(folded, answer, counts)
}

function compareCounts(folded: Folded, answer: Answer, counts: Map<string, number>): string | undefined {
  const neighbours = { expected: answer.records.filter(record => record.isNeighbour).length, counted: 0 }
  for (const row of rowsOf(folded.delta)) {
    if (row.itemId === neighbourItem) neighbours.counted += row.view
    for (const activity of ['view', 'click', 'purchase'] as const) {
      const line = `counted ${dateOf(row.day)} ${row.userId} ${row.itemId} ${activity}`
      const expected = counts.get(line) ?? 0
      if (row[activity] !== expected) return `the fold says ${row[activity]} times, plain ${expected}: ${line}`
      counts.delete(line)
    }
  }
  if (counts.size > 0) return `the fold did not count ${[...counts.keys()].join(', ')}`
  if (neighbours.counted === neighbours.expected) return undefined
  return `of ${neighbours.expected} good neighbours ${neighbours.counted} were counted`
}

function compareReject(reject: Batch['rejects'][number] | undefined, record: Placed, fate: string): string | undefined {
  const said =
    reject === undefined ? 'nothing' : `rejected ${reject.reason} ${reject.pointer}${forOrigin(reject.origin?.offset)}`
  if (reject?.offset !== record.offset || said !== fate) {
    return `offset ${record.offset} is ${fate}; the fold has ${said} at ${reject?.offset}`
  }
  const { key, value, headers } = record
  const isKept =
    reject.appendMs === record.appendMs &&
    reject.value.equals(value!) &&
    (key === null ? reject.key === null : reject.key?.equals(key) === true) &&
    (headers.length === 0 ? reject.headers.length === 1 : reject.headers.equals(encodeHeaders(headers)))
  return isKept ? undefined : `offset ${record.offset} is not kept byte for byte`
}
