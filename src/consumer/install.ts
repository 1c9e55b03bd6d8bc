/** What a consumer needs of a database before it counts: that it is this topic's, and that its rules are ours. */
import type { Client } from 'pg'
import { judgeVersion } from '../event/judge.ts'
import { claimDatabase } from '../postgres/installation.ts'
import { changeRules, readOrRecordRules, whyRefused } from '../postgres/rules.ts'
import { UnfitDatabase } from '../postgres/unfit-database.ts'
import type { Config } from '../runtime/config.ts'
import { operator } from '../runtime/operator.ts'
import type { Installation } from './store.ts'

/**
 * Records topic, secret and rules in a fresh database, or checks them against those recorded. A judge that is newer
 * than the one recorded is put in force for what comes.
 * @throws UnfitDatabase naming the setting, both values and the way out.
 */
export async function install(client: Client, topic: string, settings: Config['rules']): Promise<Installation> {
  const idKey = await claimDatabase(client, topic)
  const wanted = { ...settings, judgeVersion }
  const rules = await readOrRecordRules(client, wanted, operator())
  const refusal = whyRefused(rules, wanted)
  if (refusal !== undefined) throw new UnfitDatabase(refusal)
  if (rules.judgeVersion === judgeVersion) return { idKey, rules }
  const changed = await changeRules(client, rules, wanted, operator())
  // Whoever was faster has raised it as well, or has changed something that this program must not overlook.
  const now = await install(client, topic, settings)
  return changed === undefined ? now : { ...now, judgeBefore: rules.judgeVersion }
}
