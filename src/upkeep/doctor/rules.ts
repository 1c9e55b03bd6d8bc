/** What the doctor says of what the counts depend on besides the log: the rules in force, and where counting began. */
import type { Client } from 'pg'
import { judgeVersion } from '../../event/judge.ts'
import { readRules, whyRefused } from '../../postgres/rules.ts'
import type { Config } from '../../runtime/config.ts'
import type { Finding } from './finding.ts'

export async function examineRules(client: Client, config: Config): Promise<Finding[]> {
  const recorded = await readRules(client)
  if (recorded === undefined) return []
  const refusal = whyRefused(recorded, { ...config.rules, judgeVersion })
  if (refusal !== undefined)
    return [{ about: 'rules', verdict: 'wrong', detail: `consumers refuse to start: ${refusal}` }]
  if (recorded.judgeVersion === judgeVersion) {
    return [{ about: 'rules', verdict: 'fine', detail: 'the settings are those the counts are made under' }]
  }
  const detail =
    `the counts are made by version ${recorded.judgeVersion} of the judge, this program has ${judgeVersion}: its first ` +
    'consumer puts it in force, and consumers of the older Footfall stop'
  return [{ about: 'rules', verdict: 'note', detail }]
}

/** Where counting began, if a person has said so: what lies before is in no count, and nobody must wonder why. */
export async function examineStart(client: Client): Promise<Finding[]> {
  const { rows } = await client.query<{ words: string; who: string; at: string; starts: string | null }>(
    `select start_at as words, start_operating_user as who,
            to_char(start_said_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as at,
            (select string_agg(format('partition %s from offset %s', partition, start_offset), ', ' order by partition)
               from partition_ledger where state <> 'closed') as starts
       from installation where start_at is not null`,
  )
  return rows.map(({ words, who, at, starts }) => ({
    about: 'start of counting',
    verdict: 'note',
    detail: `${words}, as ${who} said on ${at}: ${starts ?? 'nothing is counted yet'}`,
  }))
}
