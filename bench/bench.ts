/**
 * `npm run bench`: a Kafka and a PostgreSQL of its own, a topic filled beforehand, and the consumer as it is shipped.
 * Prints how fast a backlog becomes visible and what it costs, and how long a single event takes under a steady load.
 * Flags: --events, --pairs, --rounds, --rate, --seconds.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ensureTopic } from '../src/kafka/topic.ts'
import { parseConfig } from '../src/runtime/config.ts'
import { createLog } from '../src/runtime/log.ts'
import { openLab, said } from './lab.ts'
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

const lab = await openLab()
try {
  await bench()
} finally {
  await lab.close()
}

async function bench(): Promise<void> {
  say(`${machine()}; Kafka and PostgreSQL on the same machine, fsync on`)
  const filled = lab.settings('filled', 'postgres')
  await ensureTopic(parseConfig(filled))
  const startMs = performance.now()
  await preload(parseConfig(filled), log, { events, pairs }, partitions)
  const seconds = (performance.now() - startMs) / 1_000
  say(
    `preloaded ${events} events, ${pairs} pairs, an id each, uncompressed, ${partitions} partitions, in ${seconds.toFixed(1)} s`,
  )
  const rates: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const database = `backlog_${round}`
    const env = lab.settings('filled', database)
    await lab.createDatabase(env)
    rates.push(await backlog(env, database, round))
  }
  say(`median ${median(rates).toFixed(0)} events/s from the first opened partition until all are visible`)
  await latency()
}

/** From the assignment of the partitions, which the first opened one shows, until every event is in the table. */
async function backlog(env: Record<string, string>, database: string, round: number): Promise<number> {
  const client = await lab.connect(database)
  const postgresBefore = cpuSecondsOfTree(lab.postgres.pid)
  const kafkaBefore = cpuSeconds(lab.kafka.pid)
  const consumer = lab.run('consumer', env)
  const opened = await said(consumer, 'partition opened')
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
      `postgres ${perMillion(cpuSecondsOfTree(lab.postgres.pid) - postgresBefore)}, ` +
      `kafka ${perMillion(cpuSeconds(lab.kafka.pid) - kafkaBefore)}; consumer peak ${peakMegabytes(consumer.pid!)} MB`,
  )
  await lab.stop(consumer)
  await client.end()
  return events / tookSeconds
}

async function latency(): Promise<void> {
  const env = { ...lab.settings('steady', 'latency'), PRODUCER_EVENT_RATE: String(rate) }
  const config = parseConfig(env)
  await lab.createDatabase(env)
  const consumer = lab.run('consumer', env)
  await said(consumer, 'partition opened')
  const producer = lab.run('producer', env)
  const client = await lab.connect('latency')
  await pause(3_000)
  const took = await probe(config, log, client, partitions, seconds)
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))]!.toFixed(0)
  say(
    `at ${rate} events/s: ${took.length} probes from produce to visible, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`,
  )
  await client.end()
  await Promise.all([lab.stop(producer), lab.stop(consumer)])
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
