/**
 * The log as the consumer reads it, over Kafka. Keeps the reading half of G7: offsets are ours alone, a fetch names
 * topic id and epochs, and an answer that does not fit is a trouble with a name, never a jump to another offset.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Admin, type ClusterMetadata, findErrorBy } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import type { Log as Logger } from '../runtime/log.ts'
import { Absences, anyBroker } from './absences.ts'
import { earliest, latest, offsetsAt } from './bounds.ts'
import { clusterOptions, openClient, retryDelayMs } from './cluster.ts'
import { Connections } from './connections.ts'
import { type FetchedPartition, fetchFrom } from './fetch.ts'
import { inParts } from './fetch-socket.ts'
import type { Aborted, Tail } from './records.ts'
import { Refused } from './refusal.ts'
import { inWords, mayNot } from './rights.ts'
import { isCompacted } from './topic.ts'
import type { Trouble } from './trouble.ts'

/** The broker answers at once when there is anything; this is how long it waits otherwise. */
const maxWaitMs = 250
/** Small enough that folding an answer never holds up the process for long, large enough that requests do not count. */
const partitionBytesMax = 1 << 20
const bytesMax = 4 << 20

const errorCodes = {
  none: 0,
  outOfRange: 1,
  corruptMessage: 2,
  unknownPartition: 3,
  forbidden: 29,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
}

/** What to read of one partition next. */
export interface Want {
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  /** The record batch before `offset`: the broker compares its epoch with the log's. */
  readonly tail: Tail | undefined
}

/** One partition's part of an answer. */
export interface Fetched {
  readonly want: Want
  /** Whole record batches from the one that holds `want.offset` on, up to the last stable offset; may be empty. */
  readonly records: Buffer
  /** They are read, or are not to be: their memory may be used again. Whoever does not call it, once, only wastes some. */
  readonly release?: () => void
  readonly aborted: readonly Aborted[]
  readonly logStart: number
  /** The last stable offset: how far there is anything to read. */
  readonly logEnd: number
  /** When it was asked for: whatever was in the log then lies before `logEnd`. */
  readonly askedMs: number
  /** Nothing came although there is something and the answer had room for it. */
  readonly isSilent: boolean
  /** The log is not the one we counted. */
  readonly trouble?: Trouble
}

/** The real `Log` of `consumer/log.ts`; `evidence/scan.ts` reads with it, too. */
export class LogReader {
  readonly #config: Config
  readonly #log: Logger
  readonly #role: string
  readonly #admin: Admin
  readonly #connections: Connections
  readonly #absences: Absences
  readonly #asking = new Map<number, Promise<{ broker: number; fetched: readonly Fetched[] }>>()
  #metadata: ClusterMetadata | undefined
  #turn = 0
  #closed = false

  /** @param role who reads, as brokers show it. */
  constructor(config: Config, log: Logger, role = 'consumer') {
    this.#config = config
    this.#log = log
    this.#role = role
    this.#connections = new Connections(config, role)
    this.#absences = new Absences(log)
    this.#admin = openClient(clusterOptions(config, role), options => new Admin({ ...options, retries: 0 }))
  }

  /** Why a broker refuses us; undefined while none does. */
  get refusal(): string | undefined {
    return this.#absences.refusal
  }

  async topic(): Promise<{ id: string; partitions: number } | undefined> {
    this.#metadata = undefined
    const topic = await this.#topic()
    return topic && { id: topic.id, partitions: topic.partitionsCount }
  }

  isCompacted(): Promise<boolean> {
    return isCompacted(this.#admin, this.#config.kafka.topic)
  }

  async bounds(partition: number): Promise<{ start: number; end: number }> {
    const at = async (timestamp: bigint) =>
      (await offsetsAt(this.#admin, this.#config.kafka.topic, [partition], timestamp)).get(partition)!
    try {
      const [start, end] = await Promise.all([at(earliest), at(latest)])
      return { start, end: Math.max(start, end) }
    } catch (error) {
      throw inWords(this.#config, error, 'READ')
    }
  }

  async fetch(wants: readonly Want[]): Promise<readonly Fetched[]> {
    try {
      for (const [broker, theirs] of await this.#byLeader(wants)) {
        if (!this.#asking.has(broker)) this.#asking.set(broker, this.#askPatiently(broker, theirs))
      }
      this.#absences.heard(anyBroker)
    } catch (error) {
      await this.#missed(anyBroker, error)
    }
    if (this.#asking.size === 0) {
      await pause(this.#closed ? 0 : 100)
      return []
    }
    const { broker, fetched } = await Promise.race(this.#asking.values())
    this.#asking.delete(broker)
    return fetched
  }

  async look(want: Want): Promise<Fetched> {
    const other = new LogReader(this.#config, this.#log, this.#role)
    try {
      const broker = [...(await other.#byLeader([want])).keys()][0]
      if (broker === undefined) throw new Error(`partition ${want.partition} has no leader at the moment`)
      const fetched = await other.#ask(broker, [want], 0) // what there is
      if (fetched[0] === undefined) throw new Error(`the broker cannot serve partition ${want.partition} at the moment`)
      return fetched[0]
    } finally {
      await other.close()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#connections.close()
    await this.#admin.close()
  }

  async #topic() {
    const name = this.#config.kafka.topic
    try {
      this.#metadata ??= await this.#admin.metadata({ topics: [name], forceUpdate: true })
    } catch (error) {
      if (findErrorBy(error as Error, 'apiId', 'UNKNOWN_TOPIC_OR_PARTITION')) return undefined
      throw inWords(this.#config, error, 'READ')
    }
    return this.#metadata.topics.get(name)
  }

  /** Wants of a topic that was recreated are asked too: the broker's answer says so. */
  async #byLeader(wants: readonly Want[]): Promise<Map<number, Want[]>> {
    const topic = await this.#topic()
    const byLeader = new Map<number, Want[]>()
    // A broker fills an answer in the order of the request: everybody gets to be first.
    this.#turn += 1
    for (let i = 0; i < wants.length; i++) {
      const want = wants[(i + this.#turn) % wants.length]!
      const leader = topic?.partitions[want.partition]?.leader ?? -1
      if (leader < 0) this.#metadata = undefined
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), want])
    }
    return byLeader
  }

  /** Never fails: a broker that is away is asked again later, with fresh metadata. */
  async #askPatiently(broker: number, wants: readonly Want[]) {
    try {
      const fetched = await this.#ask(broker, wants)
      this.#absences.heard(broker)
      return { broker, fetched }
    } catch (error) {
      await this.#missed(broker, error)
      return { broker, fetched: [] }
    }
  }

  async #missed(broker: number, error: unknown): Promise<void> {
    if (this.#closed) return
    this.#metadata = undefined
    await pause(retryDelayMs(this.#absences.missed(broker, inWords(this.#config, error, 'READ'))))
  }

  async #ask(broker: number, wants: readonly Want[], waitMs = maxWaitMs): Promise<Fetched[]> {
    const topic = await this.#topic()
    if (topic === undefined) throw new Error(`topic ${this.#config.kafka.topic} is not there`)
    const topicId = wants[0]!.topicId
    const asked = wants
      .filter(want => want.topicId === topicId)
      .map(want => ({
        partition: want.partition,
        currentLeaderEpoch: topic.partitions[want.partition]?.leaderEpoch ?? -1,
        offset: want.offset,
        lastFetchedEpoch: want.tail?.epoch ?? -1,
      }))
    const connection = await this.#connect(broker)
    const askedMs = Date.now()
    const answer = await fetchFrom(connection, topicId, asked, { maxWaitMs: waitMs, bytesMax, partitionBytesMax })
    if (answer.errorCode !== errorCodes.none) throw new Error(`fetch was answered with error ${answer.errorCode}`)
    const fetched: Fetched[] = []
    let stale: FetchedPartition | undefined
    const bytes = answer.partitions.reduce((sum, { records }) => sum + records.length, 0)
    const hadRoom = bytes < bytesMax - partitionBytesMax
    const releases = inParts(answer.partitions.length, () => answer.release?.())
    for (const [i, part] of answer.partitions.entries()) {
      const want = wants.find(want => want.partition === part.partition && want.topicId === topicId)!
      const found = await this.#understand(broker, want, part, askedMs, hadRoom)
      if (found === undefined) stale = part
      else fetched.push({ ...found, release: releases[i]! })
    }
    if (stale !== undefined) {
      // Leaders move, epochs change: normal, and over after fresh metadata; a moment later so as not to spin.
      this.#metadata = undefined
      this.#log('fetch_repeated', { partition: stale.partition, code: stale.errorCode })
      if (fetched.length === 0) await pause(50)
    }
    return fetched
  }

  async #understand(
    broker: number,
    want: Want,
    part: FetchedPartition,
    askedMs: number,
    hadRoom: boolean,
  ): Promise<Fetched | undefined> {
    const { records, aborted, logStart, lastStableOffset: logEnd } = part
    const found = { want, records, aborted, logStart, logEnd, askedMs, isSilent: false }
    switch (part.errorCode) {
      case errorCodes.none:
        if (part.divergesAt === undefined) {
          return { ...found, isSilent: hadRoom && records.length === 0 && want.offset < logEnd }
        }
        return { ...found, trouble: departed(want, part.divergesAt) }
      case errorCodes.outOfRange:
        return this.#outOfRange(broker, want)
      case errorCodes.corruptMessage: {
        const detail = `the broker cannot read its own log from ${want.offset} on`
        return { ...found, trouble: { reason: 'bad_crc', from: want.offset, to: want.offset, detail } }
      }
      case errorCodes.unknownTopicId:
      case errorCodes.inconsistentTopicId:
      case errorCodes.unknownPartition: {
        const id = (await this.topic())?.id
        if (id === undefined || id === want.topicId) return undefined
        const detail = `topic ${this.#config.kafka.topic} had the id ${want.topicId} and has ${id} now`
        return { ...found, trouble: { reason: 'recreated', from: want.offset, to: want.offset, detail } }
      }
      case errorCodes.forbidden: {
        const { topic } = this.#config.kafka
        throw new Refused(mayNot(this.#config, `read from topic ${topic}`, 'READ', `topic ${topic}`))
      }
      default:
        return undefined
    }
  }

  async #outOfRange(broker: number, want: Want): Promise<Fetched | undefined> {
    const askedMs = Date.now()
    const { start: logStart, end: logEnd } = await this.bounds(want.partition)
    const found = { want, records: Buffer.alloc(0), aborted: [], logStart, logEnd, askedMs, isSilent: false }
    if (want.offset < logStart) {
      const detail = `offsets ${want.offset} to ${logStart - 1} were deleted before they were read`
      return { ...found, trouble: { reason: 'trimmed', from: want.offset, to: logStart - 1, detail } }
    }
    if (want.offset > logEnd) return { ...found, trouble: departed(want, logEnd) }
    // The broker does not know the epoch we name: it may have gone with trimmed records, but only at the log's start.
    if (want.offset === logStart && want.tail !== undefined) {
      const [again] = await this.#ask(broker, [{ ...want, tail: undefined }])
      return again && { ...again, want }
    }
    const detail = `the log never had the leader epoch ${want.tail?.epoch} that was counted before ${want.offset}`
    return { ...found, trouble: { reason: 'diverged', from: want.offset, to: want.offset, detail } }
  }

  #connect(broker: number): ReturnType<Connections['to']> {
    const address = this.#metadata?.brokers.get(broker)
    if (address === undefined) throw new Error(`broker ${broker} is not in the metadata`)
    return this.#connections.to(broker, address)
  }
}

/** The log goes another way from `at` on than the one that was counted up to `want.offset`. */
function departed(want: Want, at: number): Trouble {
  const detail = `the log departs at ${at} from what was counted up to ${want.offset}`
  return { reason: 'truncated', from: at, to: want.offset - 1, detail }
}
