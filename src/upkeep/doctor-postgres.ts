/** What the doctor says of PostgreSQL: server, tables, rights, and what they record against the settings. */
import type { Client } from 'pg'
import { connectWriter } from '../postgres/connect.ts'
import { TlsFault } from '../postgres/fault.ts'
import { checkMigrated, checkServer } from '../postgres/migrate.ts'
import type { Config } from '../runtime/config.ts'
import { examineRules, examineStart } from './doctor-rules.ts'
import { examineTls } from './doctor-tls.ts'
import type { Finding } from './finding.ts'

/** Never throws: what stands in the way is a finding. */
export async function examinePostgres(config: Config): Promise<Finding[]> {
  const { host, port, database, user } = config.postgres
  const where = `${user}@${host}:${port}/${database}`
  let client: Client
  try {
    client = await connectWriter(config, 'footfall doctor')
  } catch (error) {
    return [{ about: 'Postgres', verdict: 'wrong', detail: whyUnreached(error as Error, where) }]
  }
  try {
    const notes = await checkServer(client)
    return [
      { about: 'Postgres', verdict: 'fine', detail: `${where} answers` },
      ...examineTls(client, config.postgres),
      ...notes.map((detail): Finding => ({ about: 'Postgres settings', verdict: 'note', detail })),
      ...(await examineTables(client, config)),
    ]
  } catch (error) {
    return [{ about: 'Postgres', verdict: 'wrong', detail: (error as Error).message }]
  } finally {
    await client.end()
  }
}

function whyUnreached(error: Error & { code?: string }, where: string): string {
  if (error instanceof TlsFault) return error.message // says where and what to do
  const why = `${where}: ${error.message || error.code}`
  return `${why}. Start it (npm start brings one), or set POSTGRES_HOST and the others`
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
  return [
    ...findings,
    ...(await examineRules(client, config)),
    ...(await examineStart(client)),
    ...(await examineHalts(client)),
  ]
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
