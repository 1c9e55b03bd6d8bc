/** What a measurement needs around it: a Kafka and a PostgreSQL of its own, roles as they are shipped, a clean end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { loadConfig, projectRoot } from '../src/runtime/config.ts'
import type { Embedded } from '../src/stack/embedded.ts'
import { fetchJars } from '../src/stack/jars.ts'
import { startKafka } from '../src/stack/kafka.ts'
import { startPostgres } from '../src/stack/postgres.ts'

export interface Lab {
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
  close(): Promise<void>
}

const credentials = { user: 'footfall', password: 'footfall', database: 'footfall' }

export async function openLab(): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-bench-'))
  const kafkaFolder = join(folder, 'kafka')
  const jars = await fetchJars(loadConfig().dataFolder)
  const kafka = await startKafka({ folder: kafkaFolder, jars, logFile: join(folder, 'kafka.log') })
  const logFile = join(folder, 'postgres.log')
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), logFile, ...credentials })
  const children = new Set<ChildProcess>()

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

  return {
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
      const client = await connect('postgres')
      await client.query(`create database ${settings['POSTGRES_DB']}`)
      await client.end()
      await ended(run('setup', settings))
    },
    async close() {
      for (const child of children) child.kill('SIGKILL')
      await Promise.all([kafka.kill(), postgres.kill()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
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

function ended(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
}
