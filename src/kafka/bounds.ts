/** How far the partitions of the topic go. */
import { Admin, FetchIsolationLevels } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { clusterOptions } from './cluster.ts'

export interface PartitionBounds {
  readonly logStart: number
  /** The last stable offset: how far there is anything to count. */
  readonly logEnd: number
}

/** @returns the bounds by partition; empty when there is no such topic. @throws when the brokers do not answer. */
export async function listBounds(config: Config, partitions: number): Promise<Map<number, PartitionBounds>> {
  const admin = new Admin({ ...clusterOptions(config, 'status'), retries: 1 })
  try {
    const all = Array.from({ length: partitions }, (_, partition) => partition)
    const at = (timestamp: bigint) => offsetsAt(admin, config.kafka.topic, all, timestamp)
    const [starts, ends] = [await at(earliest), await at(latest)]
    return new Map([...starts].map(([partition, logStart]) => [partition, { logStart, logEnd: ends.get(partition)! }]))
  } finally {
    await admin.close()
  }
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
