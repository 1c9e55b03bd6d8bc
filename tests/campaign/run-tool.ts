/** Runs one tool of the campaign, as often as its size asks for, each time with a seed of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commit } from '../../src/runtime/build.ts'
import { projectRoot } from '../../src/runtime/config.ts'
import type { Report } from './report.ts'
import type { Tool } from './tools.ts'

/**
 * Leaves a report of each run in the folder. A run that ends without one, or with another code than its report says, is
 * a failed one.
 * @param isAdded the earlier reports stay. @throws when this process is told to stop.
 */
export async function runTool(tool: Tool, folder: string, isAdded: boolean): Promise<void> {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Manifest
  // Started without npm, which would leave it running when it is told to stop.
  const [, ...script] = scripts[tool.name]?.split(' ') ?? []
  if (!isAdded) {
    for (const file of readdirSync(folder)) if (file.startsWith(`${tool.name}-`)) rmSync(join(folder, file))
  }
  if (script.length === 0) return say(`there is no npm run ${tool.name}`)
  for (const flags of tool.runs) {
    const seed = String(randomInt(2 ** 31))
    const report = join(folder, `${tool.name}-${seed}.json`)
    const args = [...flags, ...(tool.isSeeded ? ['--seed', seed] : [])]
    const command = ['npm run', tool.name, ...(args.length > 0 ? ['--', ...args] : [])].join(' ')
    say(`\n${command}`)
    const startedMs = Date.now()
    const all = [...script, ...args, '--report', report]
    const code = await ended(spawn(process.execPath, all, { cwd: projectRoot, stdio: 'inherit' }))
    if (!existsSync(report)) writeJson(report, failed(tool.name, command, seed, startedMs))
    const said = JSON.parse(readFileSync(report, 'utf8')) as Report
    if (code !== 0) writeJson(report, { ...said, verdict: 'failed', figures: { ...said.figures, ended: code } })
  }
}

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
}

/** Of a run that could not say how it went. */
function failed(tool: string, command: string, seed: string, startedMs: number): Report {
  const startedAt = new Date(startedMs).toISOString()
  const seconds = Math.round((Date.now() - startedMs) / 1_000)
  return { tool, command, seed, startedAt, seconds, commit, verdict: 'failed', figures: {} }
}

/** @returns its exit code, or what ended it instead. */
function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    let stopping: NodeJS.Signals | undefined
    const stop = (signal: NodeJS.Signals) => {
      stopping = signal
      child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, stop)
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, signal) => {
      for (const signal of signals) process.off(signal, stop)
      if (stopping !== undefined) reject(new Error(`the campaign was stopped by ${stopping}`))
      else resolve(code ?? signal ?? 'nothing')
    })
  })
}

function writeJson(file: string, value: object): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
