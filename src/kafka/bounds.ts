/** How far each partition of the topic goes, for people who look: `reader.ts` asks for itself. */
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
    const at = async (timestamp: bigint) => {
      const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp }))
      const topics = [{ name: config.kafka.topic, partitions: asked }]
      const [topic] = await admin.listOffsets({ topics, isolationLevel: FetchIsolationLevels.READ_COMMITTED })
      return new Map(topic!.partitions.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]))
    }
    const [starts, ends] = [await at(-2n), await at(-1n)]
    return new Map([...starts].map(([partition, logStart]) => [partition, { logStart, logEnd: ends.get(partition)! }]))
  } finally {
    await admin.close()
  }
}
