/**
 * `npm run test:compose`: builds the image, runs the tests against the whole of compose.yaml in a project of its own on
 * free ports, and takes it down with its volumes and its image whatever happens. Needs Docker with Compose. Arguments
 * are options for `node --test`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../src/runtime/config.ts'
import { freePort } from '../../src/stack/port.ts'
import { composeArguments, dockerEnvironment, type Project } from './docker.ts'

const testDeadlineMs = 5 * 60_000
const runDeadlineMs = 25 * 60_000

/** What a failure leaves to be read before it is taken down. */
const shown = [
  ['ps', '--all'],
  ['logs', '--tail', '40'],
]

for (const args of [['version'], ['compose', 'version'], ['buildx', 'version']]) {
  const { status, error, stderr } = spawnSync('docker', args, { encoding: 'utf8' })
  if (status === 0) continue
  process.stderr.write(
    `test:compose needs a Docker engine with Compose and buildx: ${error?.message ?? stderr.trim()}\n`,
  )
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'footfall-compose-'))
const project: Project = {
  name: `footfall-test-${randomBytes(3).toString('hex')}`,
  envFile: join(folder, 'env'),
  ports: await freePorts(3),
  otherPorts: await freePorts(3),
}
const aborted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => aborted.abort())
setTimeout(() => aborted.abort(), runDeadlineMs).unref()

try {
  process.exitCode = await run(process.argv.slice(2))
} finally {
  takeDown()
  rmSync(folder, { recursive: true, force: true })
}

async function run(args: readonly string[]): Promise<number> {
  writeFileSync(project.envFile, readFileSync(join(projectRoot, '.env.example')))
  process.stdout.write(`project ${project.name}, ports ${project.ports.join(', ')}\n`)
  if ((await child('docker', composeArguments(project, ['build', '--quiet']))) !== 0) return 1
  const options = [
    '--test',
    `--test-timeout=${testDeadlineMs}`,
    '--test-reporter=spec',
    // kafkajs sets its timers so.
    '--disable-warning=TimeoutNegativeWarning',
  ]
  const code = await child(process.execPath, [...options, ...args, 'tests/compose/compose.test.ts'])
  if (code !== 0) for (const show of shown) await child('docker', composeArguments(project, show))
  return code
}

function child(command: string, args: readonly string[]): Promise<number> {
  if (aborted.signal.aborted) return Promise.resolve(1)
  const running = spawn(command, args, {
    cwd: projectRoot,
    stdio: 'inherit',
    env: { ...dockerEnvironment(), FOOTFALL_COMPOSE: JSON.stringify(project), KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  })
  const stop = () => running.kill('SIGTERM')
  aborted.signal.addEventListener('abort', stop)
  return new Promise((resolve, reject) => {
    running.once('error', reject)
    running.once('exit', code => resolve(code ?? 1))
  })
}

/** In a process group of its own: an impatient second Ctrl-C must not leave containers and volumes behind. */
function takeDown(): void {
  const options = { cwd: projectRoot, env: dockerEnvironment(), detached: true, encoding: 'utf8' } as const
  const down = spawnSync('docker', composeArguments(project, ['down', '--volumes', '--timeout', '1']), options)
  const image = spawnSync('docker', ['image', 'rm', '--force', project.name], options)
  if (down.status === 0 && image.status === 0) return
  process.stderr.write(`${project.name} was not taken down: ${down.stderr}${image.stderr}\n`)
  process.exitCode = 1
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}
