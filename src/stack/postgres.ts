/** The embedded PostgreSQL: the server of the npm package over a folder of ours, on 127.0.0.1. */
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type Child, startServer } from './child.ts'
import type { Embedded, EmbeddedOptions } from './embedded.ts'
import { portFor } from './port.ts'
import { findPrograms, type Programs } from './postgres-programs.ts'
import { childrenOf, gone, processes, processesWith, signalProcess } from './processes.ts'
import { awaitEnd, awaitReady, Hopeless } from './ready.ts'

export interface PostgresOptions extends EmbeddedOptions {
  /** Made when missing, as are the database's superuser and his password in a new folder. */
  readonly database: string
  readonly user: string
  readonly password: string
}

const host = '127.0.0.1'
const startDeadlineMs = 60_000
const stopDeadlineMs = 6_000

/** Starts PostgreSQL over a folder, new or used, and returns when a query was answered and the database exists. */
export async function startPostgres(options: PostgresOptions): Promise<Embedded> {
  const { logFile, signal } = options
  mkdirSync(options.folder, { recursive: true })
  const folder = realpathSync(options.folder)
  const data = join(folder, 'data')
  await stopPostgresLeftIn(folder)
  const programs = findPrograms(folder)
  const run: Run = (program, args) =>
    startServer(
      {
        name: program === 'initdb' ? "PostgreSQL's initdb" : 'PostgreSQL',
        ...programs,
        ...programs.command(program, args),
        folder,
        logFile,
      },
      'SIGINT',
    )
  if (!existsSync(data)) await initialise(folder, options, programs, run)
  removeStalePid(data)
  const port = await portFor(options)
  const settings = { ...ours, ...options.settings, port: String(port) }
  const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const child = run('postgres', ['-D', data, ...[marker(folder), ...given].flatMap(setting => ['-c', setting])])
  try {
    await awaitReady(child, { deadlineMs: startDeadlineMs, signal, attempt: () => ensureDatabase(port, data, options) })
  } catch (error) {
    await kill(child)
    throw error
  }
  return {
    host,
    port,
    address: `${host}:${port}`,
    pid: child.pid,
    logFile,
    ended: child.ended,
    stop: (deadlineMs = stopDeadlineMs) => child.stop('SIGINT', deadlineMs),
    kill: () => kill(child),
  }
}

/** For a machine of two cores that does other things too. fsync stays on: what is committed survives a power cut. */
const ours: Readonly<Record<string, string>> = {
  listen_addresses: host,
  // No socket file: its path may be 107 bytes long at most, and a checkout may lie deeper.
  unix_socket_directories: '',
  shared_buffers: '256MB',
  // Room for a long burst between two checkpoints, which are spread over the time between them.
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  checkpoint_completion_target: '0.9',
  wal_buffers: '16MB',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

type Run = (program: string, args: readonly string[]) => Child

/** Makes the data folder beside its final place: an initdb that was cut short leaves nothing to trip on. */
async function initialise(folder: string, options: PostgresOptions, programs: Programs, run: Run): Promise<void> {
  const made = join(folder, 'data.new')
  const passwordFile = join(folder, 'password')
  rmSync(made, { recursive: true, force: true })
  mkdirSync(made, { mode: 0o700 })
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 })
  if (programs.uid !== undefined) for (const path of [made, passwordFile]) chownSync(path, programs.uid, programs.uid)
  try {
    const args = ['-D', made, '-U', options.user, `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
    await awaitEnd(
      run('initdb', [...args, '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']),
      options.signal,
    )
  } finally {
    rmSync(passwordFile)
  }
  renameSync(made, join(folder, 'data'))
}

/** @throws also when the server over another data folder answers, as one that took the port while ours was starting. */
export async function ensureDatabase(
  port: number,
  data: string,
  { user, password, database }: Pick<PostgresOptions, 'user' | 'password' | 'database'>,
): Promise<void> {
  const client = new pg.Client({
    host,
    port,
    user,
    password,
    database: 'postgres',
    ssl: false, // else PGSSLMODE decides
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => {}) // the query in flight rejects as well
  try {
    await client.connect()
    const { rows } = await client.query<{ folder: string; exists: boolean }>(
      `select current_setting('data_directory') as folder,
         exists (select from pg_database where datname = $1) as exists`,
      [database],
    )
    const { folder, exists } = rows[0]!
    if (folder !== data) throw new Error(`at ${host}:${port} another PostgreSQL answers, over ${folder}`)
    if (!exists) await client.query(`create database ${pg.escapeIdentifier(database)}`)
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error
    throw new Hopeless(
      `the embedded PostgreSQL knows no user "${user}" with the password in POSTGRES_PASSWORD: its data was made ` +
        'with other settings. Set POSTGRES_USER and POSTGRES_PASSWORD back, or remove the data: ./footfall reset',
    )
  } finally {
    await client.end().catch(() => {}) // it never connected
  }
}

/** Ends the postmaster and its backends, which would notice its death themselves, but later. */
async function kill(child: Child): Promise<void> {
  const pids = [child.pid, ...childrenOf(child.pid).map(({ pid }) => pid)]
  if (child.running()) for (const pid of pids) signalProcess(pid, 'SIGKILL')
  await gone(pids, stopDeadlineMs)
  await child.ended
}

/** Names the folder on the command line, as a setting that means nothing to PostgreSQL. */
const marker = (folder: string): string => `footfall.folder=${folder}`

/** Stops a PostgreSQL that outlived its supervisor: in order, then by force. @param folder its real path. */
export async function stopPostgresLeftIn(folder: string): Promise<void> {
  const found = processesWith(marker(folder)).map(({ pid }) => pid)
  const pids = [...found, ...found.flatMap(childrenOf).map(({ pid }) => pid)]
  for (const pid of found) signalProcess(pid, 'SIGINT')
  if (await gone(pids, stopDeadlineMs)) return
  for (const pid of pids) signalProcess(pid, 'SIGKILL')
  await gone(pids, stopDeadlineMs)
}

/**
 * After a crash the pid in PostgreSQL's own file may belong to a stranger by now, and then PostgreSQL would refuse to
 * start. One that somebody else started over our data keeps its file.
 */
function removeStalePid(data: string): void {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  const owner = processes().find(process => process.pid === pid)
  if (!owner?.args.includes(data)) rmSync(file)
}
