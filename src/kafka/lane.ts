/**
 * One partition's way into Kafka: a queue, one record batch on its way, and a producer id of its own.
 *
 * A batch is sent again with the same id and sequence until the broker says what became of it; that is what lets the
 * broker recognise a batch whose answer was lost. The library's producer shares one id among all partitions, begins
 * anew with another id when its retries end or one partition fails, and so writes twice what was only unanswered; it
 * also keeps the error of every retry and throws at sequence 2^31. With an id per lane one partition's trouble stays
 * its own, and a new id is taken only when the broker has lost track of the old one.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { retryDelayMs } from './cluster.ts'
import { errorName } from './produce.ts'
import { encodeRecordBatch, type OutgoingRecord } from './record-batch.ts'

/** How a lane reaches the brokers. */
export interface Carrier {
  /** A fresh producer id. @throws when no broker could be asked. */
  identify(): Promise<{ readonly producerId: bigint; readonly producerEpoch: number }>
  /**
   * Sends one record batch to the partition's leader and waits for all replicas.
   * @param onSending called when the bytes leave: from then on a failure leaves the outcome unknown.
   * @returns the broker's error code, 0 when written.
   * @throws when there was no answer.
   */
  produce(partition: number, batch: Buffer, attempt: number, onSending: () => void): Promise<number>
  /** Says that this partition takes nothing, and why; undefined: it does again. */
  stalled(partition: number, why: string | undefined): void
}

/** One call to send: settled when each of its records is. */
export interface Ticket {
  unsettled: number
  refused: Error | undefined
  readonly done: (error?: Error) => void
}

interface Waiting {
  readonly record: OutgoingRecord
  readonly bytes: number
  readonly ticket: Ticket
}

/** A broker said no to these records for good: they are not in the log and never will be. */
export class RecordsRefused extends Error {}

/** The writer was closed before the broker had acknowledged all records of a send. */
export class WriterClosed extends Error {}

export interface LaneBooks {
  readonly acknowledged: number
  readonly refused: number
  /** Acknowledged, but written under a new id after an attempt without an answer: they may be in the log twice. */
  readonly perhapsTwice: number
}

/** Below the default max.message.bytes of brokers (1,048,588); halved when a topic allows less. */
const batchBytesMax = 900_000
/** Sequences are 31 bits and begin anew at 0. */
const sequences = 2 ** 31
/** A leader change takes less; after this somebody will ask why nothing arrives. */
const stallMs = 2_000

type LastWord = 'written' | 'too large' | 'refused'
type Answer = LastWord | 'forgotten' | 'later'

export class Lane {
  readonly #partition: number
  readonly #carrier: Carrier
  readonly #givenUp = new AbortController()
  #queue: Waiting[] = []
  #pendingBytes = 0
  #batch: readonly Waiting[] = []
  #identity: { readonly producerId: bigint; readonly producerEpoch: number } | undefined
  #sequence = 0
  /** An attempt of the batch on its way has no answer: it may be in the log. */
  #uncertain = false
  /** That batch, encoded once: it is sent again byte for byte. */
  #bytes: Buffer | undefined
  #why = ''
  #bytesMax = batchBytesMax
  #running = false
  #acknowledged = 0
  #refused = 0
  #perhapsTwice = 0

  constructor(partition: number, carrier: Carrier) {
    this.#partition = partition
    this.#carrier = carrier
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Records whose batch was sent and has no answer yet. */
  get unanswered(): number {
    return this.#uncertain ? this.#batch.length : 0
  }

  get books(): LaneBooks {
    return { acknowledged: this.#acknowledged, refused: this.#refused, perhapsTwice: this.#perhapsTwice }
  }

  /** Queues a record; `run` sends it. */
  add(record: OutgoingRecord, bytes: number, ticket: Ticket): void {
    this.#queue.push({ record, bytes, ticket })
    this.#pendingBytes += bytes
  }

  /** Sends what is queued, batch after batch; batches grow by themselves while one is on its way. */
  run(): void {
    if (this.#running || this.#givenUp.signal.aborted) return
    this.#running = true
    void this.#drain()
  }

  /** Gives up what is left: `unknown` was on its way without an answer, `unsent` never left. */
  giveUp(): { unknown: number; unsent: number } {
    this.#givenUp.abort()
    const unknown = this.unanswered
    const left = [...this.#batch, ...this.#queue]
    this.#batch = []
    this.#queue = []
    this.#settle(
      left,
      new WriterClosed(`closed with ${left.length} records of partition ${this.#partition} unanswered`),
    )
    return { unknown, unsent: left.length - unknown }
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 && !this.#givenUp.signal.aborted) {
      this.#batch = this.#take()
      await this.#deliver(this.#batch)
    }
    this.#running = false
  }

  #take(): readonly Waiting[] {
    let bytes = 0
    let count = 0
    while (count < this.#queue.length) {
      bytes += this.#queue[count]!.bytes
      if (bytes > this.#bytesMax && count > 0) break
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  /** Ends when the batch is written, refused, put back as too large, or given up. */
  async #deliver(batch: readonly Waiting[]): Promise<void> {
    this.#uncertain = false
    this.#bytes = undefined
    this.#why = 'no answer yet'
    let stalled = false
    const alarm = setTimeout(() => {
      stalled = true
      this.#carrier.stalled(this.#partition, this.#why)
    }, stallMs)
    const end = await this.#insist(batch)
    clearTimeout(alarm)
    if (end === undefined) return
    if (stalled) this.#carrier.stalled(this.#partition, undefined)
    this.#end(batch, end)
  }

  /** Tries until there is a last word. @returns undefined when given up. */
  async #insist(batch: readonly Waiting[]): Promise<LastWord | undefined> {
    let perhapsTwice = 0
    for (let attempt = 0; ; attempt++) {
      if (attempt > 0) await wait(retryDelayMs(attempt), undefined, { signal: this.#givenUp.signal }).catch(() => {})
      const answer = this.#givenUp.signal.aborted ? 'later' : await this.#attempt(batch, attempt)
      if (this.#givenUp.signal.aborted) return undefined
      if (answer === 'forgotten') {
        // Only an unanswered attempt can be in the log already; then the batch may be there twice, under two ids, which
        // its event ids make harmless.
        if (this.#uncertain) perhapsTwice = batch.length
        this.#identity = undefined
        this.#bytes = undefined
      } else if (answer !== 'later') {
        if (answer === 'written') this.#perhapsTwice += perhapsTwice
        return answer
      }
    }
  }

  async #attempt(batch: readonly Waiting[], attempt: number): Promise<Answer> {
    const uncertain = this.#uncertain
    try {
      this.#identity ??= await this.#identify()
      this.#bytes ??= this.#encode(batch, this.#identity)
      const code = await this.#carrier.produce(this.#partition, this.#bytes, attempt, () => {
        this.#uncertain = true
      })
      this.#why = errorName(code)
      if (!mayBeWritten(code)) this.#uncertain = uncertain
      return judge(code, batch.length)
    } catch (error) {
      this.#why = (error as Error).message
      return 'later'
    }
  }

  #end(batch: readonly Waiting[], answer: LastWord): void {
    this.#batch = []
    this.#uncertain = false
    this.#bytes = undefined
    if (answer === 'too large') {
      this.#bytesMax = Math.floor(this.#bytesMax / 2)
      this.#queue = [...batch, ...this.#queue]
    } else if (answer === 'written') {
      this.#sequence = (this.#sequence + batch.length) % sequences
      this.#acknowledged += batch.length
      this.#settle(batch)
    } else {
      this.#refused += batch.length
      this.#settle(
        batch,
        new RecordsRefused(`partition ${this.#partition} refused ${batch.length} records: ${this.#why}`),
      )
    }
  }

  async #identify() {
    const identity = await this.#carrier.identify()
    this.#sequence = 0
    return identity
  }

  #encode(
    batch: readonly Waiting[],
    identity: { readonly producerId: bigint; readonly producerEpoch: number },
  ): Buffer {
    const records = batch.map(waiting => waiting.record)
    return encodeRecordBatch(records, { ...identity, sequence: this.#sequence }, Date.now())
  }

  #settle(batch: readonly Waiting[], error?: Error): void {
    for (const { bytes, ticket } of batch) {
      this.#pendingBytes -= bytes
      if (error !== undefined) ticket.refused = error
      ticket.unsettled -= 1
      if (ticket.unsettled === 0) ticket.done(ticket.refused)
    }
  }
}

function judge(code: number, records: number): Answer {
  switch (errorName(code)) {
    case 'NONE':
    case 'DUPLICATE_SEQUENCE_NUMBER': // an earlier attempt was written after all
      return 'written'
    case 'OUT_OF_ORDER_SEQUENCE_NUMBER':
    case 'UNKNOWN_PRODUCER_ID':
    case 'INVALID_PRODUCER_EPOCH':
    case 'INVALID_PRODUCER_ID_MAPPING':
      return 'forgotten'
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return records > 1 ? 'too large' : 'refused'
    case 'INVALID_RECORD':
    case 'INVALID_TIMESTAMP':
      return 'refused'
    default:
      return 'later' // a leader on the move, too few replicas, a right that is missing: it can be mended
  }
}

/** Errors after which the leader may have appended the batch all the same. */
function mayBeWritten(code: number): boolean {
  const id = errorName(code)
  return (
    id === 'REQUEST_TIMED_OUT' ||
    id === 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' ||
    id === 'NETWORK_EXCEPTION' ||
    id === 'KAFKA_STORAGE_ERROR' ||
    id === 'UNKNOWN_SERVER_ERROR'
  )
}
