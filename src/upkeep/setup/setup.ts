/** Creates or checks topic and tables, as the roles do when they start; for whoever has the rights they may lack. */
import { judgeVersion } from '../../event/judge.ts'
import { ensureTopic } from '../../kafka/topic.ts'
import { connectWriter } from '../../postgres/connect.ts'
import { migrate } from '../../postgres/migrate.ts'
import { readRules, whyRefused } from '../../postgres/rules.ts'
import type { Config } from '../../runtime/config.ts'
import { orNotAllowed } from '../tables.ts'

export interface SetupReport {
  readonly topic: { readonly name: string; readonly id: string; readonly partitions: number; readonly created: boolean }
  readonly migrationsApplied: readonly string[]
  /** Why consumers with these settings refuse to start, and the way out; null when they do not. */
  readonly refusal: string | null
  /** What is not as it should be, in whole sentences. */
  readonly notes: readonly string[]
}

/** Changes nothing that is there already; running it twice does nothing twice. @throws what stands in the way. */
export async function setup(config: Config): Promise<SetupReport> {
  const topic = await ensureTopic(config)
  const client = await connectWriter(config, 'footfall setup')
  try {
    const { applied, notes } = await migrate(client)
    const rules = await readRules(client)
    return {
      topic: { name: config.kafka.topic, id: topic.id, partitions: topic.partitions, created: topic.created },
      migrationsApplied: applied,
      refusal: (rules && whyRefused(rules, { ...config.rules, judgeVersion })) ?? null,
      notes: [...topic.notes, ...notes],
    }
  } catch (error) {
    throw orNotAllowed(error, config)
  } finally {
    await client.end()
  }
}

/** The report for people. */
export function setupText({ topic, migrationsApplied, refusal, notes }: SetupReport): string {
  return [
    `topic ${topic.name}: ${topic.created ? 'created' : 'found'}, ${topic.partitions} partitions`,
    `tables: ${migrationsApplied.length === 0 ? 'up to date' : `applied ${migrationsApplied.join(', ')}`}`,
    ...(refusal === null ? [] : [refusal]),
    ...notes.map(note => `note: ${note}`),
  ].join('\n')
}
