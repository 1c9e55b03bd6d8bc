/** Checks what Footfall needs, one thing after another, and says how to mend each. Changes nothing. */
import type { Client } from 'pg'
import { describeTopic } from '../kafka/topic.ts'
import { connectWriter } from '../postgres/connect.ts'
import { checkMigrated, checkServer } from '../postgres/migrate.ts'
import type { Config } from '../runtime/config.ts'
import { checkPrerequisites } from '../stack/prerequisites.ts'

export interface Finding {
  readonly about: string
  /** fine; note: it works, but somebody should know; wrong: it cannot work so. */
  readonly verdict: 'fine' | 'note' | 'wrong'
  /** What was found, and what mends it. */
  readonly detail: string
}

/** @param config checked already: wrong settings are reported by whoever read them. */
export async function examineAll(config: Config): Promise<Finding[]> {
  const machine = checkPrerequisites(config).map(
    ({ name, ok, detail }): Finding => ({ about: name, verdict: ok ? 'fine' : 'wrong', detail }),
  )
  return [
    { about: 'Node', verdict: 'fine', detail: process.version },
    ...machine,
    { about: 'settings', verdict: 'fine', detail: 'every setting is within its range' },
    ...(await examineKafka(config)),
    ...(await examinePostgres(config)),
  ]
}

async function examineKafka(config: Config): Promise<Finding[]> {
  const { topic: name, bootstrapServers, retentionDays } = config.kafka
  const servers = bootstrapServers.join(', ')
  try {
    const topic = await describeTopic(config)
    const kafka: Finding = { about: 'Kafka', verdict: 'fine', detail: `${servers} answers` }
    if (topic === undefined) {
      return [
        kafka,
        { about: 'topic', verdict: 'note', detail: `there is no ${name} yet; ./footfall setup creates it` },
      ]
    }
    const { id, partitions, replication, settings } = topic
    const about = 'topic'
    const is = `${name} (${id}), ${partitions} partitions, ${replication} replicas`
    if (settings === undefined) {
      const mend = 'allow DESCRIBE_CONFIGS on it'
      return [kafka, { about, verdict: 'note', detail: `${is}; its settings may not be read: ${mend}` }]
    }
    const findings: Finding[] = [kafka, { about, verdict: 'fine', detail: is }]
    if (settings.cleanupPolicy.includes('compact')) {
      const detail = `cleanup.policy is ${settings.cleanupPolicy}: records vanish uncounted; set it to delete`
      findings.push({ about: 'topic compaction', verdict: 'wrong', detail })
    }
    if (settings.timestampType !== 'LogAppendTime') {
      const detail =
        `message.timestamp.type is ${settings.timestampType}: the age of an event and the id window follow its ` +
        "sender's clock; LogAppendTime takes the broker's"
      findings.push({ about: 'topic timestamps', verdict: 'note', detail })
    }
    const days = settings.retentionMs / 86_400_000
    if (settings.retentionMs >= 0 && days !== retentionDays) {
      const detail = `the topic keeps records for ${days} days, KAFKA_TOPIC_RETENTION_DAYS says ${retentionDays}`
      findings.push({ about: 'topic retention', verdict: 'note', detail })
    }
    return findings
  } catch (error) {
    const said = (error as Error).message.replace(/\.$/, '')
    const detail = `${servers}: ${said}. Start it (npm start brings one), or set KAFKA_BOOTSTRAP_SERVERS`
    return [{ about: 'Kafka', verdict: 'wrong', detail }]
  }
}

async function examinePostgres(config: Config): Promise<Finding[]> {
  const { host, port, database, user } = config.postgres
  const where = `${user}@${host}:${port}/${database}`
  let client: Client
  try {
    client = await connectWriter(config, 'footfall doctor')
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    const detail = `${where}: ${message || code}. Start it (npm start brings one), or set POSTGRES_HOST and the others`
    return [{ about: 'Postgres', verdict: 'wrong', detail }]
  }
  try {
    const notes = await checkServer(client)
    return [
      { about: 'Postgres', verdict: 'fine', detail: `${where} answers` },
      ...notes.map((detail): Finding => ({ about: 'Postgres settings', verdict: 'note', detail })),
      ...(await examineTables(client, config)),
    ]
  } catch (error) {
    return [{ about: 'Postgres', verdict: 'wrong', detail: (error as Error).message }]
  } finally {
    await client.end()
  }
}

async function examineTables(client: Client, config: Config): Promise<Finding[]> {
  const missing = await checkMigrated(client)
  if (missing.length > 0) {
    const may = await client.query<{ may: boolean }>(`select has_schema_privilege('public', 'create') as may`)
    const mend = may.rows[0]!.may ? '' : '; this user may not create tables: grant create on schema public'
    const detail = `${missing.join(', ')} not applied yet; ./footfall setup applies it${mend}`
    return [{ about: 'tables', verdict: 'note', detail }]
  }
  const findings: Finding[] = [{ about: 'tables', verdict: 'fine', detail: 'up to date' }]
  const denied = await client.query<{ name: string }>(
    `select name from unnest($1::text[]) as name where not has_table_privilege(name, 'select, insert, update, delete')`,
    [['daily_user_item_summary', 'partition_ledger', 'event_ids', 'rejects', 'partition_watch']],
  )
  if (denied.rows.length > 0) {
    const tables = denied.rows.map(({ name }) => name).join(', ')
    const detail = `${config.postgres.user} may not select, insert, update and delete in ${tables}, as a consumer must`
    findings.push({ about: 'rights', verdict: 'note', detail })
  }
  const counted = await client.query<{ topic: string }>('select topic from installation')
  const topic = counted.rows[0]?.topic
  if (topic !== undefined && topic !== config.kafka.topic) {
    const detail = `this database counts ${topic}, KAFKA_TOPIC_USER_ACTIVITIES is ${config.kafka.topic}: set it back`
    findings.push({ about: 'topic of the database', verdict: 'wrong', detail })
  }
  return [...findings, ...(await examineRules(client, config)), ...(await examineHalts(client))]
}

async function examineRules(client: Client, { rules }: Config): Promise<Finding[]> {
  const { rows } = await client.query<Config['rules']>(
    `select max_age_days as "maxAgeDays", max_ahead_minutes as "maxAheadMinutes", window_hours as "windowHours",
            window_ids_max as "windowIdsMax" from rules order by version desc limit 1`,
  )
  const recorded = rows[0]
  if (recorded === undefined) return []
  const same = (Object.keys(recorded) as (keyof Config['rules'])[]).every(name => recorded[name] === rules[name])
  if (same) return [{ about: 'rules', verdict: 'fine', detail: 'the settings are those the counts were made under' }]
  const detail =
    `the counts were made under MAX_EVENT_AGE_DAYS=${recorded.maxAgeDays} ` +
    `MAX_EVENT_AHEAD_MINUTES=${recorded.maxAheadMinutes} DEDUPE_WINDOW_HOURS=${recorded.windowHours} ` +
    `DEDUPE_MAX_IDS=${recorded.windowIdsMax}: consumers refuse to start until the settings are these again`
  return [{ about: 'rules', verdict: 'wrong', detail }]
}

async function examineHalts(client: Client): Promise<Finding[]> {
  const { rows } = await client.query<{ partition: number; halt_reason: string; halt_detail: string }>(
    `select partition, halt_reason, halt_detail from partition_ledger where state = 'halted' order by partition`,
  )
  return rows.map(({ partition, halt_reason, halt_detail }) => ({
    about: `partition ${partition}`,
    verdict: 'wrong',
    detail: `halted, ${halt_reason}: ${halt_detail}`,
  }))
}

/** The findings for people. */
export function doctorText(findings: readonly Finding[]): string {
  const marks = { fine: '✔', note: '!', wrong: '✘' }
  const width = Math.max(...findings.map(({ about }) => about.length))
  return findings.map(({ about, verdict, detail }) => `${marks[verdict]} ${about.padEnd(width)}  ${detail}`).join('\n')
}
