/**
 * Which partitions are this process': membership of the Kafka group, and nothing else. Counting never rests on it: two
 * owners of a partition cost work, and the ledger lets only one of them write.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Consumer, cooperativeStickyAssigner } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import type { Log } from '../runtime/log.ts'
import { clusterOptions, openClient, retryDelayMs } from './cluster.ts'
import { Refused } from './refusal.ts'
import { inWords } from './rights.ts'

/** A member that is silent for so long is out, and the others take its partitions. */
const sessionTimeoutMs = 10_000
const heartbeatMs = 2_000
/** How long the others wait for a member that is slow to join again. */
const rebalanceTimeoutMs = 10_000
const leaveMs = 1_000
/** Assignments and partition counts are looked at so often: the client reports neither all changes nor new partitions. */
const lookMs = 1_000

export interface Membership {
  /** Writes next offsets to Kafka, for tools that show lag. Best effort: nobody reads them back. */
  commit(next: ReadonlyMap<number, number>): Promise<void>
  /** When the group was last heard of, in ms since 1970; undefined before the first time. */
  lastHeardMs(): number | undefined
  leave(): Promise<void>
}

/**
 * Joins the group and stays in it, whatever happens to the brokers, until `leave`.
 * @param onAssigned called with all partitions of this member, after every change; an empty list when membership is lost.
 */
export function joinGroup(config: Config, log: Log, onAssigned: (partitions: number[]) => void): Membership {
  const member = new Member(config, log, onAssigned)
  const living = member.live()
  return {
    commit: next => member.commit(next),
    lastHeardMs: () => member.lastHeardMs,
    leave: async () => {
      await member.leave()
      await living
    },
  }
}

class Member {
  lastHeardMs: number | undefined
  readonly #config: Config
  readonly #log: Log
  readonly #onAssigned: (partitions: number[]) => void
  readonly #topic: string
  readonly #leaving = new AbortController()
  #consumer: Consumer | undefined
  #assigned = ''

  constructor(config: Config, log: Log, onAssigned: (partitions: number[]) => void) {
    this.#config = config
    this.#log = log
    this.#onAssigned = onAssigned
    this.#topic = config.kafka.topic
  }

  /** One life after another: a client that lost its membership for good is replaced by a new one. */
  async live(): Promise<void> {
    let said: string | undefined
    for (let failures = 0; !this.#leaving.signal.aborted; ) {
      try {
        await this.#liveOnce(() => {
          failures = 0
          said = undefined
        })
      } catch (error) {
        failures += 1
        const words = inWords(this.#config, error, 'READ')
        const reason = words instanceof Refused ? words.message : 'away'
        if (reason !== said && !this.#leaving.signal.aborted)
          this.#log(words instanceof Refused ? 'kafka_refused' : 'membership_lost', { why: words.message })
        said = reason
      }
      if (!this.#leaving.signal.aborted) this.#assign([])
      await this.#close()
      await pause(retryDelayMs(failures), undefined, { signal: this.#leaving.signal }).catch(() => {})
    }
  }

  async commit(next: ReadonlyMap<number, number>): Promise<void> {
    const offsets = [...next].map(([partition, offset]) => ({
      topic: this.#topic,
      partition,
      offset: BigInt(offset),
      leaderEpoch: -1,
    }))
    if (offsets.length > 0) await this.#consumer?.commit({ offsets })
  }

  async leave(): Promise<void> {
    this.#leaving.abort()
    await this.#close()
  }

  async #liveOnce(joined: () => void): Promise<void> {
    const { group, groupInstanceId } = this.#config.kafka
    const consumer = openClient(clusterOptions(this.#config, 'consumer'), options => {
      return new Consumer({
        ...options,
        groupId: group,
        ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
        autocommit: false,
        sessionTimeout: sessionTimeoutMs,
        heartbeatInterval: heartbeatMs,
        rebalanceTimeout: rebalanceTimeoutMs,
        protocols: [{ name: 'cooperative-sticky', version: 1 }],
        // By itself the client gives out the leader's own topic only: in a group that two installations share, the
        // members of the other one would wait for ever.
        partitionAssigner: (leader, members, _, metadata) =>
          cooperativeStickyAssigner(leader, members, new Set(metadata.topics.keys()), metadata),
      })
    })
    this.#consumer = consumer
    consumer.on('error', error => this.#log('group_client_failed', { why: error.message }))
    consumer.topics.track(this.#topic)
    let partitions = await this.#countPartitions(consumer)
    await consumer.joinGroup()
    let heardMs = Date.now()
    let awayMs = 0
    while (!this.#leaving.signal.aborted) {
      heardMs = Math.max(heardMs, consumer.lastHeartbeat?.getTime() ?? 0)
      this.lastHeardMs = heardMs
      // Brokers that are away end no membership: a new member would wait until the session of the old one has run out.
      if (Date.now() - Math.max(heardMs, awayMs) > sessionTimeoutMs)
        throw new Error(`the group was not heard of for ${sessionTimeoutMs} ms`)
      if (consumer.assignments !== null) {
        joined()
        this.#assign(consumer.assignments.find(({ topic }) => topic === this.#topic)?.partitions ?? [])
      }
      await pause(lookMs, undefined, { signal: this.#leaving.signal }).catch(() => {})
      const now = await this.#countPartitions(consumer).catch(() => undefined)
      if (now === undefined) {
        awayMs = Date.now()
      } else if (now !== partitions && !this.#leaving.signal.aborted) {
        this.#log('partitions_grown', { before: partitions, now })
        partitions = now
        await consumer.joinGroup()
        heardMs = Date.now()
      }
    }
  }

  async #countPartitions(consumer: Consumer): Promise<number> {
    const metadata = await consumer.metadata({ topics: [this.#topic], forceUpdate: true, retries: 0 })
    const topic = metadata.topics.get(this.#topic)
    if (topic === undefined) throw new Error(`the topic ${this.#topic} is not there at the moment`)
    return topic.partitionsCount
  }

  #assign(partitions: readonly number[]): void {
    const sorted = [...partitions].sort((a, b) => a - b)
    const assigned = sorted.join(',')
    if (assigned === this.#assigned) return
    this.#assigned = assigned
    this.#log('partitions_assigned', { partitions: sorted })
    this.#onAssigned(sorted)
  }

  async #close(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    if (consumer === undefined) return
    // Closing alone would let a heartbeat of a member that was thrown out schedule the next one for ever. Where nobody
    // answers, the brokers find out by themselves within the session timeout.
    await Promise.race([consumer.leaveGroup(true), pause(leaveMs, undefined, { ref: false })]).catch(() => {})
    await consumer.close(true).catch(() => {})
  }
}
