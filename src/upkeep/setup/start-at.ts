/**
 * `setup --start-at`: where counting begins, said by a person before anything is counted. It makes the ledger rows that
 * the first consumer would make at the log's start, so consumers need not know of it; partitions that are added later
 * get theirs from a consumer, at offset 0.
 */
import type { Client } from 'pg'
import { judgeVersion } from '../../event/judge.ts'
import { listBounds, listOffsetsAt, type PartitionBounds } from '../../kafka/bounds.ts'
import { claimDatabase, refuseOtherTopic } from '../../postgres/installation.ts'
import { lockLedger } from '../../postgres/lock-ledger.ts'
import { readOrRecordRules, whyRefused } from '../../postgres/rules.ts'
import { UnfitDatabase } from '../../postgres/unfit-database.ts'
import type { Config } from '../../runtime/config.ts'
import { operator } from '../../runtime/operator.ts'
import { withTables } from '../tables.ts'
import { offsetsOf, type StartAt } from './start-words.ts'

export interface StartPlan {
  readonly topicId: string
  readonly partitions: readonly PartitionStart[]
}

export interface PartitionStart extends PartitionBounds {
  readonly partition: number
  /** The first offset that is counted; those from `logStart` up to it never are. */
  readonly startOffset: number
}

/** @throws when something is counted already, or an offset is not in its partition; what Kafka or Postgres answer. */
export async function planStart(
  config: Config,
  topic: { readonly id: string; readonly partitions: number },
  at: StartAt,
): Promise<StartPlan> {
  await withTables(config, 'footfall setup', async client => {
    await refuseOtherTopic(client, config.kafka.topic)
    await refuseWhenCounted(client)
  })
  const bounds = await listBounds(config, topic.partitions)
  const found = at.kind === 'time' ? await listOffsetsAt(config, topic.partitions, at.ms) : new Map<number, number>()
  const offsets = offsetsOf(at, bounds, found)
  const partitions = [...bounds].map(([partition, log]) => ({
    partition,
    ...log,
    startOffset: offsets.get(partition)!,
  }))
  return { topicId: topic.id, partitions }
}

/** Makes the ledger rows of the plan, in the place of rows that have counted nothing. @throws when one has meanwhile. */
export function carryOutStart(config: Config, plan: StartPlan, words: string): Promise<void> {
  return withTables(config, 'footfall setup', async client => {
    await claimDatabase(client, config.kafka.topic)
    const wanted = { ...config.rules, judgeVersion }
    const rules = await readOrRecordRules(client, wanted, operator())
    const refusal = whyRefused(rules, wanted)
    if (refusal !== undefined) throw new UnfitDatabase(refusal)
    await client.query('begin')
    await lockLedger(client)
    await refuseWhenCounted(client)
    await client.query('delete from partition_rules')
    await client.query('delete from partition_ledger')
    await client.query(
      `with begun as (
         insert into partition_ledger (topic_id, partition, lineage, start_offset, next_offset, rules_version)
         select $1, partition, 1, start, start, (select max(version) from rules)
           from unnest($2::int[], $3::bigint[]) as s(partition, start) returning *)
       insert into partition_rules (topic_id, partition, lineage, from_offset, rules_version)
       select topic_id, partition, lineage, start_offset, rules_version from begun`,
      [plan.topicId, plan.partitions.map(one => one.partition), plan.partitions.map(one => one.startOffset)],
    )
    await client.query(
      `update installation
          set start_at = $1, start_operating_user = $2, start_database_user = session_user, start_said_at = now()`,
      [words, operator()],
    )
    await client.query('commit')
  })
}

async function refuseWhenCounted(client: Client): Promise<void> {
  const { rows } = await client.query<{ partition: number; next_offset: string }>(
    `select partition, next_offset from partition_ledger
      where next_offset > start_offset or lineage > 1 or state = 'closed' order by partition limit 1`,
  )
  if (rows[0] === undefined) return
  throw new Error(
    `nothing was changed: partition ${rows[0].partition} is counted up to offset ${rows[0].next_offset} already, and ` +
      'counts that begin elsewhere need a database of their own: name another one (POSTGRES_DB)',
  )
}

/** Where counting would begin, and what of the log it leaves out. */
export function startPlanText({ partitions }: StartPlan): string {
  const lines = partitions.map(({ partition, logStart, logEnd, startOffset }) => {
    const leftOut = startOffset - logStart
    const what =
      leftOut === 0 ? 'leaves nothing out' : `never counts the ${leftOut} from ${logStart} to ${startOffset - 1}`
    return `  partition ${partition}: offset ${startOffset}, ${what}; ${logEnd - startOffset} wait to be counted`
  })
  return ['Counting would begin at:', ...lines, 'Partitions that are added later are counted from offset 0.'].join('\n')
}

export const startedText =
  'Counting begins there; consumers that run go there within seconds. It can be said otherwise until something is counted.'
