/** How a role that needs the topic gets it: create it where its rights allow, else wait for who may, and say so. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '../runtime/config.ts'
import type { Log } from '../runtime/log.ts'
import { retryDelayMs } from './cluster.ts'
import { Refused } from './refusal.ts'
import { ensureTopic, type Topic, TopicCompacted, TopicForbidden } from './topic.ts'

/**
 * Returns the topic when it is there, or undefined when `signal` aborts. Waits as long as it takes for brokers that are
 * down or for somebody with the rights; logs each reason once.
 * @param waiting hears after each attempt why it waits on.
 * @throws TopicCompacted: waiting is of no use.
 */
export async function awaitTopic(
  config: Config,
  log: Log,
  signal: AbortSignal,
  waiting: (why: Error) => void = () => {},
): Promise<Topic | undefined> {
  const { topic: name, bootstrapServers } = config.kafka
  let said: string | undefined
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const topic = await ensureTopic(config)
      for (const note of topic.notes) log('topic_differs', { topic: name, why: note })
      log('topic_found', { topic: name, partitions: topic.partitions, created: topic.created })
      return topic
    } catch (error) {
      if (error instanceof TopicCompacted) throw error
      const reason = (error as Error).message
      const isRefused = error instanceof Refused || error instanceof TopicForbidden
      const event = isRefused ? 'kafka_refused' : 'topic_awaited'
      if (reason !== said) log(event, { bootstrapServers, topic: name, why: reason })
      said = reason
      waiting(error as Error)
      await pause(retryDelayMs(attempt), undefined, { signal }).catch(() => {})
    }
  }
  return undefined
}
