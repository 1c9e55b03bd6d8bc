/**
 * `npm run bench`: a Kafka and a PostgreSQL of its own, a topic filled beforehand, and the consumer as it is shipped.
 * Prints how fast a backlog becomes visible and what it costs, and how long a single event takes under a steady load.
 * Flags: --events, --pairs, --rounds, --rate, --seconds.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { ensureTopic } from '../src/kafka/topic.ts'
import { loadConfig, parseConfig, projectRoot } from '../src/runtime/config.ts'
import { createLog } from '../src/runtime/log.ts'
import { fetchJars } from '../src/stack/jars.ts'
import { startKafka } from '../src/stack/kafka.ts'
import { startPostgres } from '../src/stack/postgres.ts'
import { probe } from './latency.ts'
import { cpuSeconds, cpuSecondsOfTree, machine, peakMegabytes } from './machine.ts'
import { preload } from './preload.ts'

const { values: flags } = parseArgs({
  options: {
    events: { type: 'string', default: '2000000' },
    pairs: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '20' },
  },
})
const [events, pairs, rounds, rate, seconds] = [flags.events, flags.pairs, flags.rounds, flags.rate, flags.seconds].map(
  Number,
) as [number, number, number, number, number]
const partitions = 4
const log = createLog('bench', 'warn')
const say = (line: string) => process.stdout.write(`${line}\n`)

const folder = mkdtempSync(join(tmpdir(), 'footfall-bench-'))
const credentials = { user: 'footfall', password: 'footfall', database: 'footfall' }
const kafka = await startKafka({
  folder: join(folder, 'kafka'),
  jars: await fetchJars(loadConfig().dataFolder),
  logFile: join(folder, 'kafka.log'),
})
const postgres = await startPostgres({
  folder: join(folder, 'postgres'),
  logFile: join(folder, 'postgres.log'),
  ...credentials,
})
const children = new Set<ChildProcess>()
try {
  await bench()
} finally {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all([kafka.kill(), postgres.kill()])
  rmSync(folder, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  say(`${machine()}; Kafka and PostgreSQL on the same machine, fsync on`)
  const filled = settings('filled', 'postgres')
  await ensureTopic(parseConfig(filled))
  let startMs = performance.now()
  await preload(parseConfig(filled), log, { events, pairs }, partitions)
  const seconds = (performance.now() - startMs) / 1_000
  say(
    `preloaded ${events} events, ${pairs} pairs, an id each, uncompressed, ${partitions} partitions, in ${seconds.toFixed(1)} s`,
  )
  const rates: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const database = `backlog_${round}`
    await createDatabase(database)
    startMs = performance.now()
    rates.push(await backlog(settings('filled', database), database, round))
  }
  say(`median ${median(rates).toFixed(0)} events/s from the first opened partition until all are visible`)
  await latency()
}

/** From the assignment of the partitions, which the first opened one shows, until every event is in the table. */
async function backlog(env: Record<string, string>, database: string, round: number): Promise<number> {
  const client = await connect(database)
  const postgresBefore = cpuSecondsOfTree(postgres.pid)
  const kafkaBefore = cpuSeconds(kafka.pid)
  const consumer = run('consumer', env)
  const opened = await line(consumer, 'partition opened')
  const cpuBefore = cpuSeconds(consumer.pid!)
  for (let counted = 0; counted < events; ) {
    await pause(20)
    const { rows } = await client.query('select coalesce(sum(counted), 0)::int as counted from partition_ledger')
    counted = rows[0].counted
  }
  const tookSeconds = (performance.now() - opened) / 1_000
  const cpu = cpuSeconds(consumer.pid!) - cpuBefore
  const { rows } = await client.query(
    'select sum(view_count + click_count + purchase_count)::int as sum, count(*)::int as pairs from daily_user_item_summary',
  )
  if (rows[0].sum !== events || rows[0].pairs !== pairs) throw new Error(`counted ${JSON.stringify(rows[0])}`)
  const perMillion = (used: number) => ((used * 1e6) / events).toFixed(2)
  say(
    `round ${round}: ${(events / tookSeconds).toFixed(0)} events/s; CPU s per million: consumer ${perMillion(cpu)}, ` +
      `postgres ${perMillion(cpuSecondsOfTree(postgres.pid) - postgresBefore)}, ` +
      `kafka ${perMillion(cpuSeconds(kafka.pid) - kafkaBefore)}; consumer peak ${peakMegabytes(consumer.pid!)} MB`,
  )
  await stop(consumer)
  await client.end()
  return events / tookSeconds
}

async function latency(): Promise<void> {
  await createDatabase('latency')
  const env = { ...settings('steady', 'latency'), PRODUCER_EVENT_RATE: String(rate) }
  const config = parseConfig(env)
  await ensureTopic(config)
  const consumer = run('consumer', env)
  await line(consumer, 'partition opened')
  const producer = run('producer', env)
  const client = await connect('latency')
  await pause(3_000)
  const took = await probe(config, log, client, partitions, seconds)
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))]!.toFixed(0)
  say(
    `at ${rate} events/s: ${took.length} probes from produce to visible, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`,
  )
  await client.end()
  await Promise.all([stop(producer), stop(consumer)])
}

function settings(topic: string, database: string): Record<string, string> {
  return {
    KAFKA_BOOTSTRAP_SERVERS: kafka.address,
    KAFKA_TOPIC_USER_ACTIVITIES: topic,
    KAFKA_CONSUMER_GROUP: database,
    KAFKA_TOPIC_PARTITIONS: String(partitions),
    POSTGRES_HOST: postgres.host,
    POSTGRES_PORT: String(postgres.port),
    POSTGRES_DB: database,
  }
}

function run(verb: string, env: Record<string, string>): ChildProcess {
  const child = spawn(join(projectRoot, 'footfall'), [verb], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.add(child)
  return child
}

/** When a line with this text came, in ms. */
function line(child: ChildProcess, text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', data => {
      if (String(data).includes(text)) resolve(performance.now())
    })
    child.once('exit', code => reject(new Error(`ended with ${code} before it said "${text}"`)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

async function connect(database: string): Promise<pg.Client> {
  const client = new pg.Client({ host: postgres.host, port: postgres.port, ...credentials, database })
  client.on('error', () => {}) // the server is taken away at the end
  await client.connect()
  return client
}

/** With its tables, so that a reader may look before the consumer made them. */
async function createDatabase(name: string): Promise<void> {
  const client = await connect('postgres')
  await client.query(`create database ${name}`)
  await client.end()
  await stop(run('setup', settings('filled', name)))
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
