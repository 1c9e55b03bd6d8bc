/** Records that are deleted from the front of a log, as retention does. */
import { Admin } from '@platformatic/kafka'
import { sharedKafka } from './environment.ts'

/** @param before the first offset that stays. */
export async function deleteRecords(topic: string, partition: number, before: number): Promise<void> {
  const admin = new Admin({ clientId: 'tests', bootstrapBrokers: [sharedKafka().address] })
  try {
    await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(before) }] }] })
  } finally {
    await admin.close()
  }
}
