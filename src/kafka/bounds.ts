/** How far the partitions of the topic go. */
import { type Admin, FetchIsolationLevels } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { useAdmin } from './admin.ts'

export interface PartitionBounds {
  readonly logStart: number
  /** The last stable offset: how far there is anything to count. */
  readonly logEnd: number
}

/** @returns the bounds by partition, in order; empty when there is no such topic. @throws when the brokers do not answer. */
export async function listBounds(config: Config, partitions: number): Promise<Map<number, PartitionBounds>> {
  return useAdmin(config, 'status', async admin => {
    const all = Array.from({ length: partitions }, (_, partition) => partition)
    const at = (timestamp: bigint) => offsetsAt(admin, config.kafka.topic, all, timestamp)
    const [starts, ends] = [await at(earliest), await at(latest)]
    return new Map(
      all.map(partition => [partition, { logStart: starts.get(partition)!, logEnd: ends.get(partition)! }]),
    )
  })
}

/**
 * The first offset of each partition whose record was appended (or, on a topic with its senders' times, sent) at a time
 * or later. Partitions without such a record are missing. @param ms since 1970 @throws when the brokers do not answer.
 */
export async function listOffsetsAt(config: Config, partitions: number, ms: number): Promise<Map<number, number>> {
  return useAdmin(config, 'setup', async admin => {
    const all = Array.from({ length: partitions }, (_, partition) => partition)
    const found = await offsetsAt(admin, config.kafka.topic, all, BigInt(ms))
    return new Map([...found].filter(([, offset]) => offset >= 0))
  })
}

/** The timestamps by which Kafka names the log's start and, for readers of committed records, its last stable offset. */
export const earliest = -2n
export const latest = -1n

/** @returns the offset at a timestamp, by partition. @throws when the brokers do not answer. */
export async function offsetsAt(
  admin: Admin,
  name: string,
  partitions: readonly number[],
  timestamp: bigint,
): Promise<Map<number, number>> {
  const topics = [{ name, partitions: partitions.map(partitionIndex => ({ partitionIndex, timestamp })) }]
  const [topic] = await admin.listOffsets({ topics, isolationLevel: FetchIsolationLevels.READ_COMMITTED })
  return new Map(topic!.partitions.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]))
}
