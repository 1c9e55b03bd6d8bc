/** What the doctor says of what the counts depend on besides the log: the rules in force, and where counting began. */
import type { Client } from 'pg'
import { judgeVersion } from '../event/judge.ts'
import { readRules, whyRefused } from '../postgres/rules.ts'
import type { Config } from '../runtime/config.ts'
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
