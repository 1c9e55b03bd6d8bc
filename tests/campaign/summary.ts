/** Several reports of one tool as one: numbers added up, but for those that are no sums. */
import type { Cell, Report } from './report.ts'
import type { Tool } from './tools.ts'

export interface Summary {
  readonly tool: Tool
  readonly reports: readonly Report[]
  readonly figures: ReadonlyMap<string, Cell>
  readonly table: { readonly columns: readonly string[]; readonly rows: readonly (readonly Cell[])[] } | undefined
  /** Why it does not count as passed; empty when it does. */
  readonly faults: readonly string[]
}

/** Fails closed: an absent report, a failed one, a figure that is not there and a goal that is not reached are faults. */
export function summaryOf(tool: Tool, all: readonly Report[]): Summary {
  const reports = all.filter(report => report.tool === tool.name)
  const figures = new Map<string, Cell>()
  for (const report of reports) {
    for (const [name, value] of Object.entries(report.figures))
      figures.set(name, together(name, figures.get(name), value))
  }
  const faults = reports.length === 0 ? ['was not run'] : []
  for (const { seed, verdict } of reports) if (verdict !== 'passed') faults.push(`seed ${seed} failed`)
  const seeds = reports.map(({ seed }) => seed)
  if (new Set(seeds).size < seeds.length) faults.push('a seed was run twice')
  if (reports.length > 0) faults.push(...tool.goals.flatMap(goal => faultOf(goal, figures.get(goal.figure))))
  return { tool, reports, figures, table: tableOf(reports), faults }
}

function faultOf({ figure, least, most }: Tool['goals'][number], value: Cell | undefined): string[] {
  if (typeof value !== 'number') return [`does not say how many ${figure}`]
  if (least !== undefined && value < least) return [`${figure}: ${value}, not ${least}`]
  return most !== undefined && value > most ? [`${figure}: ${value}`] : []
}

/** Percentiles and extremes are no sums: of several the largest is told; of rates and averages the least. */
const isLargest = /\bp\d\d|\bmost\b|longest|largest|\bmax|peak|slowest/i
const isLeast = /a second|per second|fastest|\bleast\b|of a schedule/i

function together(name: string, before: Cell | undefined, value: Cell): Cell {
  if (before === undefined) return value
  if (typeof before === 'string' || typeof value === 'string') return before === value ? value : `${before}; ${value}`
  if (isLargest.test(name)) return Math.max(before, value)
  if (isLeast.test(name)) return Math.min(before, value)
  return Math.round((before + value) * 1e6) / 1e6
}

/** Rows with the same first cell become one. */
function tableOf(reports: readonly Report[]): Summary['table'] {
  const tables = reports.flatMap(({ table }) => (table === undefined ? [] : [table]))
  const columns = tables[0]?.columns
  if (columns === undefined) return undefined
  const rows = new Map<Cell, Cell[]>()
  for (const table of tables) {
    if (table.columns.join() !== columns.join()) throw new Error(`tables of other columns: ${table.columns.join()}`)
    for (const row of table.rows) {
      const before = rows.get(row[0]!)
      if (before === undefined) rows.set(row[0]!, [...row])
      else for (const [i, cell] of row.entries()) if (i > 0) before[i] = together(columns[i]!, before[i], cell)
    }
  }
  return { columns, rows: [...rows.values()] }
}
