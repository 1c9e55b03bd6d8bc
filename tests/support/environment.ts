/**
 * What tests run against: the Kafka and the PostgreSQL that `tests/run.ts` started for all of them, private ones that a
 * test may kill, fresh topics and databases, and roles as processes.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Admin } from '@platformatic/kafka'
import pg from 'pg'
import { type Config, projectRoot } from '../../src/runtime/config.ts'
import type { Embedded } from '../../src/stack/embedded.ts'
import { startKafka } from '../../src/stack/kafka.ts'
import { startPostgres } from '../../src/stack/postgres.ts'

export interface Address {
  readonly host: string
  readonly port: number
  /** host:port */
  readonly address: string
}

export type Database = Config['postgres']

/** What `tests/run.ts` tells the test files, as JSON in FOOTFALL_TESTS. */
export interface Shared {
  /** Removed after the run. */
  readonly folder: string
  readonly jars: string
  readonly kafka: Address
  readonly postgres: Address
}

/** The user of every PostgreSQL of the tests. */
export const credentials = { user: 'footfall', password: 'footfall' } as const

export const sharedKafka = (): Address => shared().kafka
export const sharedPostgres = (): Address => shared().postgres

/** Takes what tests write; removed after the run. */
export const sharedFolder = (): string => shared().folder

/** Kafka's jars, from fetchJars. */
export const sharedJars = (): string => shared().jars

/** A name that nothing else has. */
export const freshName = (prefix: string): string => `${prefix}_${randomBytes(5).toString('hex')}`

/** Makes a topic with log-append time, unless `settings` says otherwise. */
export async function freshTopic(
  partitions = 1,
  settings: Readonly<Record<string, string>> = {},
  kafka: Address = sharedKafka(),
): Promise<string> {
  const topic = freshName('events')
  const configs = { 'message.timestamp.type': 'LogAppendTime', ...settings }
  const admin = new Admin({ clientId: 'tests', bootstrapBrokers: [kafka.address] })
  try {
    await admin.createTopics({
      topics: [topic],
      partitions,
      replicas: 1,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    })
    // A leader that is known need not be at work yet, and clients send a whole request again for one partition of it:
    // only an answer about each partition shows that they will not.
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }))
    await until(() => admin.listOffsets({ topics: [{ name: topic, partitions: asked }] }), 20_000, `${topic} is there`)
  } finally {
    await admin.close()
  }
  return topic
}

export const noTls: Database['tls'] = { mode: 'disable', ca: undefined, certificate: undefined, key: undefined }

/** Makes an empty database. */
export async function freshDatabase({ host, port }: Address = sharedPostgres()): Promise<Database> {
  const server: Database = { host, port, database: 'postgres', ...credentials, tls: noTls }
  const database = freshName('footfall')
  const client = new pg.Client(server)
  await client.connect()
  try {
    await client.query(`create database ${database}`)
  } finally {
    await client.end()
  }
  return { ...server, database }
}

/** What lasts for a while and is followed by closing what was opened for it: a test, or a schedule of the chaos. */
export interface Lifetime {
  after(close: () => Promise<void>): void
}

/** Does work in a lifetime of its own, as a tool does that is no test, and closes what was opened for it. */
export async function inLifetime<T>(work: (lifetime: Lifetime) => Promise<T>): Promise<T> {
  const closes: (() => Promise<void>)[] = []
  try {
    return await work({ after: close => void closes.push(close) })
  } finally {
    for (const close of closes) await close()
  }
}

const closers = new WeakMap<Lifetime, (() => unknown)[]>()

/**
 * Runs `close` after the test, last opened first closed. Use it rather than `test.after`, which runs in the order of
 * registration and would take a server away below its clients.
 */
export function closing(test: Lifetime, close: () => unknown): void {
  const known = closers.get(test)
  if (known !== undefined) return void known.push(close)
  const closes = [close]
  closers.set(test, closes)
  test.after(async () => {
    for (const each of closes.reverse()) await each()
  })
}

/** A connection that is closed after the test and may lose its server. */
export async function connect(test: Lifetime, database: Database): Promise<pg.Client> {
  const client = new pg.Client(database)
  client.on('error', () => {}) // a query in flight rejects as well; without one, losing the server is the test's plan
  await client.connect()
  closing(test, () => client.end().catch(() => {}))
  return client
}

/** A server that belongs to one test. Its address stays the same over restarts. */
export interface Own extends Address {
  /** Of the process that runs now. */
  readonly pid: () => number
  readonly stop: () => Promise<void>
  /** kill -9 */
  readonly kill: () => Promise<void>
  /** After `stop` or `kill`: the same folder, the same port. Returns when it answers. */
  readonly start: () => Promise<void>
}

/** @param settings for server.properties. @param port its own, where the settings have to know it. */
export function ownKafka(test: Lifetime, settings: Readonly<Record<string, string>> = {}, port?: number): Promise<Own> {
  const folder = join(shared().folder, freshName('kafka'))
  const options = { folder, jars: shared().jars, logFile: `${folder}.log`, settings, isShort: true }
  return own(test, port => startKafka({ ...options, port }), port)
}

/** @param settings for postgresql.conf */
export function ownPostgres(test: Lifetime, settings: Readonly<Record<string, string>> = {}): Promise<Own> {
  const folder = join(shared().folder, freshName('postgres'))
  const options = { folder, logFile: `${folder}.log`, settings, database: 'postgres', ...credentials }
  return own(test, port => startPostgres({ ...options, port }))
}

async function own(test: Lifetime, start: (port?: number) => Promise<Embedded>, wanted?: number): Promise<Own> {
  let running = await start(wanted)
  const { host, port, address } = running
  closing(test, () => running.kill())
  return {
    host,
    port,
    address,
    pid: () => running.pid,
    stop: () => running.stop(),
    kill: () => running.kill(),
    start: async () => {
      running = await start(port)
    },
  }
}

export interface Role {
  readonly pid: number
  /** What it wrote so far, line by line. */
  readonly output: readonly string[]
  readonly errors: readonly string[]
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  readonly signal: (signal: NodeJS.Signals) => void
  /** SIGTERM, then waits for its end. */
  readonly stop: () => Promise<void>
  /** kill -9, then waits for its end. */
  readonly kill: () => Promise<void>
}

/**
 * Runs `src/cli.ts VERB` with these settings; none come from a stack that runs on this machine. Killed after the test.
 * @param root the folder of another version, see version.ts @param input what it reads
 */
export function roleProcess(
  test: Lifetime,
  verb: string,
  settings: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
  root = projectRoot,
  input?: string,
): Role {
  const child = spawn(process.execPath, [join(root, 'src/cli.ts'), verb, ...args], {
    env: { ...process.env, FOOTFALL_DATA: join(shared().folder, 'no-stack'), ...settings },
    stdio: 'pipe',
  })
  child.stdin.on('error', () => {}) // it may end before it has read all
  child.stdin.end(input)
  const output: string[] = []
  const errors: string[] = []
  createInterface(child.stdout).on('line', line => output.push(line))
  createInterface(child.stderr).on('line', line => errors.push(line))
  const ended = new Promise<Awaited<Role['ended']>>(resolve => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  closing(test, () => end('SIGKILL'))
  return {
    pid: child.pid as number,
    output,
    errors,
    ended,
    signal: signal => void child.kill(signal),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/** The settings that point a role at these. */
export function settingsFor(kafka: Address, database: Database, topic: string): Record<string, string> {
  return {
    KAFKA_BOOTSTRAP_SERVERS: kafka.address,
    KAFKA_TOPIC_USER_ACTIVITIES: topic,
    // A group of its own: tests run side by side, and members with different topics would wait for each other.
    KAFKA_CONSUMER_GROUP: topic,
    POSTGRES_HOST: database.host,
    POSTGRES_PORT: String(database.port),
    POSTGRES_DB: database.database,
    POSTGRES_USER: database.user,
    POSTGRES_PASSWORD: database.password,
  }
}

/**
 * Waits until the condition gives something other than undefined, null or false.
 * @returns what it gave. @throws when the deadline passes, with the last error of the condition as its cause.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  deadlineMs: number,
  what: string,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + deadlineMs
  let cause: unknown
  do {
    try {
      const value = await condition()
      cause = undefined
      if (value !== undefined && value !== null && value !== false) return value as NonNullable<Exclude<T, false>>
    } catch (error) {
      cause = error
    }
    await pause(20)
  } while (performance.now() < deadline)
  throw new Error(`not within ${deadlineMs} ms: ${what}`, { cause })
}

function shared(): Shared {
  const told = process.env['FOOTFALL_TESTS']
  if (told === undefined) throw new Error('these tests need their servers: npm run test:integration -- FILE')
  return JSON.parse(told) as Shared
}
