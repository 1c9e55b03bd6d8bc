/**
 * Starts one Kafka and one PostgreSQL on free ports, runs the tests that need them, and stops both whatever happens.
 * Arguments go to `node --test`: files (without one, all of them) and options such as --test-name-pattern=TEXT.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, projectRoot } from '../src/runtime/config.ts'
import type { Embedded } from '../src/stack/embedded.ts'
import { fetchJars } from '../src/stack/jars.ts'
import { startKafka } from '../src/stack/kafka.ts'
import { startPostgres } from '../src/stack/postgres.ts'
import { credentials, type Shared } from './support/environment.ts'

/** Files at a time: twice the cores of a small machine, because a file waits more than it computes. */
const concurrency = 4
const testDeadlineMs = 120_000
/** Something that was left open keeps a file running after its tests: that is a failure, not a wait for ever. */
const runDeadlineMs = 15 * 60_000

const folder = mkdtempSync(join(tmpdir(), 'footfall-tests-'))
const aborted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => aborted.abort(new Error(signal)))

try {
  process.exitCode = await run(process.argv.slice(2))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function run(args: readonly string[]): Promise<number> {
  const jars = await fetchJars(loadConfig().dataFolder, { signal: aborted.signal })
  const servers = await Promise.allSettled([
    startKafka({
      folder: join(folder, 'kafka'),
      jars,
      logFile: join(folder, 'kafka.log'),
      isShort: true,
      signal: aborted.signal,
    }),
    startPostgres({
      folder: join(folder, 'postgres'),
      logFile: join(folder, 'postgres.log'),
      database: 'postgres',
      ...credentials,
      signal: aborted.signal,
    }),
  ])
  try {
    const [kafka, postgres] = servers.map(server => {
      if (server.status === 'rejected') throw server.reason
      return server.value
    }) as [Embedded, Embedded]
    return await nodeTest(args, { folder, jars, kafka: addressOf(kafka), postgres: addressOf(postgres) })
  } finally {
    // Their folders go next: there is nothing to put in order.
    await Promise.all(servers.map(server => server.status === 'fulfilled' && server.value.kill()))
  }
}

function nodeTest(args: readonly string[], shared: Shared): Promise<number> {
  const files = args.some(arg => !arg.startsWith('-'))
    ? []
    : ['tests/integration/**/*.test.ts', 'tests/promises/**/*.test.ts']
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
    env: { ...process.env, FOOTFALL_TESTS: JSON.stringify(shared) },
  })
  const stop = () => tests.kill('SIGTERM')
  aborted.signal.addEventListener('abort', stop)
  setTimeout(() => aborted.abort(new Error(`not done within ${runDeadlineMs} ms`)), runDeadlineMs).unref()
  return new Promise((resolve, reject) => {
    tests.once('error', reject)
    tests.once('exit', code => resolve(code ?? 1))
  })
}

function addressOf({ host, port, address }: Embedded): Shared['kafka'] {
  return { host, port, address }
}
