/** Reads: a million rows, 64 connections; plain, asked again with an ETag, and while the consumer writes. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { projectRoot } from '../src/runtime/config.ts'
import { freePort } from '../src/stack/port.ts'
import type { LeftOut } from './contestants.ts'
import type { Lab } from './lab.ts'
import { steadyLoad } from './latency.ts'
import { cpuSecondsOfTree, peakMegabytesOfTree } from './machine.ts'
import { type Reader, readers } from './readers.ts'
import { inTurn } from './rounds.ts'

export type ReadKind = 'plain' | 'etag' | 'writes'

export interface Reading {
  readonly reader: string
  readonly kind: ReadKind
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Requests without an answer, and answers that were neither 200 nor 304. */
  readonly failed: number
  /** CPU milliseconds of the server per thousand requests. */
  readonly cpuMsPerThousand: number
  readonly peakMegabytes: number
}

export interface Reads {
  readonly users: number
  readonly rows: number
  readonly rounds: number
  readonly readings: readonly Reading[]
  readonly leftOut: readonly LeftOut[]
}

const itemsPerUser = 10
const connections = 64
const warmUpSeconds = 2
/** So many users are asked again. Their tags are fetched first. */
const taggedUsers = 2_000
const writesPerSecond = 10_000
const answersWithinMs = 30_000
const stopDeadlineMs = 5_000
/** An answer has another tag in each coding, and the load asks for none. */
const asLoad = { 'accept-encoding': 'identity' }
const run = promisify(execFile)

/** @param rows of the table. @param seconds of each measurement. */
export async function reads(
  lab: Lab,
  rows: number,
  seconds: number,
  rounds: number,
  say: (line: string) => void,
): Promise<Reads> {
  const { found, leftOut } = await readers()
  const users = Math.floor(rows / itemsPerUser)
  const readings: Reading[] = []
  const result: Reads = { users, rows, rounds, readings, leftOut }
  if (!(await hasWrk())) {
    leftOut.push({ name: 'all reads', why: 'wrk is missing: sudo apt-get install -y wrk' })
    return result
  }
  const settings = lab.settings('reads', 'reads')
  await lab.createDatabase(settings)
  const paths = await fill(lab, users)
  for (let round = 1; round <= rounds; round++) {
    for (const kind of ['plain', 'etag', 'writes'] as const) {
      const stopWriting = kind === 'writes' ? await startWriting(lab, settings) : undefined
      for (const reader of inTurn(found, round)) {
        try {
          const reading = await read(lab, reader, kind, settings, paths, seconds, round)
          readings.push(reading)
          say(
            `  round ${round} ${reader.name}, ${kind}: ${reading.perSecond.toFixed(0)} requests/s, ` +
              `p50 ${reading.p50Ms.toFixed(1)} ms, p99 ${reading.p99Ms.toFixed(1)} ms, ${reading.failed} failed`,
          )
        } catch (error) {
          if (lab.isClosing()) throw error
          leftOut.push({ name: `${reader.name}, ${kind}, round ${round}`, why: (error as Error).message })
        }
      }
      await stopWriting?.()
    }
  }
  await lab.dropDatabase('reads')
  return result
}

async function hasWrk(): Promise<boolean> {
  try {
    await run('wrk', ['-v'])
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT' // asked for its version it ends with 1
  }
}

async function fill(lab: Lab, users: number): Promise<string[]> {
  const client = await lab.connect('reads')
  await client.query(
    `insert into daily_user_item_summary
     select md5('u' || u)::uuid, date '2026-11-01' + r, md5('i' || u || '-' || r)::uuid, (u + r) % 50, (u * r) % 20, r % 3
       from generate_series(1, $1::int) u, generate_series(1, $2::int) r order by 1, 2, 3`,
    [users, itemsPerUser],
  )
  await client.query('vacuum analyze daily_user_item_summary')
  await client.query('checkpoint')
  const { rows } = await client.query<{ id: string }>(
    'select distinct user_id::text as id from daily_user_item_summary',
  )
  await client.end()
  return rows.map(({ id }) => `/api/user-activity-summary/${id}`)
}

/** A consumer at work in the same database. @returns ends it. */
async function startWriting(lab: Lab, settings: Readonly<Record<string, string>>): Promise<() => Promise<void>> {
  const consumer = lab.serve({
    name: 'footfall-consumer',
    command: join(projectRoot, 'footfall'),
    args: ['consumer'],
    environment: settings,
  })
  const load = lab.serve(steadyLoad(settings, writesPerSecond))
  await pause(warmUpSeconds * 1_000)
  return async () => {
    await load.stop('SIGKILL', stopDeadlineMs)
    await consumer.stop('SIGTERM', stopDeadlineMs)
  }
}

async function read(
  lab: Lab,
  reader: Reader,
  kind: ReadKind,
  settings: Readonly<Record<string, string>>,
  paths: readonly string[],
  seconds: number,
  round: number,
): Promise<Reading> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = lab.serve(reader.server(lab, settings, port, kind === 'etag'))
  try {
    await checkAnswer(url + paths[0], server.running)
    const file = join(lab.folder, 'reads.txt')
    writeFileSync(file, (kind === 'etag' ? await tagged(url, paths) : paths).join('\n'))
    const env = { ...process.env, FOOTFALL_READS: file, FOOTFALL_SEED: String(round) }
    const load = (length: number) =>
      run('wrk', ['-t1', `-c${connections}`, `-d${length}s`, '-s', join(projectRoot, 'bench/reads.lua'), url], { env })
    await load(warmUpSeconds)
    const before = cpuSecondsOfTree(server.pid)
    const { stdout } = await load(seconds)
    const serverCpu = cpuSecondsOfTree(server.pid) - before
    const said = /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(stdout)
    if (said === null) throw new Error(`wrk said: ${stdout.slice(0, 300)}`)
    const [requests, microseconds, p50, p99, broken, refused] = said.slice(1).map(Number) as number[]
    return {
      reader: reader.name,
      kind,
      perSecond: (requests! / microseconds!) * 1e6,
      p50Ms: p50! / 1_000,
      p99Ms: p99! / 1_000,
      failed: broken! + refused!,
      cpuMsPerThousand: (serverCpu * 1e6) / requests!,
      peakMegabytes: peakMegabytesOfTree(server.pid),
    }
  } finally {
    await server.stop('SIGTERM', stopDeadlineMs)
  }
}

/** Waits for the first answer, and looks whether it is one. */
async function checkAnswer(url: string, running: () => boolean): Promise<void> {
  const deadline = performance.now() + answersWithinMs
  for (;;) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.status === 200) {
      const rows = (await answer.json()) as Readonly<Record<string, unknown>>[]
      const isWhole = rows.length === itemsPerUser && rows.every(row => typeof row['view_count'] === 'number')
      const isOrdered = rows.every((row, i) => i === 0 || String(row['date']) < String(rows[i - 1]!['date']))
      if (!isWhole || !isOrdered) throw new Error(`${url} answers ${JSON.stringify(rows).slice(0, 300)}`)
      return
    }
    if (!running() || performance.now() > deadline) throw new Error(`${url} does not answer: ${answer?.status}`)
    await pause(50)
  }
}

/** Lines with the tag of each answer. @throws when a tag that was just given is not recognised. */
async function tagged(url: string, paths: readonly string[]): Promise<string[]> {
  const lines: string[] = []
  for (const path of paths.slice(0, taggedUsers)) {
    const answer = await fetch(url + path, { headers: asLoad })
    const tag = answer.headers.get('etag')
    await answer.bytes()
    if (tag === null) throw new Error(`${url}${path} has no ETag`)
    lines.push(`${path} ${tag}`)
  }
  const [path, tag] = lines[0]!.split(' ') as [string, string]
  const again = await fetch(url + path, { headers: { ...asLoad, 'if-none-match': tag } })
  if (again.status !== 304) throw new Error(`${url}${path} answers ${again.status} to its own ETag`)
  return lines
}
