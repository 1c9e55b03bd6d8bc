/** What a tool of the campaign says about a run, for `npm run campaign` to keep and to show. */
import { writeFileSync } from 'node:fs'
import { commit } from '../../src/runtime/build.ts'

export type Cell = string | number

export interface Report {
  readonly tool: string
  /** As a person would type it to run it again. */
  readonly command: string
  readonly seed: Cell
  /** ISO 8601. */
  readonly startedAt: string
  readonly seconds: number
  readonly commit: string
  readonly verdict: 'passed' | 'failed'
  readonly figures: Readonly<Record<string, Cell>>
  readonly table?: { readonly columns: readonly string[]; readonly rows: readonly (readonly Cell[])[] }
}

/** @param startedMs since 1970; the run ends now. */
export function writeReport(
  file: string,
  startedMs: number,
  facts: Omit<Report, 'startedAt' | 'seconds' | 'commit'>,
): void {
  const startedAt = new Date(startedMs).toISOString()
  const seconds = Math.round((Date.now() - startedMs) / 100) / 10
  const report: Report = { ...facts, startedAt, seconds, commit }
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
}
