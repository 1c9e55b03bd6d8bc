/** What the doctor says of PostgreSQL: server, tables, rights, and what they record against the settings. */
import type { Client } from 'pg'
import { connectWriter } from '../../postgres/connect.ts'
import { sqlState } from '../../postgres/fault.ts'
import { checkMigrated, checkServer } from '../../postgres/migrate.ts'
import { grantsMend } from '../../postgres/rights.ts'
import type { Config } from '../../runtime/config.ts'
import type { Finding } from './finding.ts'
import { examineRights } from './rights.ts'
import { examineRules, examineStart } from './rules.ts'
import { examineTls } from './tls.ts'

/** Never throws: what stands in the way is a finding. */
export async function examinePostgres(config: Config): Promise<Finding[]> {
  const { host, port, database, user } = config.postgres
  const where = `${user}@${host}:${port}/${database}`
  let client: Client
  try {
    client = await connectWriter(config, 'footfall doctor')
  } catch (error) {
    return [{ about: 'Postgres', verdict: 'wrong', detail: (error as Error).message }]
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
    const { message } = error as Error
    const detail = sqlState(error) === '42501' ? `${user}: ${message}; ${grantsMend}` : message
    return [{ about: 'Postgres', verdict: 'wrong', detail }]
  } finally {
    await client.end()
  }
}

async function examineTables(client: Client, config: Config): Promise<Finding[]> {
  const { user } = config.postgres
  const missing = await checkMigrated(client)
  if (missing.length > 0) {
    const may = await client.query<{ may: boolean }>(`select has_schema_privilege('public', 'create') as may`)
    const mend = may.rows[0]!.may ? '' : `; ${user} may not create tables: run it as one who may`
    const detail = `${missing.join(', ')} not applied yet; ./footfall setup applies it${mend}`
    return [{ about: 'tables', verdict: 'note', detail }]
  }
  const rights = await examineRights(client, config)
  const findings: Finding[] = [{ about: 'tables', verdict: 'fine', detail: 'up to date' }, ...rights.findings]
  if (!rights.maySeeAll) return findings
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
    detail: `halted, ${halt_reason}: ${halt_detail}; ./footfall partitions shows the ways out`,
  }))
}
