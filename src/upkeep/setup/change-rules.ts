/** `setup --change-rules`: shows which rules the settings would change, from where and what it means; then changes them. */
import type { Client } from 'pg'
import { judgeVersion } from '../../event/judge.ts'
import { refuseOtherTopic } from '../../postgres/installation.ts'
import {
  changeRules,
  differingSettings,
  type RuleDifference,
  type Rules,
  type RulesStart,
  readRules,
  type WantedRules,
  whyRefused,
} from '../../postgres/rules.ts'
import { UnfitDatabase } from '../../postgres/unfit-database.ts'
import type { Config } from '../../runtime/config.ts'
import { operator } from '../../runtime/operator.ts'
import { withTables } from '../tables.ts'

export interface RulesPlan {
  readonly recorded: Rules
  readonly wanted: WantedRules
  readonly differences: readonly RuleDifference[]
  readonly partitions: readonly PartitionEffect[]
}

/** What other rules do to a partition at once. */
export interface PartitionEffect {
  readonly partition: number
  readonly state: 'open' | 'halted'
  /** The first offset that is judged by them, as far as counting goes on meanwhile. */
  readonly nextOffset: number
  /** Event ids that are remembered, and how many of them would not be any more. */
  readonly ids: number
  readonly idsForgotten: number
}

export interface RulesChange extends RulesPlan {
  /** From where they hold; empty where nothing was counted yet. */
  readonly from: readonly RulesStart[]
}

/**
 * @returns undefined when the settings are the rules in force, or nothing is recorded yet.
 * @throws UnfitDatabase when a newer judge is in force: this program may not take it back.
 */
export function planRules(config: Config): Promise<RulesPlan | undefined> {
  return withTables(config, 'footfall setup', async client => {
    await refuseOtherTopic(client, config.kafka.topic)
    const recorded = await readRules(client)
    if (recorded === undefined) return undefined
    const wanted = { ...config.rules, judgeVersion }
    if (recorded.judgeVersion > judgeVersion) throw new UnfitDatabase(whyRefused(recorded, wanted))
    const differences = differingSettings(recorded, wanted)
    if (differences.length === 0 && recorded.judgeVersion === judgeVersion) return undefined
    return { recorded, wanted, differences, partitions: await readEffects(client, wanted) }
  })
}

/** Does what was shown. @throws when the rules were changed since. */
export function carryOutRules(config: Config, plan: RulesPlan): Promise<RulesChange> {
  return withTables(config, 'footfall setup', async client => {
    const from = await changeRules(client, plan.recorded, plan.wanted, operator())
    if (from === undefined)
      throw new Error('nothing was changed: somebody else has changed the rules meanwhile; look again')
    return { ...plan, from }
  })
}

/** Segments leave as the window lets them go: those that are too old first, then the oldest, but never the newest. */
async function readEffects(client: Client, { windowHours, windowIdsMax }: WantedRules): Promise<PartitionEffect[]> {
  const { rows } = await client.query<PartitionEffect>(
    `with segments as (
       select l.partition, segment, sum(length(ids)) / 16 as ids, max(newest_ms) < l.clock_ms - $1::bigint as is_old
         from partition_ledger l join event_ids using (topic_id, partition, lineage)
        where state <> 'closed' group by l.partition, segment, l.clock_ms),
     young as (
       select partition, ids, sum(ids) over newest_first as ids_so_far, row_number() over newest_first as nth
         from segments where not is_old
       window newest_first as (partition by partition order by segment desc)),
     held as (select partition, sum(ids) as ids from segments group by partition),
     kept as (select partition, sum(ids) as ids from young where nth = 1 or ids_so_far <= $2 group by partition)
     select partition, state, next_offset::float8 as "nextOffset", coalesce(held.ids, 0)::float8 as ids,
            (coalesce(held.ids, 0) - coalesce(kept.ids, 0))::float8 as "idsForgotten"
       from partition_ledger left join held using (partition) left join kept using (partition)
      where state <> 'closed' order by partition`,
    [windowHours * 3_600_000, windowIdsMax],
  )
  return rows
}
