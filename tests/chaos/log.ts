/** What the chaos does to the log: looks which events lie where, and has Kafka delete some. */
import { scan } from '../../src/evidence/recount/scan.ts'
import { LogReader } from '../../src/kafka/reader.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { until } from '../support/environment.ts'
import { useAdmin } from './ask.ts'
import { numberOf } from './events.ts'
import type { Stage } from './stage.ts'

const deleteDeadlineMs = 30_000

/** The numbers of the events at the offsets [from, to). */
export async function numbersIn(
  { settings }: Pick<Stage, 'settings'>,
  partition: number,
  from: number,
  to: number,
): Promise<number[]> {
  const config = parseConfig(settings)
  const log = new LogReader(config, () => {}, 'chaos')
  const numbers: number[] = []
  try {
    const topicId = (await log.topic())!.id
    const { batchBytesMax } = config.consumer
    const range = { topicId, partition, from, to }
    const { trouble } = await scan(log, range, record => void numbers.push(numberOf(record.headers())), {
      batchBytesMax,
    })
    if (trouble !== undefined) throw new Error(`the log cannot be read: ${trouble.detail}`)
    return numbers
  } finally {
    await log.close()
  }
}

/** As retention does. */
export async function deleteBefore({ kafka, topic }: Stage, partition: number, offset: number): Promise<void> {
  const topics = [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }]
  await useAdmin(kafka, admin =>
    until(async () => (await admin.deleteRecords({ topics })) !== null, deleteDeadlineMs, 'the records are deleted'),
  )
}
