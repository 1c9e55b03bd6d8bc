/** The log and the books together, for as long as one question takes. */
import { explain } from '../../kafka/explain.ts'
import { LogReader } from '../../kafka/reader.ts'
import type { Config } from '../../runtime/config.ts'
import { createLog } from '../../runtime/log.ts'
import type { LogBounds } from './place.ts'

/** Kafka does not answer, or there is no such topic. */
export class LogAway extends Error {}

export interface LogAccess extends AsyncDisposable {
  readonly reader: LogReader
  readonly topicId: string
  readonly partitions: number
  bounds(partition: number): Promise<LogBounds>
}

/** @throws LogAway */
export async function openLog(config: Config, role: string): Promise<LogAccess> {
  const reader = new LogReader(config, createLog(role, 'silent'), role)
  const close = () => reader.close()
  try {
    const topic = await asAway(config, () => reader.topic())
    if (topic === undefined) throw new LogAway(`there is no topic ${config.kafka.topic}`)
    const { id: topicId, partitions } = topic
    const bounds = (partition: number) =>
      partition < partitions
        ? asAway(config, async () => ({ topicId, partitions, ...(await reader.bounds(partition)) }))
        : Promise.resolve({ topicId, partitions, start: -1, end: -1 })
    return { reader, topicId, partitions, bounds, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Fetches are asked again and again by themselves; other questions are not. @throws LogAway */
export async function asAway<T>(config: Config, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw new LogAway((await explain(config, error)).message, { cause: error })
  }
}
