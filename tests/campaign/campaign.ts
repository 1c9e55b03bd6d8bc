/**
 * `npm run campaign`: runs simulate, chaos, fuzz and mutants at full size, keeps their reports in tests/results/ and
 * writes tests/RESULTS.md. Ends with 1 unless everything was run and passed.
 * Flags: --only TOOL (its earlier reports go), --add (they stay), --render (runs nothing).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { projectRoot } from '../../src/runtime/config.ts'
import { type Machine, thisMachine } from './machine.ts'
import { inOrder, render } from './render.ts'
import type { Report } from './report.ts'
import { runTool } from './run-tool.ts'
import { summaryOf } from './summary.ts'
import { tools } from './tools.ts'

const folder = join(projectRoot, 'tests/results')
const machineFile = join(folder, 'machine.json')
export const resultsFile = join(projectRoot, 'tests/RESULTS.md')

if (import.meta.main) process.exitCode = await campaign()

async function campaign(): Promise<number> {
  const { values: flags } = parseArgs({
    options: { only: { type: 'string' }, add: { type: 'boolean' }, render: { type: 'boolean' } },
  })
  const wanted = tools.filter(({ name }) => flags.only === undefined || flags.only === name)
  if (wanted.length === 0) {
    throw new Error(`there is no tool ${flags.only}; there are ${tools.map(({ name }) => name).join(', ')}`)
  }
  mkdirSync(folder, { recursive: true })
  if (!flags.render || !existsSync(machineFile)) writeJson(machineFile, thisMachine())
  if (!flags.render) for (const tool of wanted) await runTool(tool, folder, flags.add === true)
  const { text, passed } = page()
  writeFileSync(resultsFile, text)
  process.stdout.write(`${passed ? 'everything passed' : 'not everything passed'}: ${resultsFile}\n`)
  return passed ? 0 : 1
}

/** What the reports that are there amount to. */
export function page(): { readonly text: string; readonly passed: boolean } {
  const files = readdirSync(folder).filter(file => file.endsWith('.json') && file !== 'machine.json')
  const reports = inOrder(files.map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Report))
  const unknown = reports.find(report => tools.every(({ name }) => name !== report.tool))
  if (unknown !== undefined)
    throw new Error(`${folder} has a report of ${unknown.tool}, which is no tool of the campaign`)
  const summaries = tools.map(tool => summaryOf(tool, reports))
  const machine = JSON.parse(readFileSync(machineFile, 'utf8')) as Machine
  return { text: render(summaries, machine), passed: summaries.every(({ faults }) => faults.length === 0) }
}

function writeJson(file: string, value: object): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`)
}
