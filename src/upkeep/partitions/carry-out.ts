/**
 * Carries out what a person decided about a halted partition. Keeps G1 and G2 over the way out of a halt: ledger, rules,
 * ids and the decision itself move in one transaction, by compare-and-set on the halt that the person was shown.
 */
import type { Client } from 'pg'
import { type Halted, lostBy, type Plan, type Request } from './halt-plans.ts'

/** Who decided what, in words for those who come later. */
export interface By {
  readonly decision: Request['decision']
  readonly operatingUser: string
  readonly note: string | undefined
}

/** @returns false when the partition is not as it was shown: nothing was written. */
export async function carryOut(client: Client, at: Halted, plan: Plan, by: By): Promise<boolean> {
  await client.query('begin')
  const went = await change(client, at, plan)
  if (went !== undefined) await record(client, at, plan, went, by)
  await client.query(went === undefined ? 'rollback' : 'commit')
  return went !== undefined
}

/** The ledger row that goes on, nulls where none does. */
interface Went {
  readonly topicId: string | null
  readonly lineage: number | null
  readonly offset: number | null
}

async function change(client: Client, at: Halted, plan: Plan): Promise<Went | undefined> {
  const { topicId, lineage, nextOffset } = at
  switch (plan.does) {
    case 'open':
      return (await release(client, at, nextOffset)) ? { topicId, lineage, offset: nextOffset } : undefined
    case 'skip':
      return (await release(client, at, plan.to)) ? { topicId, lineage, offset: plan.to } : undefined
    case 'close':
      if (!(await close(client, at))) return undefined
      await client.query(`delete from event_ids ${ofRow}`, key(at))
      return { topicId: null, lineage: null, offset: null }
    case 'begin':
      if (!(await close(client, at))) return undefined
      await begin(client, at, plan)
      return { topicId: plan.topicId, lineage: lineage + 1, offset: plan.next }
  }
}

const ofRow = 'where topic_id = $1 and partition = $2 and lineage = $3'
const asShown = `${ofRow} and next_offset = $4 and state = 'halted' and halt_reason = $5`

function key({ topicId, partition, lineage }: Halted): [string, number, number] {
  return [topicId, partition, lineage]
}

/** Past a loss the record batch before is one that was never read: nothing to know the log by. */
async function release(client: Client, at: Halted, to: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `update partition_ledger
        set state = 'open', halt_reason = null, halt_from = null, halt_to = null, halt_detail = null, halted_at = null,
            next_offset = $6, lost = lost + $6 - next_offset,
            tail_epoch = case when next_offset = $6 then tail_epoch end,
            tail_crc = case when next_offset = $6 then tail_crc end
      ${asShown}`,
    [...key(at), at.nextOffset, at.halt.reason, to],
  )
  return rowCount === 1
}

/** Its halt stays with a closed row: that is how it ended. */
async function close(client: Client, at: Halted): Promise<boolean> {
  const { rowCount } = await client.query(`update partition_ledger set state = 'closed' ${asShown}`, [
    ...key(at),
    at.nextOffset,
    at.halt.reason,
  ])
  return rowCount === 1
}

async function begin(client: Client, at: Halted, plan: Plan & { readonly does: 'begin' }): Promise<void> {
  const row = [...key(at), plan.topicId]
  await client.query(
    `with begun as (
       insert into partition_ledger
         (topic_id, partition, lineage, start_offset, next_offset, lost, clock_ms, rules_version)
       select $4, partition, lineage + 1, $5, $6, $6 - $5::bigint, case when $7 then clock_ms else -1 end, rules_version
         from partition_ledger ${ofRow} returning *)
     insert into partition_rules (topic_id, partition, lineage, from_offset, rules_version)
     select topic_id, partition, lineage, start_offset, rules_version from begun`,
    [...row, plan.start, plan.next, plan.inherits],
  )
  if (!plan.inherits) {
    await client.query(`delete from event_ids ${ofRow}`, key(at))
    return
  }
  // They move, and do not count twice: what was counted stays counted, so what is sent again is a duplicate, also of a
  // record that the log has lost. Segments are named by offsets that the new lineage may give again: below its start
  // they keep their order and are out of the way.
  await client.query(
    `update event_ids
        set topic_id = $4, lineage = lineage + 1, segment = segment - $5, first_offset = first_offset - $5
      ${ofRow}`,
    [...row, at.nextOffset - plan.start],
  )
}

async function record(client: Client, at: Halted, plan: Plan, went: Went, by: By): Promise<void> {
  const { reason, from, to, detail, since } = at.halt
  await client.query(
    `insert into partition_decisions
       (decision, topic_id, partition, lineage, from_offset, to_topic_id, to_lineage, to_offset, lost,
        halt_reason, halt_from, halt_to, halt_detail, halted_at, operating_user, note)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      ...[by.decision, ...key(at), at.nextOffset, went.topicId, went.lineage, went.offset, lostBy(plan, at)],
      ...[reason, from, to, detail, since, by.operatingUser, by.note ?? null],
    ],
  )
}
