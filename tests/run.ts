/**
 * Starts one Kafka and one PostgreSQL on free ports, runs the tests that need them, and stops both whatever happens.
 * Arguments go to `node --test`: files (without one, all of them) and options such as --test-name-pattern=TEXT.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { projectRoot } from '../src/runtime/config.ts'
import type { Shared } from './support/environment.ts'
import { withSharedServers } from './support/shared-servers.ts'

/** Files at a time: twice the cores of a small machine, because a file waits more than it computes. */
const concurrency = 4
const testDeadlineMs = 120_000
/** Something that was left open keeps a file running after its tests: that is a failure, not a wait for ever. */
const runDeadlineMs = 15 * 60_000

process.exitCode = await withSharedServers((shared, aborted) => nodeTest(process.argv.slice(2), shared, aborted))

function nodeTest(args: readonly string[], shared: Shared, aborted: AbortSignal): Promise<number> {
  const files = args.some(arg => !arg.startsWith('-'))
    ? []
    : ['tests/integration/**/*.test.ts', 'tests/promises/**/*.test.ts', 'tests/chaos/**/*.test.ts']
  const options = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${testDeadlineMs}`,
    '--test-reporter=spec',
    // kafkajs sets its timers so.
    '--disable-warning=TimeoutNegativeWarning',
  ]
  const tests = spawn(process.execPath, [...options, ...args, ...files], {
    cwd: projectRoot,
    stdio: 'inherit',
    // Hundreds of processes are started, and a third of what a start costs is parsing the same files again.
    env: {
      ...process.env,
      FOOTFALL_TESTS: JSON.stringify(shared),
      NODE_COMPILE_CACHE: join(shared.folder, 'compile-cache'),
    },
  })
  const stop = () => tests.kill('SIGTERM')
  aborted.addEventListener('abort', stop)
  const overdue = setTimeout(stop, runDeadlineMs).unref()
  return new Promise((resolve, reject) => {
    tests.once('error', reject)
    tests.once('exit', code => {
      clearTimeout(overdue)
      resolve(code ?? 1)
    })
  })
}
