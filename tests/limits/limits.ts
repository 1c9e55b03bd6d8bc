/**
 * `npm run limits`: loads beyond what can be written, on a real Kafka and a real PostgreSQL. Ends with 1 where a count is
 * wrong, the consumer takes more memory than it may, or a partition that is well has to wait for one that is not.
 * Flags: --only NAME, --scale FACTOR, --report FILE.
 */
import { parseArgs } from 'node:util'
import { writeReport } from '../campaign/report.ts'
import { inLifetime } from '../support/environment.ts'
import { withSharedServers } from '../support/shared-servers.ts'
import { bad } from './bad.ts'
import { oneHot, oneKey } from './hot.ts'
import { healthyMsMax, type Limit, type Measured, peakMiBMax } from './limit.ts'
import { slow } from './slow.ts'
import { stalled } from './stalled.ts'

const limits: readonly Limit[] = [slow, stalled, oneKey, bad, oneHot]

const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, scale: { type: 'string', default: '1' }, report: { type: 'string' } },
})
const { only } = flags
const scale = Number(flags.scale)
const chosen = limits.filter(({ name }) => only === undefined || name === only)
if (!(scale > 0 && scale <= 10)) fail(`--scale is "${flags.scale}"; allowed: a number above 0, up to 10`)
if (chosen.length === 0) fail(`--only is "${only}"; allowed: ${limits.map(({ name }) => name).join(', ')}`)

const startedMs = Date.now()
const say = (line: string) => process.stdout.write(`${line}\n`)
const rows: (string | number)[][] = []
const problems: string[] = []
let records = 0
await withSharedServers(async shared => {
  process.env['FOOTFALL_TESTS'] = JSON.stringify(shared)
  for (const limit of chosen) {
    say(`${limit.name}: ${limit.about}`)
    try {
      note(limit, await inLifetime(lifetime => limit.run(lifetime, scale)))
    } catch (error) {
      problems.push(`${limit.name}: ${(error as Error).message.split('\n')[0]}`)
      say(`  WRONG: ${(error as Error).stack}`)
    }
  }
})
const verdict = problems.length === 0 && rows.length === chosen.length ? 'passed' : 'failed'
for (const problem of problems) say(problem)
say(verdict)
if (flags.report !== undefined) {
  writeReport(flags.report, startedMs, {
    tool: 'limits',
    command: `npm run limits -- --scale ${scale}${only === undefined ? '' : ` --only ${only}`}`,
    seed: 'none',
    verdict,
    figures: {
      loads: rows.length,
      records,
      'wrong counts, bounds of memory or time broken': problems.length,
      'memory of a consumer, MiB at most': Math.max(...rows.map(row => Number(row[2]))),
      'bound of it, MiB': peakMiBMax,
      'bound of the lag of a healthy partition, s': healthyMsMax / 1_000,
    },
    table: { columns: ['load', 'records', 'peak MiB', 'healthy partition p50', 'max', 'drained after'], rows },
  })
}
process.exitCode = verdict === 'passed' ? 0 : 1

function note({ name }: Limit, measured: Measured): void {
  const { peakMiB, healthyMs, drainedMs } = measured
  const sorted = healthyMs.toSorted((a, b) => a - b)
  const [p50, max] = [sorted[sorted.length >> 1], sorted.at(-1)].map(ms => `${Math.round(ms!)} ms`) as [string, string]
  const drained = `${(drainedMs / 1_000).toFixed(1)} s`
  rows.push([name, measured.records, peakMiB, p50, max, drained])
  records += measured.records
  say(`  ${measured.records} records, peak ${peakMiB} MiB, healthy p50 ${p50} max ${max}, drained after ${drained}`)
  if (peakMiB > peakMiBMax) problems.push(`${name}: the consumer took ${peakMiB} MiB, at most ${peakMiBMax} were to be`)
  if (name !== 'stalled' && sorted.at(-1)! > healthyMsMax) problems.push(`${name}: a healthy partition was ${max} late`)
}

function fail(words: string): never {
  process.stderr.write(`${words}\n`)
  process.exit(2)
}
