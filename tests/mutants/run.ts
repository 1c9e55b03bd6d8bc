/**
 * Plants one bug after another into copies of the project, and says which test noticed each. A bug that nobody notices
 * is a hole in the tests: it fails the run, and so does whatever kept a bug from being tried.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { writeReport } from '../campaign/report.ts'
import type { Shared } from '../support/environment.ts'
import { withSharedServers } from '../support/shared-servers.ts'
import { copyWith } from './copy.ts'
import { attempt, killersOf } from './killers.ts'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'

const help = `Plants bugs into copies of Footfall and shows which test notices each.

npm run mutants                      all of them
npm run mutants -- --only TEXT       those with TEXT in their name or file
npm run mutants -- --list            their names
npm run mutants -- --report FILE     also writes the result as JSON

Exit code 0: every bug was noticed. 1: some survived, or could not be tried.`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean' },
    report: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

interface Death {
  readonly mutant: Mutant
  /** Undefined: it survived. */
  readonly killer: string | undefined
  readonly seconds: number
}

const say = (line: string) => void process.stdout.write(`${line}\n`)

if (values.help) say(help)
else process.exitCode = await run()

async function run(): Promise<number> {
  const chosen = mutants.filter(({ name, file }) => `${file} ${name}`.includes(values.only ?? ''))
  if (values.list) {
    for (const { name, file } of chosen) say(`${file.padEnd(36)} ${name}`)
    return 0
  }
  const startedMs = Date.now()
  const deaths = await withSharedServers(async (shared, signal) => {
    await provePass(chosen, shared, signal)
    return plantAll(chosen, shared, signal)
  })
  const survivors = deaths.filter(({ killer }) => killer === undefined)
  for (const { mutant } of survivors) say(`SURVIVED  ${mutant.file}: ${mutant.name}`)
  const passed = survivors.length === 0 && deaths.length === chosen.length && chosen.length > 0
  say(`${deaths.length - survivors.length} of ${chosen.length} planted bugs were noticed`)
  if (values.report !== undefined) writeReport(values.report, startedMs, reportOf(deaths, passed))
  return passed ? 0 : 1
}

/** What fails without a bug would notice every bug. @throws naming it. */
async function provePass(chosen: readonly Mutant[], shared: Shared, signal: AbortSignal): Promise<void> {
  using copy = copyWith(undefined)
  const killers = new Map(chosen.flatMap(killersOf).map(killer => [killer.name, killer]))
  for (const killer of killers.values()) {
    signal.throwIfAborted()
    const { hasNoticed, seconds, said } = await attempt(killer, copy.folder, shared, signal)
    if (hasNoticed) throw new Error(`${killer.name} fails although nothing is broken:\n${said.slice(-4_000)}`)
    say(`${killer.name}: passes without a bug, ${seconds.toFixed(1)} s`)
  }
}

async function plantAll(chosen: readonly Mutant[], shared: Shared, signal: AbortSignal): Promise<Death[]> {
  const left = [...chosen]
  const deaths: Death[] = []
  const work = async () => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      signal.throwIfAborted()
      const death = await plant(mutant, shared, signal)
      deaths.push(death)
      const noticed = death.killer === undefined ? 'NOBODY' : `${death.killer}, ${death.seconds.toFixed(1)} s`
      say(`${String(deaths.length).padStart(3)}/${chosen.length}  ${mutant.file}: ${mutant.name}  ->  ${noticed}`)
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, work))
  return deaths
}

async function plant(mutant: Mutant, shared: Shared, signal: AbortSignal): Promise<Death> {
  using copy = copyWith(mutant)
  for (const killer of killersOf(mutant)) {
    const { hasNoticed, seconds } = await attempt(killer, copy.folder, shared, signal)
    signal.throwIfAborted()
    if (hasNoticed) return { mutant, killer: killer.name, seconds }
  }
  return { mutant, killer: undefined, seconds: 0 }
}

function reportOf(deaths: readonly Death[], passed: boolean) {
  const byKiller = Map.groupBy(deaths, ({ killer }) => killer ?? 'nobody')
  const slowest = Math.max(0, ...deaths.map(({ seconds }) => seconds))
  return {
    tool: 'mutants',
    command: 'npm run mutants',
    seed: 'fresh',
    verdict: passed ? ('passed' as const) : ('failed' as const),
    figures: {
      'planted bugs': deaths.length,
      survived: byKiller.get('nobody')?.length ?? 0,
      ...Object.fromEntries([...byKiller].map(([killer, all]) => [`noticed by ${killer}`, all.length])),
      'slowest, seconds': Math.round(slowest * 10) / 10,
    },
    table: {
      columns: ['planted bug', 'in', 'noticed by', 'seconds'],
      rows: deaths
        .toSorted((a, b) => a.mutant.file.localeCompare(b.mutant.file))
        .map(({ mutant, killer, seconds }) => [
          mutant.name,
          mutant.file,
          killer ?? 'nobody',
          Math.round(seconds * 10) / 10,
        ]),
    },
  }
}
