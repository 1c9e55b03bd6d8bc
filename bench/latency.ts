/** Produce to visible under a steady load, for each contestant at each rate. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openWriter } from '../src/kafka/writer.ts'
import { parseConfig, projectRoot } from '../src/runtime/config.ts'
import { createLog } from '../src/runtime/log.ts'
import type { Contestant } from './contestants.ts'
import type { Lab } from './lab.ts'
import { probe } from './probe.ts'
import { quantile } from './rounds.ts'

export interface Latency {
  readonly contestant: string
  readonly rate: number
  /** What Kafka took in fact. */
  readonly ratePerSecond: number
  readonly probes: number
  /** Probes that were not seen within ten seconds: the consumer falls behind. */
  readonly missing: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

const pairs = 10_000
const warmUpMs = 3_000
const deadlineMs = 10_000
/** A JVM needs its time until the first row. */
const firstDeadlineMs = 60_000
const stopDeadlineMs = 3_000
let runs = 0

/** @throws when the contestant ends by itself, or shows nothing within a minute. */
export async function latency(lab: Lab, contestant: Contestant, rate: number, seconds: number): Promise<Latency> {
  runs += 1
  const database = `steady_${runs}`
  const settings = lab.settings(database, database)
  const config = parseConfig(settings)
  await lab.createTopic(database, 'none')
  await contestant.prepare(lab, { topic: database, database })
  const client = await lab.connect(database)
  const writer = openWriter(config, createLog('bench', 'warn'), 'bench', config.kafka.partitions)
  const consumer = lab.serve(contestant.consumer(lab, { topic: database, database }))
  let load: ReturnType<Lab['serve']> | undefined
  try {
    const first = await probe(writer, client, { seconds: 1, deadlineMs: firstDeadlineMs, countMax: 1 })
    if (first.missing > 0) throw new Error(`nothing is visible after ${firstDeadlineMs / 1_000} s`)
    load = lab.serve(steadyLoad(settings, rate))
    await loading(load.logFile)
    await pause(warmUpMs)
    const before = sent(load.logFile)!
    const { tookMs, missing } = await probe(writer, client, { seconds, deadlineMs })
    const after = sent(load.logFile)!
    const at = (share: number) => (tookMs.length === 0 ? Number.NaN : quantile(tookMs, share))
    return {
      contestant: contestant.name,
      rate,
      ratePerSecond: ((after.events - before.events) / (after.ms - before.ms)) * 1_000,
      probes: tookMs.length + missing,
      missing,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1),
    }
  } finally {
    await load?.stop('SIGKILL', stopDeadlineMs)
    await consumer.stop('SIGTERM', stopDeadlineMs)
    await writer.close(0)
    await client.end()
    await lab.dropDatabase(database)
    await lab.deleteTopic(database)
    await lab.deleteTopicsOf(database)
  }
}

/** @param settings that lead to the topic. */
export const steadyLoad = (settings: Readonly<Record<string, string>>, rate: number) => ({
  name: 'steady-load',
  command: process.execPath,
  args: [join(projectRoot, 'bench/steady-load.ts'), String(rate), String(pairs)],
  environment: settings,
})

/** Waits for the first second of the load. */
async function loading(logFile: string): Promise<void> {
  const deadline = performance.now() + firstDeadlineMs
  while (sent(logFile) === undefined) {
    if (performance.now() > deadline) {
      throw new Error(`the load does not begin: ${readFileSync(logFile, 'utf8').slice(-500)}`)
    }
    await pause(100)
  }
}

/** As the load said last. */
function sent(logFile: string): { events: number; ms: number } | undefined {
  const last = [...readFileSync(logFile, 'utf8').matchAll(/^SENT (\d+) in (\d+) ms$/gm)].at(-1)
  return last && { events: Number(last[1]), ms: Number(last[2]) }
}
