/**
 * The way into the topic: idempotent, acknowledged by all in-sync replicas, keyed as Java keys. `send` resolves when
 * every record is in the log; what is not yet answered is tried again until it is, or until the writer closes and says
 * how much it does not know.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { Base, initProducerIdV4 } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import type { Log } from '../runtime/log.ts'
import { clusterOptions, openClient } from './cluster.ts'
import { type Carrier, Lane, type LaneBooks, type Ticket } from './lane.ts'
import { partitionOf } from './murmur2.ts'
import { produce } from './produce.ts'
import { type OutgoingRecord, recordBytesMax } from './record-batch.ts'
import { inWords, mayNot } from './rights.ts'

/** More is waiting than may be held in memory; nothing of this send was taken. Try again when `full` is false. */
export class WriterFull extends Error {}

export interface WriterBooks extends LaneBooks {
  /** Left without an answer when the writer closed: in the log or not. */
  readonly unknown: number
  /** Never left. */
  readonly unsent: number
}

const pendingBytesMax = 32 * 1024 * 1024
const flushPollMs = 5

/**
 * @param role who writes; see clusterOptions.
 * @param partitions how many the topic has now; more are noticed within seconds of sending.
 */
export function openWriter(config: Config, log: Log, role: string, partitions: number): Writer {
  return new Writer(config, log, role, partitions)
}

export class Writer implements Carrier {
  readonly #config: Config
  readonly #topic: string
  readonly #log: Log
  readonly #client: Base
  readonly #timeoutMs: number
  readonly #lanes: Lane[] = []
  readonly #stalled = new Map<number, string>()
  #stalledSince = 0
  #nextKeyless = 0
  #lost = { unknown: 0, unsent: 0 }
  #closing: Promise<WriterBooks> | undefined

  constructor(config: Config, log: Log, role: string, partitions: number) {
    const options = clusterOptions(config, role)
    this.#config = config
    this.#topic = config.kafka.topic
    this.#log = log
    this.#timeoutMs = options.timeout
    // Each lane has one request on its way and retries by itself, where it knows what retrying means.
    this.#client = openClient(options, options => new Base({ ...options, retries: 0, maxInflights: 1_000 }))
    this.#grow(partitions)
  }

  /** True while the writer holds as much as it may: send less, or later. */
  get full(): boolean {
    return this.#pendingBytes >= pendingBytesMax
  }

  /** Why nothing moves in at least one partition; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#stalled.values().next().value
  }

  /** Records that were sent and have no answer yet: in the log or not. */
  get unanswered(): number {
    return this.#lanes.reduce((sum, { unanswered }) => sum + unanswered, 0)
  }

  get books(): WriterBooks {
    const sum = { acknowledged: 0, refused: 0, perhapsTwice: 0 }
    for (const { books } of this.#lanes) {
      sum.acknowledged += books.acknowledged
      sum.refused += books.refused
      sum.perhapsTwice += books.perhapsTwice
    }
    return { ...sum, ...this.#lost }
  }

  /**
   * Resolves when every record is acknowledged by all in-sync replicas.
   * @throws WriterFull before anything was taken; RecordsRefused when a broker refused some of them for good;
   * WriterClosed when some were still unanswered at the end.
   */
  async send(records: readonly OutgoingRecord[]): Promise<void> {
    if (this.#closing !== undefined) throw new Error('the writer is closed')
    if (this.full) throw new WriterFull(`${this.#pendingBytes} bytes are waiting for Kafka, at most ${pendingBytesMax}`)
    if (records.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const done = (error?: Error) => (error === undefined ? resolve() : reject(error))
    const ticket: Ticket = { unsettled: records.length, refused: undefined, done }
    const keyless = this.#nextKeyless++ % this.#lanes.length
    for (const record of records) {
      const partition =
        record.partition ?? (record.key === null ? keyless : partitionOf(record.key, this.#lanes.length))
      this.#lanes[partition]!.add(record, recordBytesMax(record), ticket)
    }
    for (const lane of this.#lanes) lane.run()
    return promise
  }

  /** Resolves when everything given so far is settled, or when the signal comes. */
  async flushed(stopping: AbortSignal): Promise<void> {
    while (this.#pendingBytes > 0 && !stopping.aborted) await wait(flushPollMs)
  }

  /**
   * Waits for what is on its way, at most `flushMs`, then gives up the rest.
   * @returns the final books; every caller gets the same.
   */
  close(flushMs: number): Promise<WriterBooks> {
    this.#closing ??= this.#close(flushMs)
    return this.#closing
  }

  async #close(flushMs: number): Promise<WriterBooks> {
    const deadline = performance.now() + flushMs
    while (this.#pendingBytes > 0 && performance.now() < deadline) await wait(flushPollMs)
    for (const lane of this.#lanes) {
      const { unknown, unsent } = lane.giveUp()
      this.#lost = { unknown: this.#lost.unknown + unknown, unsent: this.#lost.unsent + unsent }
    }
    // A broker that hangs would keep a polite close waiting for its socket to empty.
    for (const [, connection] of this.#client.connections) connection.socket?.destroy()
    await this.#client.close()
    return this.books
  }

  async identify() {
    try {
      const brokers = [...(await this.#metadata(false)).brokers.values()]
      const connection = await this.#client.connections.getFirstAvailable(brokers)
      return await initProducerIdV4.api.async(connection, null, this.#timeoutMs)
    } catch (error) {
      throw inWords(this.#config, error, 'WRITE')
    }
  }

  async produce(partition: number, batch: Buffer, attempt: number, onSending: () => void): Promise<number> {
    try {
      return await this.#produce(partition, batch, attempt, onSending)
    } catch (error) {
      throw inWords(this.#config, error, 'WRITE')
    }
  }

  async #produce(partition: number, batch: Buffer, attempt: number, onSending: () => void): Promise<number> {
    const metadata = await this.#metadata(attempt > 0)
    const leader = metadata.topics.get(this.#topic)?.partitions[partition]?.leader
    const broker = leader === undefined ? undefined : metadata.brokers.get(leader)
    if (broker === undefined) throw new Error(`partition ${partition} of topic ${this.#topic} has no leader`)
    const connection = await this.#client.connections.get(broker)
    onSending()
    return (await produce.async(connection, this.#topic, partition, batch, this.#timeoutMs)).code
  }

  stalled(partition: number, reason: string | undefined): void {
    const before = this.trouble
    const topic = `topic ${this.#topic}`
    const isForbidden = reason === 'TOPIC_AUTHORIZATION_FAILED'
    const why = isForbidden ? mayNot(this.#config, `write to ${topic}`, 'WRITE', topic) : reason
    if (why === undefined) this.#stalled.delete(partition)
    else this.#stalled.set(partition, why)
    if (before === undefined && why !== undefined) {
      this.#stalledSince = performance.now()
      this.#log('kafka_takes_nothing', { topic: this.#topic, partition, why })
    } else if (before !== undefined && this.#stalled.size === 0) {
      const seconds = Math.round((performance.now() - this.#stalledSince) / 100) / 10
      this.#log('kafka_takes_again', { topic: this.#topic, seconds })
    }
  }

  get #pendingBytes(): number {
    let bytes = 0
    for (const lane of this.#lanes) bytes += lane.pendingBytes
    return bytes
  }

  async #metadata(forceUpdate: boolean) {
    const metadata = await this.#client.metadata({ topics: [this.#topic], forceUpdate })
    this.#grow(metadata.topics.get(this.#topic)?.partitionsCount ?? 0)
    return metadata
  }

  #grow(partitions: number): void {
    while (this.#lanes.length < partitions) this.#lanes.push(new Lane(this.#lanes.length, this))
  }
}
