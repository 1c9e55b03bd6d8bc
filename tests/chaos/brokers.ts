/**
 * The Kafka of a schedule: one broker, or three that replicate, each also a controller. Each has two listeners: one for
 * whoever judges, and one whose advertised address is a wire of ours, for those that are judged.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { type Child, startServer } from '../../src/stack/child.ts'
import { freePort } from '../../src/stack/port.ts'
import { signalProcess } from '../../src/stack/processes.ts'
import { awaitEnd, awaitReady } from '../../src/stack/ready.ts'
import { type Address, closing, type Lifetime } from '../support/environment.ts'
import { openWire, type Wire } from './wire.ts'

export interface Broker {
  /** Its data, one folder for each partition. */
  readonly data: string
  readonly kill: () => Promise<void>
  /** Returns when it answers. */
  readonly start: () => Promise<void>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly wire: Wire
}

export interface Brokers {
  readonly all: readonly Broker[]
  /** Past the wires. */
  readonly direct: Address
  readonly wired: Address
}

interface Ports {
  readonly direct: number
  readonly behind: number
  readonly wire: number
  readonly controller: number
}

const host = '127.0.0.1'
const startDeadlineMs = 90_000
const stopDeadlineMs = 10_000
const jvm = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true']

/** Formats and starts so many brokers. @param jars from fetchJars. */
export async function startBrokers(lifetime: Lifetime, count: 1 | 3, folder: string, jars: string): Promise<Brokers> {
  const ports: Ports[] = []
  for (let i = 0; i < count; i++) {
    const [direct, behind, wire, controller] = [await freePort(), await freePort(), await freePort(), await freePort()]
    ports.push({ direct, behind, wire, controller })
  }
  const cluster = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url').replace(/^-/, 'A')
  const all = await Promise.all(
    ports.map(async (own, i) => {
      const wire = await openWire(lifetime, own.wire, own.behind)
      const home = join(folder, `broker-${i + 1}`)
      return openBroker(lifetime, i + 1, own, { home, jars, cluster, wire, properties: properties(i + 1, ports) })
    }),
  )
  await Promise.all(all.map(broker => broker.start()))
  return { all, direct: addressOf(ports, 'direct'), wired: addressOf(ports, 'wire') }
}

interface Home {
  readonly home: string
  readonly jars: string
  readonly cluster: string
  readonly wire: Wire
  readonly properties: Readonly<Record<string, string>>
}

async function openBroker(
  lifetime: Lifetime,
  id: number,
  { direct }: Ports,
  { home, jars, cluster, wire, properties }: Home,
): Promise<Broker> {
  mkdirSync(home, { recursive: true })
  const text = Object.entries({ ...properties, 'log.dirs': 'data' }).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(join(home, 'server.properties'), text.join(''))
  const run = (name: string, args: readonly string[]) => {
    const java = [...jvm, '-cp', join(realpathSync(jars), '*'), ...args]
    return startServer({ name, command: 'java', args: java, folder: home, logFile: `${home}.log` }, 'SIGKILL')
  }
  const tool = ['kafka.tools.StorageTool', 'format', '-t', cluster, '-c', 'server.properties']
  await awaitEnd(run("Kafka's StorageTool", ['-Xmx128m', ...tool]))
  let child: Child | undefined
  const kill = async () => child?.stop('SIGKILL', stopDeadlineMs)
  closing(lifetime, kill)
  return {
    data: join(home, 'data'),
    wire,
    kill,
    start: async () => {
      child = run(`broker ${id}`, ['-Xmx512m', 'kafka.Kafka', 'server.properties'])
      await awaitReady(child, { deadlineMs: startDeadlineMs, attempt: () => answers(`${host}:${direct}`) })
    },
    signal: signal => child?.running() && signalProcess(child.pid, signal),
  }
}

function properties(id: number, ports: readonly Ports[]): Record<string, string> {
  const { direct, behind, wire, controller } = ports[id - 1]!
  const replicas = String(ports.length)
  const inSync = ports.length === 3 ? '2' : '1'
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    listeners: `DIRECT://${host}:${direct},WIRED://${host}:${behind},CONTROLLER://${host}:${controller}`,
    'advertised.listeners': `DIRECT://${host}:${direct},WIRED://${host}:${wire}`,
    'inter.broker.listener.name': 'DIRECT',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': ports.map((one, i) => `${i + 1}@${host}:${one.controller}`).join(','),
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,DIRECT:PLAINTEXT,WIRED:PLAINTEXT',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // Elections among brokers that share two cores with everybody: soon, but not at every hiccup.
    'replica.lag.time.max.ms': '5000',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'log.cleaner.dedupe.buffer.size': '8388608',
  }
}

/** The first is for programs that take one address only; all of them stand in `address`. */
function addressOf(ports: readonly Ports[], listener: 'direct' | 'wire'): Address {
  return { host, port: ports[0]![listener], address: ports.map(one => `${host}:${one[listener]}`).join(',') }
}

async function answers(address: string): Promise<void> {
  const admin = new Admin({ clientId: 'chaos', bootstrapBrokers: [address], retries: 0, timeout: 2_000 })
  try {
    const { brokers } = await admin.metadata({ topics: [] })
    if (brokers.size === 0) throw new Error('no broker has registered yet')
  } finally {
    await admin.close()
  }
}
