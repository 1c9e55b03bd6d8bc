/**
 * The rules: what fates depend on besides the log. Recorded at the first count, and changed for all partitions in one
 * transaction that says from which offset of each the new ones hold. Keeps G6: no fate is decided under rules that are
 * not recorded for its offset.
 */
import type { Client } from 'pg'
import type { Config } from '../runtime/config.ts'
import { lockLedger } from './lock-ledger.ts'

type LimitSettings = Config['rules']

export interface WantedRules extends LimitSettings {
  readonly judgeVersion: number
}

export interface Rules extends WantedRules {
  readonly version: number
}

/** The settings that are rules. */
export const ruleSettings = {
  maxAgeDays: 'MAX_EVENT_AGE_DAYS',
  maxAheadMinutes: 'MAX_EVENT_AHEAD_MINUTES',
  windowHours: 'DEDUPE_WINDOW_HOURS',
  windowIdsMax: 'DEDUPE_MAX_IDS',
} as const satisfies Readonly<Record<keyof LimitSettings, string>>

export interface RuleDifference {
  readonly rule: keyof LimitSettings
  readonly setting: string
  readonly recorded: number
  readonly wanted: number
}

/** Which settings are not as recorded. Two versions of the judge are told apart by the caller, who knows what to do. */
export function differingSettings(recorded: LimitSettings, wanted: LimitSettings): RuleDifference[] {
  return (Object.keys(ruleSettings) as (keyof LimitSettings)[])
    .filter(rule => recorded[rule] !== wanted[rule])
    .map(rule => ({ rule, setting: ruleSettings[rule], recorded: recorded[rule], wanted: wanted[rule] }))
}

/** Why nobody may count by the wanted rules, and the way out; undefined when they are recorded, or a newer judge's. */
export function whyRefused(recorded: WantedRules, wanted: WantedRules): string | undefined {
  if (recorded.judgeVersion > wanted.judgeVersion) {
    return (
      `this program judges by version ${wanted.judgeVersion}, the counts are made under version ` +
      `${recorded.judgeVersion}: run the newer Footfall that has put it in force`
    )
  }
  const differing = differingSettings(recorded, wanted)
  if (differing.length === 0) return undefined
  const settings = differing.map(one => `${one.setting} is ${one.wanted}, the counts are made under ${one.recorded}`)
  return (
    `the rules differ: ${settings.join('; ')}. Set them back to go on, or put the new ones in force for what comes: ` +
    './footfall setup --change-rules'
  )
}

/** A row of `rules` as {@link Rules}. */
export const ruleColumns = `version, judge_version as "judgeVersion", max_age_days as "maxAgeDays",
  max_ahead_minutes as "maxAheadMinutes", window_hours as "windowHours", window_ids_max as "windowIdsMax"`

/** The rules in force, or undefined in a database into which nothing was counted yet. */
export async function readRules(client: Client): Promise<Rules | undefined> {
  const { rows } = await client.query<Rules>(`select ${ruleColumns} from rules order by version desc limit 1`)
  return rows[0]
}

/** Any fixed number of our own, other than the one of the migrations. */
const firstRulesKey = 0x666f6f75

/** The rules in force; where there are none yet, these become the first. */
export async function readOrRecordRules(client: Client, wanted: WantedRules, by: string): Promise<Rules> {
  const recorded = await readRules(client)
  if (recorded !== undefined) return recorded
  // Two consumers may be the first at once: whoever comes second waits here and finds the other's row.
  await client.query('begin')
  // Not the table itself: that takes more rights than a consumer needs for anything else.
  await client.query('select pg_advisory_xact_lock($1)', [firstRulesKey])
  await client.query(`${insertRules} where not exists (select from rules)`, [...values(wanted), by])
  await client.query('commit')
  return (await readRules(client))!
}

/** From which offset of a partition rules hold. */
export interface RulesStart {
  readonly partition: number
  readonly fromOffset: number
}

/**
 * Puts other rules in force: from the next offset of every partition that is open or halted, and for those to come.
 * Running consumers fail their compare-and-set then, and stop.
 * @param recorded what the caller has seen: when that is not in force any more, nothing is changed.
 * @returns where they begin, or undefined when somebody else has changed the rules meanwhile.
 */
export async function changeRules(
  client: Client,
  recorded: Rules,
  wanted: WantedRules,
  by: string,
): Promise<readonly RulesStart[] | undefined> {
  await client.query('begin')
  await lockLedger(client)
  if ((await readRules(client))?.version !== recorded.version) {
    await client.query('rollback')
    return undefined
  }
  const { rows } = await client.query<{ partition: number; from_offset: string }>(
    `with changed as (${insertRules} returning version),
          moved as (update partition_ledger set rules_version = version from changed
                     where state <> 'closed' returning topic_id, partition, lineage, next_offset, version)
     insert into partition_rules (topic_id, partition, lineage, from_offset, rules_version)
     select topic_id, partition, lineage, next_offset, version from moved order by partition
         on conflict (topic_id, partition, lineage, from_offset) do update set rules_version = excluded.rules_version
     returning partition, from_offset`,
    [...values(wanted), by],
  )
  await client.query('commit')
  return rows.map(({ partition, from_offset }) => ({ partition, fromOffset: Number(from_offset) }))
}

const insertRules = `insert into rules
  (judge_version, max_age_days, max_ahead_minutes, window_hours, window_ids_max, operating_user, database_user)
  select $1::int, $2::int, $3::int, $4::int, $5::int, $6::text, session_user`

function values({ judgeVersion, maxAgeDays, maxAheadMinutes, windowHours, windowIdsMax }: WantedRules): number[] {
  return [judgeVersion, maxAgeDays, maxAheadMinutes, windowHours, windowIdsMax]
}
