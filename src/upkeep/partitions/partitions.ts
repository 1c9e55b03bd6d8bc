/** Where each partition stands, what ends each halt, and what was decided so far. */
import { LogReader } from '../../kafka/reader.ts'
import type { Config } from '../../runtime/config.ts'
import { createLog } from '../../runtime/log.ts'
import { withTables } from '../tables.ts'
import { type Decision, readDecisions } from './decisions.ts'
import type { Halted, Seen } from './halt-plans.ts'
import { lookAtLog } from './look-at-log.ts'
import { readStandings, type Standing } from './standings.ts'
import { type WayOut, waysOut } from './ways-out.ts'

export interface PartitionReport {
  readonly partition: number
  readonly lineage: number
  readonly state: 'open' | 'halted'
  readonly nextOffset: number
  readonly halt: HaltReport | null
}

export interface HaltReport {
  readonly reason: string
  readonly from: number
  readonly to: number
  readonly detail: string
  readonly since: string
  /** What the log shows now, when that is something else; null when it is the same. */
  readonly now: string | null
  readonly waysOut: readonly WayOut[]
}

export interface PartitionsReport {
  readonly topic: string
  readonly partitions: readonly PartitionReport[]
  /** The latest first. */
  readonly decisions: readonly Decision[]
}

/** @throws when PostgreSQL cannot tell. */
export async function readPartitions(config: Config): Promise<PartitionsReport> {
  const { standings, decisions } = await withTables(config, 'footfall partitions', async client => ({
    standings: await readStandings(client, config),
    decisions: await readDecisions(client),
  }))
  const log = new LogReader(config, createLog('partitions', 'silent'))
  try {
    const partitions: PartitionReport[] = []
    for (const { partition, lineage, nextOffset, tail, topicId, halt } of standings) {
      const at = { partition, lineage, nextOffset, tail, topicId }
      const report = halt && (await reportHalt(config, log, { ...at, halt }))
      partitions.push({ partition, lineage, state: halt ? 'halted' : 'open', nextOffset, halt: report ?? null })
    }
    return { topic: config.kafka.topic, partitions, decisions }
  } finally {
    await log.close()
  }
}

async function reportHalt(config: Config, log: LogReader, at: Standing & Halted): Promise<HaltReport> {
  const { halt } = at
  try {
    const seen = await lookAtLog(log, at, config.consumer.batchBytesMax)
    return { ...halt, now: nowOf(at, seen), waysOut: waysOut(at, seen) }
  } catch (error) {
    return { ...halt, now: `the log cannot be looked at: ${(error as Error).message}`, waysOut: [] }
  }
}

function nowOf({ halt }: Halted, { trouble }: Seen): string | null {
  if (trouble?.reason === halt.reason || (trouble === undefined && halt.reason === 'refused')) return null
  return trouble === undefined ? 'the log shows no trouble' : `${trouble.reason}: ${trouble.detail}`
}
