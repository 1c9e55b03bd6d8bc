/** What a database is for, recorded once: its topic, the secret of its ids, the rules its fates depend on. */
import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { judgeVersion } from '../event/judge.ts'
import type { Config } from '../runtime/config.ts'
import type { Rules } from './fold.ts'
import type { Installation } from './store.ts'

/** A setting contradicts what the database has recorded: a person has to decide, no process may go on. */
export class Mismatch extends Error {}

/**
 * Records topic, secret and rules in a fresh database, or checks them against those recorded.
 * @throws Mismatch naming the setting, both values and the way out.
 */
export async function install(client: Client, topic: string, wanted: Config['rules']): Promise<Installation> {
  await client.query('insert into installation (topic, id_key) values ($1, $2) on conflict do nothing', [
    topic,
    randomBytes(16),
  ])
  const { rows } = await client.query<{ topic: string; id_key: Buffer }>('select topic, id_key from installation')
  const { topic: recorded, id_key: idKey } = rows[0]!
  if (recorded !== topic) {
    throw new Mismatch(
      `this database counts the topic ${recorded}, KAFKA_TOPIC_USER_ACTIVITIES is ${topic}: ` +
        'set it back, or use another database (POSTGRES_DB) for the other topic',
    )
  }
  const rules = (await recordedRules(client)) ?? (await recordRules(client, wanted))
  checkRules(rules, wanted)
  return { idKey, rules }
}

async function recordedRules(client: Client): Promise<Rules | undefined> {
  const { rows } = await client.query<Rules>(
    `select version, judge_version as "judgeVersion", max_age_days as "maxAgeDays",
            max_ahead_minutes as "maxAheadMinutes", window_hours as "windowHours", window_ids_max as "windowIdsMax"
       from rules order by version desc limit 1`,
  )
  return rows[0]
}

async function recordRules(client: Client, wanted: Config['rules']): Promise<Rules> {
  // Two consumers may be the first at once: whoever comes second waits here and finds the other's row.
  await client.query('begin')
  await client.query('lock table rules in share row exclusive mode')
  await client.query(
    `insert into rules (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max)
     select $1, $2, $3, $4, $5 where not exists (select from rules)`,
    [judgeVersion, wanted.maxAgeDays, wanted.maxAheadMinutes, wanted.windowHours, wanted.windowIdsMax],
  )
  await client.query('commit')
  return (await recordedRules(client))!
}

const settingOf = {
  maxAgeDays: 'MAX_EVENT_AGE_DAYS',
  maxAheadMinutes: 'MAX_EVENT_AHEAD_MINUTES',
  windowHours: 'DEDUPE_WINDOW_HOURS',
  windowIdsMax: 'DEDUPE_MAX_IDS',
} as const

function checkRules(recorded: Rules, wanted: Config['rules']): void {
  const differing = (Object.keys(settingOf) as (keyof typeof settingOf)[])
    .filter(name => recorded[name] !== wanted[name])
    .map(name => `${settingOf[name]} is ${wanted[name]}, the counts were made under ${recorded[name]}`)
  if (recorded.judgeVersion !== judgeVersion) {
    differing.push(
      `this program judges by version ${judgeVersion}, the counts were made under ${recorded.judgeVersion}`,
    )
  }
  if (differing.length > 0) throw new Mismatch(`the rules differ: ${differing.join('; ')}. Set them back to go on.`)
}
