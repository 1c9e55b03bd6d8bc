/** What a measurement needs around it: a Kafka and a PostgreSQL of its own, roles as they are shipped, a clean end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import pg from 'pg'
import { ensureTopic } from '../src/kafka/topic.ts'
import { parseConfig, projectRoot } from '../src/runtime/config.ts'
import { type Child, startServer } from '../src/stack/child.ts'
import type { Embedded } from '../src/stack/embedded.ts'
import { signalProcess } from '../src/stack/processes.ts'
import { credentials, type Servers, startServers } from './servers.ts'

/** A program that is measured, or that loads the others. */
export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface Lab {
  /** Gone at the end; what programs write lies here. */
  readonly folder: string
  readonly kafka: Embedded
  /** Where Kafka keeps its partitions, one folder each. */
  readonly kafkaLogs: string
  readonly postgres: Embedded
  /** The settings that lead a role to this topic and this database. */
  settings(topic: string, database: string, partitions?: number): Record<string, string>
  run(verb: string, settings: Readonly<Record<string, string>>): ChildProcess
  stop(child: ChildProcess): Promise<void>
  connect(database: string): Promise<pg.Client>
  /** With its tables, so that a reader may look before the consumer made them; the topic too, where it is missing. */
  createDatabase(settings: Readonly<Record<string, string>>): Promise<void>
  dropDatabase(name: string): Promise<void>
  /** Made anew, with the broker's append time; with a codec the broker compresses what it is sent. */
  createTopic(topic: string, codec: 'none' | 'lz4'): Promise<void>
  deleteTopic(topic: string): Promise<void>
  /** Those that a consumer made for itself, as Kafka Streams does: they begin with its group. */
  deleteTopicsOf(group: string): Promise<void>
  /** Starts a program that ends with the lab, however that ends. */
  serve(program: Program): Child
  /** From then on whatever fails fails because of that. */
  readonly isClosing: () => boolean
  /** Ends all that was started; on Ctrl-C it happens by itself. */
  close(): Promise<void>
}

const stopDeadlineMs = 5_000

/** @param postgres settings of PostgreSQL besides those of `npm start`. */
export async function openLab(postgres: Readonly<Record<string, string>> = {}): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-bench-'))
  const stopping = new AbortController()
  let lab: Lab | undefined
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      stopping.abort()
      lab?.close().then(() => process.exit(code))
    })
  }
  try {
    const kafkaFolder = join(folder, 'kafka')
    lab = labOf(folder, kafkaFolder, await startServers(folder, kafkaFolder, postgres, stopping.signal))
    return lab
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

function labOf(folder: string, kafkaFolder: string, { kafka, postgres }: Servers): Lab {
  const children = new Set<ChildProcess>()
  const programs = new Set<Child>()
  let closing: Promise<void> | undefined

  function run(verb: string, settings: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(join(projectRoot, 'footfall'), [verb], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    children.add(child.once('exit', () => children.delete(child)))
    return child
  }

  async function connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({ host: postgres.host, port: postgres.port, ...credentials, database })
    client.on('error', () => {}) // the server is taken away at the end
    await client.connect()
    return client
  }

  async function useAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [kafka.address] })
    try {
      return await use(admin)
    } finally {
      await admin.close()
    }
  }

  async function administer(sql: string): Promise<void> {
    const client = await connect('postgres')
    await client.query(sql)
    await client.end()
  }

  async function close(): Promise<void> {
    for (const child of children) child.kill('SIGKILL')
    await Promise.all([...programs].map(program => program.stop('SIGKILL', stopDeadlineMs)))
    await Promise.all([kafka.kill(), postgres.kill()])
    rmSync(folder, { recursive: true, force: true })
  }

  const lab: Lab = {
    folder,
    kafka,
    kafkaLogs: join(kafkaFolder, 'data'),
    postgres,
    settings: (topic, database, partitions = 4) => ({
      KAFKA_BOOTSTRAP_SERVERS: kafka.address,
      KAFKA_TOPIC_USER_ACTIVITIES: topic,
      KAFKA_CONSUMER_GROUP: database,
      KAFKA_TOPIC_PARTITIONS: String(partitions),
      POSTGRES_HOST: postgres.host,
      POSTGRES_PORT: String(postgres.port),
      POSTGRES_DB: database,
    }),
    run,
    async stop(child) {
      child.kill('SIGTERM')
      await ended(child)
    },
    connect,
    async createDatabase(settings) {
      await administer(`create database ${settings['POSTGRES_DB']}`)
      const code = await ended(run('setup', settings))
      if (code !== 0) throw new Error(`footfall setup ended with ${code} for database ${settings['POSTGRES_DB']}`)
    },
    dropDatabase: name => administer(`drop database if exists ${name} with (force)`),
    async createTopic(topic, codec) {
      const configs = [
        { name: 'message.timestamp.type', value: 'LogAppendTime' },
        { name: 'compression.type', value: codec === 'none' ? 'uncompressed' : codec },
      ]
      await useAdmin(admin => admin.createTopics({ topics: [topic], partitions: 4, replicas: 1, configs }))
      await ensureTopic(parseConfig(lab.settings(topic, 'none')))
    },
    deleteTopic: topic => useAdmin(admin => admin.deleteTopics({ topics: [topic] })),
    deleteTopicsOf: group =>
      useAdmin(async admin => {
        const topics = (await admin.listTopics()).filter(topic => topic.startsWith(`${group}-`))
        if (topics.length > 0) await admin.deleteTopics({ topics })
      }),
    serve({ name, command, args, environment = {} }) {
      if (closing !== undefined) throw new Error('everything is being stopped')
      const logFile = join(folder, `${name}.log`)
      rmSync(logFile, { force: true })
      const program = startServer({ name, command, args, folder, logFile, environment }, 'SIGKILL')
      const stop: Child['stop'] = async (signal, deadlineMs) => {
        await program.stop(signal, deadlineMs)
        signalProcess(-program.pid, 'SIGKILL') // what it started and left
      }
      const stoppable = { ...program, stop }
      programs.add(stoppable)
      program.ended.then(() => programs.delete(stoppable))
      return stoppable
    },
    isClosing: () => closing !== undefined,
    close: () => {
      closing ??= close()
      return closing
    },
  }
  return lab
}

/** When its output had held this text so many times, in ms of performance.now(). */
export function said(child: ChildProcess, text: string, times = 1): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout!.on('data', data => {
      output += data
      if (output.split(text).length > times) resolve(performance.now())
    })
    child.once('exit', code => reject(new Error(`ended with ${code} before it said "${text}"`)))
  })
}

/** @returns its exit code; null when a signal ended it. */
function ended(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode)
    else child.once('exit', resolve)
  })
}
