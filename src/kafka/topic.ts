/** The topic: created by us with our settings, never in passing, and taken as it is when it exists. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Admin, ConfigResourceTypes, findErrorBy } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { useAdmin } from './admin.ts'
import { retryDelayMs } from './cluster.ts'
import { isForbidden, mayNot } from './rights.ts'

export interface TopicDescription {
  readonly id: string
  readonly partitions: number
  /** Of the partition that has the fewest. */
  readonly replication: number
  /** Undefined: this client may not read the topic's settings. */
  readonly settings:
    | { readonly cleanupPolicy: string; readonly timestampType: string; readonly retentionMs: number }
    | undefined
}

export interface Topic {
  readonly id: string
  readonly partitions: number
  readonly created: boolean
  /** Whole sentences about what is not as it should be, or could not be seen. */
  readonly notes: readonly string[]
}

/** Compaction deletes records that were not counted yet, so a compacted topic is never read or written. */
export class TopicCompacted extends Error {}

/** The topic is absent or hidden, and this client could not create it. The message says why; waiting may help. */
export class TopicUnavailable extends Error {}

/** A right is missing; the message says which. */
export class TopicForbidden extends TopicUnavailable {}

const leadersDeadlineMs = 15_000
const msPerDay = 86_400_000

/**
 * Creates the topic if it is absent, with the partitions, replication and retention of the settings and the broker's
 * append time in its records. Two processes may do so at once. An existing topic is taken as it is.
 * @throws TopicCompacted; TopicUnavailable when it may not be seen or created; Refused by useAdmin; else what the brokers or the network
 * answered, which the caller may wait out.
 */
export async function ensureTopic(config: Config): Promise<Topic> {
  return useAdmin(config, 'setup', async admin => {
    const found = await describe(admin, config)
    const created = found === undefined && (await create(admin, config))
    const topic = found ?? (await awaitLeaders(admin, config))
    if (topic.settings?.cleanupPolicy.includes('compact')) {
      throw new TopicCompacted(
        `topic ${config.kafka.topic} is compacted (cleanup.policy=${topic.settings.cleanupPolicy}): records would ` +
          'vanish before they are counted; set cleanup.policy=delete or name another topic',
      )
    }
    return { id: topic.id, partitions: topic.partitions, created, notes: notes(config, topic) }
  })
}

/** Whether the topic is compacted, as far as this client may see. @throws what the brokers or the network answered. */
export async function isCompacted(admin: Admin, topic: string): Promise<boolean> {
  return (await settings(admin, topic))?.cleanupPolicy.includes('compact') ?? false
}

/** The topic as it is now; undefined when there is none. @throws what the brokers or the network answered. */
export async function describeTopic(config: Config): Promise<TopicDescription | undefined> {
  return useAdmin(config, 'setup', admin => describe(admin, config))
}

async function describe(admin: Admin, config: Config): Promise<TopicDescription | undefined> {
  const metadata = await partitionsOf(admin, config)
  if (metadata === undefined) return undefined
  const replication = Math.min(...metadata.partitions.map(partition => partition.replicas.length))
  return {
    id: metadata.id,
    partitions: metadata.partitionsCount,
    replication,
    settings: await settings(admin, config.kafka.topic),
  }
}

async function partitionsOf(admin: Admin, config: Config) {
  const { topic } = config.kafka
  try {
    return (await admin.metadata({ topics: [topic], forceUpdate: true, retries: 0 })).topics.get(topic)
  } catch (error) {
    // The library's word for a topic that does not exist; its other user errors are about the connection.
    if (findErrorBy(error as Error, 'code', 'PLT_KFK_USER')?.message.startsWith('Unknown topic')) return undefined
    if (isForbidden(error)) throw new TopicForbidden(mayNot(config, `see topic ${topic}`, 'DESCRIBE', `topic ${topic}`))
    throw error
  }
}

async function settings(admin: Admin, topic: string): Promise<TopicDescription['settings']> {
  try {
    const configurationKeys = ['cleanup.policy', 'message.timestamp.type', 'retention.ms']
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys }]
    const [described] = await admin.describeConfigs({ resources })
    const value = (name: string) => described?.configs.find(setting => setting.name === name)?.value ?? ''
    return {
      cleanupPolicy: value('cleanup.policy'),
      timestampType: value('message.timestamp.type'),
      retentionMs: Number(value('retention.ms')),
    }
  } catch (error) {
    if (isForbidden(error)) return undefined
    throw error
  }
}

/** @returns false when another process was faster. */
async function create(admin: Admin, config: Config): Promise<boolean> {
  const { topic, partitions, replication, retentionDays } = config.kafka
  try {
    await admin.createTopics({
      topics: [topic],
      partitions,
      replicas: replication ?? -1,
      configs: [
        { name: 'message.timestamp.type', value: 'LogAppendTime' },
        { name: 'retention.ms', value: String(retentionDays * msPerDay) },
        { name: 'cleanup.policy', value: 'delete' },
      ],
    })
    return true
  } catch (error) {
    if (findErrorBy(error as Error, 'apiId', 'TOPIC_ALREADY_EXISTS')) return false
    if (isForbidden(error)) {
      const may = mayNot(config, 'create it', 'CREATE', `topic ${topic}`)
      throw new TopicForbidden(`topic ${topic} does not exist and ${may}, or create it (./footfall setup)`)
    }
    const refusal = findErrorBy(error as Error, 'code', 'PLT_KFK_PROTOCOL')
    if (refusal === null) throw error
    const why = (refusal as { serverErrorMessage?: string | null }).serverErrorMessage ?? refusal.message
    throw new TopicUnavailable(`topic ${topic} does not exist and could not be created: ${why}`)
  }
}

/** A topic that was just created is known to the controller first and to the brokers a moment later. */
async function awaitLeaders(admin: Admin, config: Config): Promise<TopicDescription> {
  const deadline = performance.now() + leadersDeadlineMs
  for (let attempt = 1; ; attempt++) {
    const metadata = await partitionsOf(admin, config).catch((error: unknown) => {
      if (findErrorBy(error as Error, 'hasStaleMetadata', true)) return undefined // elected in a moment
      throw error
    })
    if (metadata?.partitions.every(partition => partition.leader >= 0)) {
      const described = await describe(admin, config)
      if (described !== undefined) return described
    }
    if (performance.now() > deadline) {
      throw new TopicUnavailable(
        `topic ${config.kafka.topic} was created but has no leaders after ${leadersDeadlineMs} ms`,
      )
    }
    await wait(retryDelayMs(attempt))
  }
}

function notes(config: Config, topic: TopicDescription): string[] {
  const name = config.kafka.topic
  if (topic.settings === undefined) {
    return [
      `${mayNot(config, `read the settings of topic ${name}`, 'DESCRIBE_CONFIGS', `topic ${name}`)}, or see that it is not compacted`,
    ]
  }
  if (topic.settings.timestampType === 'LogAppendTime') return []
  return [
    `topic ${name} has message.timestamp.type=${topic.settings.timestampType}: the age of an event is judged by its ` +
      "producer's clock; LogAppendTime takes the broker's",
  ]
}
