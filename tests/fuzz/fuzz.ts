/**
 * `npm run fuzz -- --seed S --count N`: fuzzed records by the million, judged three ways, on every core. With --folds
 * (`npm run two-folds`) records that were fuzzed a little, by the ten million, folded by the kernel and by the plain fold.
 * Ends with 1 where two differ, something throws, or a mutation or a reason was never reached.
 * Flags: --seed, --count, --workers, --report FILE, --folds.
 */
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { writeReport } from '../campaign/report.ts'
import { kinds } from './kinds.ts'
import type { Fuzzed } from './log.ts'

/** Fewer may by chance lack one of them. */
const completeFrom = 200_000
const progressMs = 10_000

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    count: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: String(availableParallelism()) },
    report: { type: 'string' },
    folds: { type: 'boolean', default: false },
  },
})
const [first, count, workers] = [flags.seed, flags.count, flags.workers].map(wholeNumber) as [number, number, number]
const kindName = flags.folds ? 'folds' : 'judges'
const kind = kinds[kindName]
const say = (line: string) => process.stdout.write(`${line}\n`)

const startedMs = Date.now()
const made = new Map<string, number>()
const seen = new Map<string, number>()
const wrong: string[] = []
let records = 0
let next = first
let saidMs = startedMs

say(`seed ${first}: ${count} ${kind.records}, ${workers} workers`)
await Promise.all(Array.from({ length: workers }, work))
if (count >= completeFrom) {
  const missing = [...kind.fates.filter(name => !seen.get(name)), ...kind.changes.filter(name => !made.has(name))]
  if (missing.length > 0) wrong.push(`never reached: ${missing.join(', ')}`)
}
const verdict = wrong.length === 0 && records > 0 && records >= count ? 'passed' : 'failed'
for (const difference of wrong) say(difference)
const seconds = (Date.now() - startedMs) / 1_000
say(`${verdict}: ${records} ${kind.records} in ${seconds.toFixed(0)} s, ${Math.round(records / seconds)} a second`)
for (const [fate, times] of [...seen].sort(byNumber)) say(`  ${fate}: ${times}`)
if (flags.report !== undefined) {
  const sorted = [...made].sort(byNumber).map(([name, times]) => `${name} ${times}`)
  writeReport(flags.report, startedMs, {
    tool: kind.tool,
    command: `${kind.command} --seed ${first} --count ${count}`,
    seed: first,
    verdict,
    figures: {
      [kind.records]: records,
      [kind.wrong]: wrong.length,
      'records a second': Math.round(records / seconds),
      mutations: made.size,
      ...(made.size > 0 && { 'rarest mutation': sorted.at(-1)! }),
    },
    table: { columns: ['fate', 'records, the good ones between them included'], rows: [...seen].sort(byNumber) },
  })
}
process.exitCode = verdict === 'passed' ? 0 : 1

/** One worker, until enough is done or something is wrong. */
function work(): Promise<void> {
  const worker = new Worker(new URL('worker.ts', import.meta.url))
  return new Promise<void>(resolve => {
    const goOn = () => {
      if (wrong.length === 0 && (next - first) * kind.recordsPerLog < count)
        worker.postMessage({ seed: next++, kindName })
      else resolve()
    }
    worker.on('message', (fuzzed: Fuzzed & { seed: number }) => {
      add(fuzzed)
      goOn()
    })
    worker.on('error', error => {
      wrong.push(`a worker failed: ${(error as Error).stack}`)
      resolve()
    })
    goOn()
  }).finally(() => worker.terminate())
}

function add(fuzzed: Fuzzed & { seed: number }): void {
  records += fuzzed.records
  for (const [name, times] of fuzzed.seen) seen.set(name, (seen.get(name) ?? 0) + times)
  for (const [name, times] of fuzzed.made) made.set(name, (made.get(name) ?? 0) + times)
  if (fuzzed.difference !== undefined) {
    const again = `${kind.command} --seed ${fuzzed.seed} --count ${kind.recordsPerLog}`
    wrong.push(`log ${fuzzed.seed} (${again}):\n${fuzzed.difference}`)
  }
  if (Date.now() - saidMs < progressMs) return
  saidMs = Date.now()
  say(`  ${records} records`)
}

function byNumber([, a]: readonly [string, number], [, b]: readonly [string, number]): number {
  return b - a
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`"${text}" is no whole number`)
  return number
}
