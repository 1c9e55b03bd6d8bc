/** What the doctor says of the rights of the user that it runs as: for which process they are enough, or too many. */
import type { Client } from 'pg'
import { grantsMend, lackingRights } from '../../postgres/rights.ts'
import type { Config } from '../../runtime/config.ts'
import type { Finding } from './finding.ts'

export interface Rights {
  readonly findings: readonly Finding[]
  /** Whether this user may read what the books say of topic, rules and halts. */
  readonly maySeeAll: boolean
}

/** The tables must be there. */
export async function examineRights(client: Client, { postgres, given }: Config): Promise<Rights> {
  const about = 'rights'
  const findings: Finding[] = [enoughFor(postgres.user, await lackingRights(client))]
  const { rows } = await client.query<{ all: boolean; super: boolean }>(
    `select bool_and(has_table_privilege(name, 'select')) as all,
            (select rolsuper from pg_roles where rolname = current_user) as super
       from unnest(array['installation', 'rules', 'partition_ledger']) as name`,
  )
  const { all, super: isSuper } = rows[0]!
  if (!all) {
    const detail = 'topic, rules and halts stand in tables that it may not read: ask the doctor as their owner too'
    findings.push({ about, verdict: 'note', detail })
  }
  if (isSuper && given.postgres) {
    const detail =
      `${postgres.user} is a superuser: whoever gets into one process has the whole server. ` +
      'docs/security.md has a role for each process'
    findings.push({ about, verdict: 'note', detail })
  }
  return { findings, maySeeAll: all }
}

function enoughFor(user: string, lacking: Readonly<Record<string, readonly string[]>>): Finding {
  const able = Object.keys(lacking).filter(process => lacking[process]!.length === 0)
  if (able.length > 0)
    return { about: 'rights', verdict: 'fine', detail: `those of ${user} are enough for ${able.join(' and ')}` }
  const lacks = Object.entries(lacking).map(([process, rights]) => `${process}: ${rights.join(', ')}`)
  const detail = `${user} lacks what a process needs (${lacks.join('; ')}); ${grantsMend}`
  return { about: 'rights', verdict: 'note', detail }
}
