/** The ledger as the way out of a halt needs it. */
import type { Client } from 'pg'
import type { Tail } from '../../kafka/records.ts'
import type { Config } from '../../runtime/config.ts'
import type { Halted } from './halt-plans.ts'

/** A partition's current ledger row. */
export interface Standing extends Omit<Halted, 'halt'> {
  readonly tail: Tail | undefined
  /** Undefined: it is open. */
  readonly halt: Halted['halt'] | undefined
}

/**
 * @returns the current rows in the order of partitions.
 * @throws when they are those of another topic: every partition would look recreated.
 */
export async function readStandings(client: Client, config: Config): Promise<Standing[]> {
  await checkTopic(client, config)
  const { rows } = await client.query<Row>(
    `select topic_id as "topicId", partition, lineage, next_offset::float8 as "nextOffset",
              tail_epoch as epoch, tail_crc::float8 as crc, state,
              halt_reason as reason, halt_from::float8 as "from", halt_to::float8 as "to", halt_detail as detail,
              to_char(halted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
         from partition_ledger where state <> 'closed' order by partition`,
  )
  return rows.map(standing)
}

async function checkTopic(client: Client, { kafka }: Config): Promise<void> {
  const { rows } = await client.query<{ topic: string }>('select topic from installation')
  if (rows[0] === undefined || rows[0].topic === kafka.topic) return
  throw new Error(
    `this database counts the topic ${rows[0].topic}, KAFKA_TOPIC_USER_ACTIVITIES is ${kafka.topic}: set it back`,
  )
}

interface Row extends Omit<Halted, 'halt'> {
  readonly epoch: number | null
  readonly crc: number
  readonly state: 'open' | 'halted'
  readonly reason: Halted['halt']['reason']
  readonly from: number
  readonly to: number
  readonly detail: string | null
  readonly since: string
}

function standing({ epoch, crc, state, reason, from, to, detail, since, ...row }: Row): Standing {
  const tail = epoch === null ? undefined : { epoch, crc }
  return { ...row, tail, halt: state === 'halted' ? { reason, from, to, detail: detail ?? '', since } : undefined }
}
