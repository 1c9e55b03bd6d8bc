/** The embedded Kafka: Apache Kafka in KRaft mode, broker and controller in one process on 127.0.0.1. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { type Child, startServer } from './child.ts'
import type { Embedded, EmbeddedOptions } from './embedded.ts'
import { claimFreePort, portFor } from './port.ts'
import { gone, processesWith, signalProcess } from './processes.ts'
import { awaitEnd, awaitReady } from './ready.ts'

export interface KafkaOptions extends EmbeddedOptions {
  /** The folder of its jars, from fetchJars. */
  readonly jars: string
  /** It will not run for long: start fast rather than run fast. */
  readonly isShort?: boolean
}

const host = '127.0.0.1'
const startDeadlineMs = 60_000
const stopDeadlineMs = 6_000

/** Starts Kafka over a folder, new or used, and returns when a client got an answer from it. */
export async function startKafka(options: KafkaOptions): Promise<Embedded> {
  const { jars, logFile, signal } = options
  mkdirSync(options.folder, { recursive: true })
  const folder = realpathSync(options.folder)
  await stopKafkaLeftIn(folder)
  const port = await portFor(options)
  const properties = serverProperties(port, await claimFreePort(), options.settings)
  // Paths inside are relative to the folder: neither a properties file nor a class path quotes what a path may hold.
  const java = [marker(folder), '-cp', join(relative(folder, realpathSync(jars)), '*')]
  const run = (args: readonly string[], name = 'Kafka') =>
    startServer({ name, command: 'java', args: [...quiet, ...java, ...args], folder, logFile }, 'SIGTERM')
  if (!existsSync(join(folder, 'data'))) await format(folder, properties, run, signal)
  writeFileSync(join(folder, 'server.properties'), lines({ ...properties, 'log.dirs': 'data' }))
  const child = run([...jvm, ...(options.isShort ? jvmShort : []), 'kafka.Kafka', 'server.properties'])
  const address = `${host}:${port}`
  const cluster = clusterIdIn(folder)
  try {
    await awaitReady(child, { deadlineMs: startDeadlineMs, signal, attempt: () => kafkaAnswers(address, cluster) })
  } catch (error) {
    await child.stop('SIGKILL', stopDeadlineMs)
    throw error
  }
  return {
    host,
    port,
    address,
    pid: child.pid,
    logFile,
    ended: child.ended,
    stop: (deadlineMs = stopDeadlineMs) => child.stop('SIGTERM', deadlineMs),
    kill: () => child.stop('SIGKILL', stopDeadlineMs),
  }
}

const jvm = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError']
/** Without the thorough compiler a start takes a quarter less processor time. */
const jvmShort = ['-XX:TieredStopAtLevel=1']
const jvmOfTool = ['-Xmx128m', '-XX:+UseSerialGC', ...jvmShort]
const quiet = [
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
]

/** Names the folder on the command line: a Kafka that outlived its supervisor is found by it. */
const marker = (folder: string): string => `-Dfootfall.kafka=${folder}`

/** Stops a Kafka that outlived its supervisor: in order, then by force. @param folder its real path. */
export async function stopKafkaLeftIn(folder: string): Promise<void> {
  const pids = processesWith(marker(folder)).map(({ pid }) => pid)
  for (const pid of pids) signalProcess(pid, 'SIGTERM')
  if (await gone(pids, stopDeadlineMs)) return
  for (const pid of pids) signalProcess(pid, 'SIGKILL')
  await gone(pids, stopDeadlineMs)
}

type Run = (args: readonly string[], name?: string) => Child
type Properties = Readonly<Record<string, string>>

function serverProperties(port: number, controllerPort: number, settings: Properties = {}): Properties {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.bootstrap.servers': `${host}:${controllerPort}`,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    // A killed broker may register again only when its old session has run out; with the usual 9 s a restart took 12 s.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // The usual 128 MB of the cleaner would be a quarter of the heap; here it compacts four small internal topics.
    'log.cleaner.dedupe.buffer.size': '8388608',
    ...settings,
  }
}

const lines = (properties: Properties): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

/** Formats the storage of a new folder beside its final place: a format that was cut short leaves nothing to trip on. */
async function format(folder: string, properties: Properties, run: Run, signal?: AbortSignal): Promise<void> {
  rmSync(join(folder, 'data.new'), { recursive: true, force: true })
  writeFileSync(join(folder, 'format.properties'), lines({ ...properties, 'log.dirs': 'data.new' }))
  const tool = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', clusterId(), '-c', 'format.properties']
  await awaitEnd(run([...jvmOfTool, ...tool], "Kafka's StorageTool"), signal)
  renameSync(join(folder, 'data.new'), join(folder, 'data'))
}

/** A UUID as Kafka writes it; a leading dash would look like an option. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}

function clusterIdIn(folder: string): string {
  const properties = readFileSync(join(folder, 'data', 'meta.properties'), 'utf8')
  return /^cluster\.id=(.*)$/m.exec(properties)?.[1] ?? ''
}

/**
 * A client's question, on a connection of its own, about a broker that is registered and takes requests.
 * @throws also when another cluster answers, as one that took the port while ours was starting.
 */
export async function kafkaAnswers(address: string, cluster: string): Promise<void> {
  const admin = new Admin({ clientId: 'footfall-start', bootstrapBrokers: [address], retries: 0, timeout: 2_000 })
  try {
    const { brokers, id } = await admin.metadata({ topics: [] })
    if (id !== cluster) throw new Error(`at ${address} another Kafka answers: its cluster is ${id}, ours ${cluster}`)
    if (brokers.size === 0) throw new Error('no broker has registered yet')
  } finally {
    await admin.close()
  }
}
