/**
 * Plants one bug after another into copies of the project, and says which test noticed each. A bug that nobody notices
 * is a hole in the tests: it fails the run, and so does whatever kept a bug from being tried.
 */
import { parseArgs } from 'node:util'
import { writeReport } from '../campaign/report.ts'
import { withSharedServers } from '../support/shared-servers.ts'
import { ablations } from './ablations.ts'
import { killersOf } from './killers.ts'
import { mutants } from './mutants.ts'
import { provePass, type Trial, type Tried, tryAll } from './trial.ts'

const help = `Plants bugs into copies of Footfall and shows which test notices each; then takes defences away (ablations).

npm run mutants                      all of them
npm run mutants -- --only TEXT       those with TEXT in their name or file
npm run mutants -- --list            their names
npm run mutants -- --report FILE     also writes the result as JSON

Exit code 0: every bug was noticed, and every ablation ended as it must. 1: not so, or something could not be tried.`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean' },
    report: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

const planted: readonly Trial[] = mutants.map(mutant => ({
  name: mutant.name,
  where: mutant.file,
  changes: [mutant],
  killers: killersOf(mutant),
  isToBeNoticed: true,
}))
const ablated: readonly Trial[] = ablations.map(({ name, changes, check, isToBeNoticed }) => ({
  ...{ name, where: 'ablation', changes, killers: [check], isToBeNoticed },
}))

const say = (line: string) => void process.stdout.write(`${line}\n`)

if (values.help) say(help)
else process.exitCode = await run()

async function run(): Promise<number> {
  const chosen = [...planted, ...ablated].filter(({ name, where }) => `${where} ${name}`.includes(values.only ?? ''))
  if (values.list) {
    for (const { name, where } of chosen) say(`${where.padEnd(36)} ${name}`)
    return 0
  }
  const startedMs = Date.now()
  let done = 0
  const tell = ({ trial, killer, why, seconds, isRight }: Tried) => {
    const noticed = killer === undefined ? 'nobody' : `${killer}, ${seconds.toFixed(1)} s: ${why}`
    const counter = `${String(++done).padStart(3)}/${chosen.length}`
    say(`${counter}${isRight ? '' : ' WRONG'}  ${trial.where}: ${trial.name}  ->  ${noticed}`)
  }
  const all = await withSharedServers(async (shared, signal) => {
    const took = await provePass(chosen, shared, signal, say)
    return tryAll(chosen, took, shared, signal, tell)
  })
  const passed = all.length === chosen.length && chosen.length > 0 && all.every(({ isRight }) => isRight)
  for (const { trial, isRight } of all) {
    if (!isRight) say(`${trial.isToBeNoticed ? 'SURVIVED' : 'FALSE ALARM'}  ${trial.where}: ${trial.name}`)
  }
  say(
    `${passed ? 'passed' : 'failed'}: ${all.filter(({ isRight }) => isRight).length} of ${chosen.length} as they must be`,
  )
  if (values.report !== undefined) writeReport(values.report, startedMs, reportOf(all, passed))
  return passed ? 0 : 1
}

function reportOf(all: readonly Tried[], passed: boolean) {
  const bugs = all.filter(({ trial }) => planted.includes(trial))
  const others = all.filter(({ trial }) => ablated.includes(trial))
  const byKiller = Map.groupBy(bugs, ({ killer }) => killer ?? 'nobody')
  const rounded = (seconds: number) => Math.round(seconds * 10) / 10
  return {
    tool: 'mutants',
    command: 'npm run mutants',
    seed: 'none',
    verdict: passed ? ('passed' as const) : ('failed' as const),
    figures: {
      'planted bugs': bugs.length,
      survived: byKiller.get('nobody')?.length ?? 0,
      ablations: others.length,
      'ablations that ended otherwise than they must': others.filter(({ isRight }) => !isRight).length,
      ...Object.fromEntries([...byKiller].map(([killer, all]) => [`noticed by ${killer}`, all.length])),
      'slowest, seconds': rounded(Math.max(0, ...all.map(({ seconds }) => seconds))),
    },
    table: {
      columns: ['planted bug or ablation', 'in', 'noticed by', 'which said', 'seconds'],
      rows: [...bugs, ...others]
        .toSorted((a, b) => a.trial.where.localeCompare(b.trial.where))
        .map(({ trial, killer, why, seconds }) => [
          ...[trial.name, trial.where, killer ?? 'nobody', why.slice(0, 160), rounded(seconds)],
        ]),
    },
  }
}
