/** What should notice a defect, the likeliest and quickest first. */
import { spawn } from 'node:child_process'
import type { Shared } from '../support/environment.ts'
import type { Mutant } from './mutant.ts'

export interface Killer {
  readonly name: string
  /** Arguments for Node, in the copy's folder. */
  readonly args: readonly string[]
}

/** Finds in a second most of what it can find. */
const fewSchedules = simulator(400)
const schedules = simulator(5_000)
const unit = tests(
  'unit tests',
  ...['consumer', 'event', 'kafka', 'kernel'].map(room => `tests/unit/${room}/**/*.test.ts`),
)
const tables = testFile('tests/integration/simulated-store.test.ts')

/** Those that are known to notice it come first, then all others. */
export function killersOf({ tests }: Mutant): Killer[] {
  const killers = [...tests.map(testFile), fewSchedules, unit, schedules, tables]
  return [...new Map(killers.map(killer => [killer.name, killer])).values()]
}

/** @param load as `schedules.ts` takes it. */
export function simulator(count: number, ...load: 'own-ids'[]): Killer {
  const name = [`simulator, ${count} schedules`, ...load].join(', ')
  return { name, args: ['tests/mutants/schedules.ts', String(count), ...load] }
}

function testFile(file: string): Killer {
  return tests(file.replace(/^.*\//, '').replace('.test.ts', ''), file)
}

function tests(name: string, ...files: string[]): Killer {
  const options = ['--test', '--test-isolation=none', '--test-timeout=60000']
  return { name, args: [...options, '--disable-warning=TimeoutNegativeWarning', ...files] }
}

export interface Attempt {
  /** What has failed, in its own words; undefined: nothing. */
  readonly why: string | undefined
  readonly seconds: number
  /** The end of what it wrote. */
  readonly said: string
}

/** The first line of a test that failed, as Node's reporter writes it, or of a schedule. */
const failure = /^\s*✖ (.+) \([\d.]+ms\)$|^schedule \d+ failed .*$/m

/**
 * Runs a killer in a copy.
 * @param secondsMax what takes longer has noticed, too.
 * @param endsAtFirst when something has failed, without saying more.
 * @throws when it ends badly and says nothing of a failure: a defect that breaks everything shows nothing.
 */
export function attempt(
  killer: Killer,
  folder: string,
  shared: Shared,
  signal: AbortSignal,
  secondsMax: number,
  endsAtFirst: boolean,
): Promise<Attempt> {
  const startMs = performance.now()
  const child = spawn(process.execPath, killer.args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: what it has started goes with it.
    detached: true,
    env: { ...process.env, FOOTFALL_TESTS: JSON.stringify(shared) },
  })
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // It is gone.
    }
  }
  let said = ''
  let why: string | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000)
      if (why !== undefined) return
      const [line, test] = failure.exec(said) ?? []
      why = test ?? line
      if (why !== undefined && endsAtFirst) kill()
    })
  }
  const timer = setTimeout(() => {
    why ??= `not at its end after ${secondsMax.toFixed(0)} s`
    kill()
  }, secondsMax * 1_000)
  signal.addEventListener('abort', kill)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => {
      clearTimeout(timer)
      signal.removeEventListener('abort', kill)
      kill()
      if (why === undefined && code !== 0 && !signal.aborted) {
        reject(new Error(`${killer.name} ended with ${code} and named no failure:\n${said.slice(-4_000)}`))
      } else {
        resolve({ why, seconds: (performance.now() - startMs) / 1_000, said })
      }
    })
  })
}
