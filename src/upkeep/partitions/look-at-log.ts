/** What the log of a halted partition shows now, over new connections. */
import { type Examined, examine } from '../../kafka/examine.ts'
import { firstReadable } from '../../kafka/first-readable.ts'
import { realTime } from '../../runtime/time.ts'
import type { Seen } from './halt-plans.ts'
import type { Standing } from './standings.ts'

/** A consumer has waited longer before it halted the partition. */
const silenceMs = 1_000

interface Topic extends Examined {
  topic(): Promise<{ readonly id: string; readonly partitions: number } | undefined>
}

/**
 * @param batchBytesMax as the consumers' CONSUMER_MAX_BATCH_BYTES. @param to where somebody wants to go on.
 * @throws when the brokers cannot tell.
 */
export async function lookAtLog(
  log: Topic,
  at: Standing,
  batchBytesMax: number,
  to?: number,
  time = realTime,
): Promise<Seen> {
  const { partition, nextOffset, tail } = at
  const topic = await log.topic()
  if (topic === undefined) throw new Error('the topic is not there; create it, or set KAFKA_TOPIC_USER_ACTIVITIES')
  const trouble = await examine(
    log,
    { topicId: at.topicId, partition, nextOffset, tail },
    batchBytesMax,
    true,
    time,
    silenceMs,
  )
  const isThere = partition < topic.partitions
  const { start: logStart, end: logEnd } = isThere ? await log.bounds(partition) : { start: -1, end: -1 }
  const place = { topicId: at.topicId, partition, tail: undefined }
  const seen = { topicId: topic.id, partitions: topic.partitions, logStart, logEnd, trouble }
  if (trouble?.reason === 'recreated') return { ...seen, readableAt: undefined }
  const readableAt =
    trouble?.reason === 'trimmed'
      ? logStart
      : trouble !== undefined && trouble.from >= nextOffset
        ? await firstReadable(log, place, nextOffset, logEnd, batchBytesMax)
        : undefined
  const isWithin = to !== undefined && to >= logStart && to <= logEnd
  const troubleThere = isWithin
    ? await examine(log, { ...place, nextOffset: to }, batchBytesMax, true, time, silenceMs)
    : undefined
  return { ...seen, readableAt, troubleThere }
}
