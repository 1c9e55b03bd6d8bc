/** Tables and figures as the results show them. */
import type { Chart } from './chart.ts'
import type { Occasion } from './measured.ts'

/** A part of the page. Its charts stand in its text by their file names. */
export interface Section {
  readonly text: string
  readonly charts: Readonly<Record<string, Chart>>
}

/** Columns that begin with a figure are set to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(head),
    line(head.map((_, i) => (/^\d/.test(rows[0]?.[i] ?? '') ? '---:' : '---'))),
    ...rows.map(line),
  ].join('\n')
}

/** 1234567 -> 1,234,567 */
export const grouped = (value: number): string => Math.round(value).toLocaleString('en-US')

export const leftOutList = (leftOut: readonly { readonly name: string; readonly why: string }[]): string =>
  leftOut.length === 0 ? '' : `\n\nLeft out: ${leftOut.map(({ name, why }) => `${name} (${why})`).join('; ')}.`

/** The members of a list by what they have in common, in the order of their first. */
export function by<T>(list: readonly T[], key: (one: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const one of list) groups.set(key(one), [...(groups.get(key(one)) ?? []), one])
  return [...groups]
}

/** A figure from a machine that had other work is no figure: the page says so beside it. */
export function circumstances({ at, commit, machine, command, loadBefore, note }: Occasion): string {
  const busy = loadBefore > 0.5 ? ` **The machine was not quiet (a load of ${loadBefore} before the start).**` : ''
  return `*${at} UTC, commit ${commit}, ${machine}. \`${command}\`.${note === '' ? '' : ` ${note}`}*${busy}`
}
