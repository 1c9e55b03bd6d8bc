/** What should notice a defect, the quickest first. */
import { spawn } from 'node:child_process'
import type { Shared } from '../support/environment.ts'
import type { Mutant } from './mutant.ts'

export interface Killer {
  readonly name: string
  /** Arguments for Node, in the copy's folder. */
  readonly args: readonly string[]
  /** What takes longer has noticed, too: the same takes a fraction of it when nothing is broken. */
  readonly secondsMax: number
}

const unit: Killer = {
  name: 'unit tests',
  args: [
    '--test',
    '--test-isolation=none',
    ...['consumer', 'event', 'kafka'].map(room => `tests/unit/${room}/**/*.test.ts`),
  ],
  secondsMax: 60,
}
const simulator: Killer = {
  name: 'simulator',
  args: ['tests/simulation/simulate.ts', '--seconds', '8'],
  secondsMax: 60,
}
const tables = 'tests/integration/simulated-store.test.ts'

export function killersOf({ tests = [] }: Mutant): Killer[] {
  return [unit, simulator, ...[tables, ...tests].map(onRealParts)]
}

function onRealParts(file: string): Killer {
  return {
    name: file.replace(/^.*\//, '').replace('.test.ts', ''),
    args: ['--test', '--test-isolation=none', '--test-timeout=60000', '--disable-warning=TimeoutNegativeWarning', file],
    secondsMax: 120,
  }
}

export interface Attempt {
  readonly hasNoticed: boolean
  readonly seconds: number
  /** The end of what it wrote. */
  readonly said: string
}

/** Runs a killer in a copy. */
export function attempt(killer: Killer, folder: string, shared: Shared, signal: AbortSignal): Promise<Attempt> {
  const startMs = performance.now()
  const child = spawn(process.execPath, killer.args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: what it has started goes with it.
    detached: true,
    env: { ...process.env, FOOTFALL_TESTS: JSON.stringify(shared) },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000)
    })
  }
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // It is gone.
    }
  }
  const timer = setTimeout(kill, killer.secondsMax * 1_000)
  signal.addEventListener('abort', kill)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => {
      clearTimeout(timer)
      signal.removeEventListener('abort', kill)
      kill()
      resolve({ hasNoticed: code !== 0, seconds: (performance.now() - startMs) / 1_000, said })
    })
  })
}
