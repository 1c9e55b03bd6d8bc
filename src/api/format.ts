/** Rows as text: JSON, or CSV (RFC 4180) for spreadsheets. A list is sent in parts, so each format says how they join. Pure. */
import { type Row, renderRows } from './counts.ts'
import type { FormatName } from './parameters.ts'

export interface Format {
  readonly type: string
  /** Stands before the first part, between parts, and after the last one. */
  readonly open: string
  readonly between: string
  readonly close: string
  readonly render: (rows: readonly Row[]) => string
}

const members = ['item_id', 'date', 'view_count', 'click_count', 'purchase_count']

export const formats: Readonly<Record<FormatName, Format>> = {
  json: { type: 'application/json; charset=utf-8', open: '[', between: ',', close: ']', render: renderRows },
  csv: {
    type: 'text/csv; charset=utf-8; header=present',
    ...{ open: csvLine(members), between: '', close: '' },
    render: rows => rows.map(csvLine).join(''),
  },
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join()}\r\n`
}

/**
 * A spreadsheet takes a cell that begins like this for a formula, and would run it; after an apostrophe it is a text. Ids,
 * days and counts never do, so that nothing of theirs is changed.
 */
export function csvCell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}

export interface Named {
  readonly userId: string
  readonly from: string | undefined
  readonly to: string | undefined
}

/** @param asked checked: nothing in it has to be escaped. */
export function csvName({ userId, from, to }: Named): string {
  const range = (from ?? to) === undefined ? '' : `-${from ?? 'first'}-${to ?? 'last'}`
  return `footfall-${userId}${range}.csv`
}
