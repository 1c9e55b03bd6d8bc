/** Repairs as any Kafka client can send them: a record in its origin's partition, with the origin's place in a header. */
import type { Message } from 'kafkajs'
import type pg from 'pg'
import { originHeader, originText, type Position } from '../../src/event/origin.ts'

/** The name of a partition's current lineage, for the places of its records. */
export async function lineageOf(client: pg.Client, partition = 0): Promise<Omit<Position, 'offset'>> {
  const { rows } = await client.query<Omit<Position, 'offset'>>(
    `select topic_id as "topicId", partition, lineage from partition_ledger where partition = $1 and state <> 'closed'`,
    [partition],
  )
  return rows[0]!
}

export function repairOf(origin: Position, value: Buffer | null): Message & { readonly partition: number } {
  return { value, partition: origin.partition, headers: { trace: 'kept', [originHeader]: originText(origin) } }
}
