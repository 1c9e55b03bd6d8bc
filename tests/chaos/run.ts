/**
 * `npm run chaos`: plays schedules of faults on a real Kafka and a real PostgreSQL of its own. Ends with code 0 when every
 * schedule was played to its end and kept every promise, else with 1; what was not looked at is not passed.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/runtime/config.ts'
import { fetchJars } from '../../src/stack/jars.ts'
import { writeReport } from '../campaign/report.ts'
import { runCampaign } from './campaign.ts'
import { parseFlags, wrongUse } from './flags.ts'
import { factsOf, factsText } from './report.ts'

const parsed = parseFlags(process.argv.slice(2), randomBytes(4).toString('hex'))
if (typeof parsed === 'string') {
  process.stderr.write(`${parsed}\n${wrongUse}\n`)
  process.exit(2)
}
const { campaign, minutes, schedules, report, isKept } = parsed
const say = (line: string) => void process.stdout.write(`${line}\n`)
const startedMs = Date.now()
const isTime = () => Date.now() - startedMs < minutes * 60_000
let isAborted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (isAborted) process.exit(1)
    isAborted = true
    say(`${signal}: this schedule is the last, and the run has failed; a second signal ends it at once`)
  })
}

const folder = mkdtempSync(join(tmpdir(), 'footfall-chaos-'))
let hasPassed = false
try {
  const jars = await fetchJars(loadConfig().dataFolder)
  const isOver = (begun: number) => isAborted || begun >= schedules || !isTime()
  const outcome = await runCampaign({ ...campaign, isOver }, folder, jars, say)
  const facts = factsOf(outcome, !isAborted)
  for (const line of factsText(facts)) say(line)
  // As the other tools: what was played, not where its report went.
  const played = process.argv.slice(2).filter((arg, i, all) => !arg.startsWith('--report') && all[i - 1] !== '--report')
  const command = ['npm run chaos --', ...played].join(' ')
  if (report !== undefined) writeReport(report, startedMs, { tool: 'chaos', command, seed: campaign.seed, ...facts })
  hasPassed = facts.verdict === 'passed'
} finally {
  // A failure leaves its logs to be read.
  if (hasPassed && !isKept) rmSync(folder, { recursive: true, force: true })
  else say(`logs: ${folder}`)
  process.exitCode = hasPassed ? 0 : 1
}
