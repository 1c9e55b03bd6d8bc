/**
 * `npm run simulate -- --seed S --count N`: schedules S to S + N - 1, on every core. Ends with 1 where one fails.
 * Flags: --seed, --count or --seconds, --workers, --story LINES, --report FILE.
 */
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { writeReport } from '../campaign/report.ts'
import { missing, states } from './coverage.ts'
import { hex, replay, type Simulated, sumOf, told } from './schedules.ts'

/** Schedules that a worker is given at once. */
const portion = 200
/** Fewer may by chance lack a rare state. */
const completeFrom = 500_000
const progressMs = 10_000
/** Failing seeds that are told in full. */
const toldMax = 3

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    count: { type: 'string' },
    seconds: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    story: { type: 'string' },
    report: { type: 'string' },
  },
})
const seed = wholeNumber(flags.seed)
const seconds = flags.seconds === undefined ? undefined : wholeNumber(flags.seconds)
const count = wholeNumber(flags.count ?? (seconds === undefined ? '100000' : String(Number.MAX_SAFE_INTEGER)))
const say = (line: string) => process.stdout.write(`${line}\n`)

const startedMs = Date.now()
const deadlineMs = seconds === undefined ? Number.POSITIVE_INFINITY : startedMs + seconds * 1_000
let next = 0
let saidMs = startedMs
let done: Simulated = sumOf([])
let brokenWorker: string | undefined

say(`seed ${seed}: ${seconds === undefined ? `${count} schedules` : `schedules for ${seconds} s`}`)
await Promise.all(Array.from({ length: Math.min(wholeNumber(flags.workers), Math.ceil(count / portion)) }, work))
const ranSeconds = (Date.now() - startedMs) / 1_000
const { schedules, steps, failed, coverage } = done
const lacking = schedules >= completeFrom ? missing(coverage, true) : []
const isWhole = seconds !== undefined || schedules === count
const verdict =
  failed.length === 0 && lacking.length === 0 && brokenWorker === undefined && isWhole ? 'passed' : 'failed'

for (const state of states) say(`${String(coverage.get(state) ?? 'never').padStart(10)}  ${state}`)
const shown = wholeNumber(flags.story ?? '60')
for (const { seed } of failed.slice(0, toldMax)) say(`\n${await told(seed, shown)}`)
if (failed.length > toldMax)
  say(
    `\nalso failed: ${failed
      .slice(toldMax)
      .map(one => one.seed)
      .join(', ')}`,
  )
if (count === 1 && failed.length === 0) {
  const { hash, story } = await replay(seed)
  if (flags.story !== undefined) say(story.slice(-shown).join('\n'))
  say(`trace ${hex(hash)}`)
}
if (brokenWorker !== undefined) say(brokenWorker)
if (schedules >= completeFrom && lacking.length > 0) say(`never reached: ${lacking.join('; ')}`)
const rate = Math.round(schedules / ranSeconds)
const stepsEach = schedules === 0 ? 0 : Math.round(steps / schedules)
say(
  `${verdict}: ${schedules} schedules of ${stepsEach} steps in ${ranSeconds.toFixed(1)} s, ${rate} a second; ${failed.length} failed`,
)
if (flags.report !== undefined) {
  writeReport(flags.report, startedMs, {
    tool: 'simulate',
    command: `npm run simulate -- --seed ${seed} ${seconds === undefined ? `--count ${count}` : `--seconds ${seconds}`}`,
    seed,
    verdict,
    figures: {
      schedules: schedules,
      failures: failed.length,
      steps: steps,
      'steps of a schedule': stepsEach,
      'schedules a second': rate,
      'rare states reached': `${states.length - missing(coverage, true).length} of ${states.length}`,
    },
    table: { columns: ['fault or rare state', 'times'], rows: states.map(state => [state, coverage.get(state) ?? 0]) },
  })
}
process.exitCode = verdict === 'passed' ? 0 : 1

/** One worker, until enough is done. */
function work(): Promise<void> {
  const worker = new Worker(new URL('worker.ts', import.meta.url))
  return new Promise<void>(resolve => {
    const goOn = () => {
      const from = next
      if (from >= count || Date.now() >= deadlineMs || done.failed.length >= 100) return resolve()
      next += Math.min(portion, count - from)
      worker.postMessage({ from: seed + from, count: next - from })
    }
    worker.on('message', (simulated: Simulated) => {
      done = sumOf([done, simulated])
      tellProgress()
      goOn()
    })
    worker.on('error', error => {
      brokenWorker = `a worker failed: ${(error as Error).stack}`
      resolve()
    })
    goOn()
  }).finally(() => worker.terminate())
}

function tellProgress(): void {
  if (Date.now() - saidMs < progressMs) return
  saidMs = Date.now()
  say(`  ${done.schedules} schedules, ${done.failed.length} failed`)
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`"${text}" is no whole number`)
  return number
}
