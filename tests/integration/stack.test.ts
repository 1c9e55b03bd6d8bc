/** `start` as a person meets it: ready, killed, started again, refused, stopped; in a folder with a blank in its name. */
import assert from 'node:assert/strict'
import { execSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { projectRoot } from '../../src/runtime/config.ts'
import { freePort } from '../../src/stack/port.ts'
import { type Process, processes, signalProcess } from '../../src/stack/processes.ts'
import { tail } from '../../src/stack/ready.ts'
import { closing, freshName, sharedFolder, sharedJars, until } from '../support/environment.ts'

const seededUser = '11111111-1111-1111-1111-111111111111'
const startDeadlineMs = 60_000
const stopDeadlineMs = 10_000

test('a stack that is killed at any place comes back and goes on counting, and a stop leaves nothing', {
  timeout: 150_000,
}, async t => {
  const place = await freshPlace(t)

  const first = start(t, place)
  await first.ready()
  assert.deepEqual(await seededCounts(place), { view_count: 5, click_count: 2, purchase_count: 1 })
  const readme = commandOfReadme(place)
  assert.equal(execSync(readme.command, { encoding: 'utf8' }), readme.answer)

  await assertDashboard(place, first.screen())

  const second = start(t, place)
  assert.equal(await second.ended, 1)
  assert.match(second.screen(), new RegExp(`runs already over .* as process ${first.pid}`))

  const consumer = await until(() => roleOf(place, 'consumer'), 1_000, 'the consumer runs')
  process.kill(consumer.pid, 'SIGKILL')
  await until(
    () => /! consumer was ended by SIGKILL; starting it again/.test(first.screen()),
    5_000,
    'the screen says so',
  )
  await until(() => roleOf(place, 'consumer')?.pid !== consumer.pid, 5_000, 'the consumer is started again')

  const postgres = await until(() => leftOf(place).find(isPostmaster), 1_000, 'PostgreSQL runs')
  process.kill(postgres.pid, 'SIGKILL')
  await until(
    () => leftOf(place).some(other => isPostmaster(other) && other.pid !== postgres.pid),
    10_000,
    'PostgreSQL is back',
  )
  await until(() => seededCounts(place), 20_000, 'the API answers again')

  // Both the supervisor and its watches, so that Kafka and PostgreSQL really run on.
  const watches = processes().filter(({ parent, args }) => parent === first.pid && args[0] === 'sh')
  for (const { pid } of [...watches, first]) process.kill(pid, 'SIGKILL')
  await first.ended
  assert.ok(leftOf(place).some(isPostmaster))

  const third = start(t, place)
  await third.ready()
  assert.deepEqual(await seededCounts(place), { view_count: 5, click_count: 2, purchase_count: 1 })
  assert.equal(existsSync(join(place.folder, 'run.json')), true)

  const stoppedMs = performance.now()
  process.kill(third.pid, 'SIGTERM')
  assert.equal(await third.ended, 0)
  assert.ok(performance.now() - stoppedMs < stopDeadlineMs)
  assert.deepEqual(leftOf(place), [])
  assert.equal(existsSync(join(place.folder, 'run.json')), false)
})

test('a taken API port is told before anything is started', async t => {
  const place = await freshPlace(t)
  const server = createServer().listen(place.port, '127.0.0.1')
  closing(t, () => server.close())

  const refused = start(t, place)

  assert.equal(await refused.ended, 1)
  assert.match(
    refused.screen(),
    new RegExp(`port ${place.port} of 127.0.0.1 is taken.* API_PORT=${place.port + 1} npm start`),
  )
  assert.equal(existsSync(join(place.folder, 'postgres')), false)
})

interface Place {
  readonly folder: string
  readonly port: number
}

/** The curl of the README and the answer it shows, as written but for port and date. */
function commandOfReadme({ port }: Place): { command: string; answer: string } {
  const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8')
  const [command, answer] = [/^curl .*$/m, /^\[\{"item_id".*$/m].map(line => line.exec(readme)?.[0] ?? '') as [
    string,
    string,
  ]
  const today = new Date().toISOString().slice(0, 10)
  return { command: command.replace(':8000/', `:${port}/`), answer: answer.replace(/\d{4}-\d\d-\d\d/, today) }
}

/** A data folder of its own, with a blank in its name and the jars that all tests share. */
async function freshPlace(test: TestContext): Promise<Place> {
  const folder = join(sharedFolder(), `${freshName('data')} of a stack`)
  mkdirSync(folder)
  writeFileSync(`${folder}.password`, 'hush-hush\n', { mode: 0o600 })
  symlinkSync(dirname(sharedJars()), join(folder, 'jars'))
  const place = { folder, port: await freePort() }
  closing(test, () => {
    for (const { pid } of leftOf(place)) signalProcess(pid, 'SIGKILL')
  })
  return place
}

function start(test: TestContext, { folder, port }: Place) {
  const child = spawn(process.execPath, [join(projectRoot, 'src/cli.ts'), 'start'], {
    // A password from a file is the embedded PostgreSQL's as well, and the roles'.
    env: {
      ...process.env,
      FOOTFALL_DATA: folder,
      API_PORT: String(port),
      POSTGRES_PASSWORD_FILE: `${folder}.password`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  for (const output of [child.stdout, child.stderr]) createInterface(output).on('line', line => lines.push(line))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  closing(test, async () => {
    child.kill('SIGKILL')
    await ended
  })
  const screen = () => lines.join('\n')
  const isReady = () => {
    if (child.exitCode !== null) throw new Error(screen())
    return /Footfall is ready/.test(screen())
  }
  const tellWhere = (cause: Error) => {
    const logs = ['kafka', 'postgres', 'producer', 'consumer', 'api'].map(name => join(folder, 'logs', `${name}.log`))
    throw new Error([screen(), ...logs.map(log => `${log}:\n${tail(log)}`)].join('\n'), { cause })
  }
  return {
    pid: child.pid as number,
    ended,
    screen,
    ready: () => until(isReady, startDeadlineMs, 'the ready screen').catch(tellWhere),
  }
}

/** The link of the ready screen leads to a page, and its token lets an event be sent by hand; the logs do not have it. */
async function assertDashboard({ folder, port }: Place, screen: string): Promise<void> {
  const [, page, token] = /^ {2}Dashboard {3}(http:\S+\/)#token=(\S{24})$/m.exec(screen)!
  assert.equal(page, `http://127.0.0.1:${port}/`)
  assert.match(await (await fetch(page!, { headers: { accept: 'text/html' } })).text(), /^<!doctype html>/i)
  const headers = { authorization: `Bearer ${token}` }
  assert.equal((await fetch(`${page}api/try`, { method: 'POST', headers, body: '{' })).status, 200)
  for (const role of ['api', 'consumer', 'producer']) {
    assert.ok(!readFileSync(join(folder, 'logs', `${role}.log`), 'utf8').includes(token!), role)
  }
}

async function seededCounts({ port }: Place): Promise<object> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/user-activity-summary/${seededUser}`)
  assert.equal(answer.status, 200)
  const today = new Date().toISOString().slice(0, 10)
  const rows = (await answer.json()) as { date: string; item_id: string; [count: string]: unknown }[]
  const row = rows.find(({ date, item_id }) => date === today && item_id === 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa')
  assert.ok(row)
  const { view_count, click_count, purchase_count } = row
  return { view_count, click_count, purchase_count }
}

/** What names the folder on its command line: Kafka, the postmaster, the roles. */
function leftOf({ folder }: Place): Process[] {
  return processes().filter(({ args }) => args.some(arg => arg.includes(folder)))
}

const isPostmaster = ({ args }: Process): boolean => args.some(arg => arg.startsWith('footfall.folder='))

function roleOf({ folder }: Place, role: string): Process | undefined {
  return processes().find(({ args }) => args[0] === `footfall ${role} of ${folder}`)
}
