/**
 * The consumer's core: reads partitions, folds them, settles what was folded. It talks to `Log` and `Store` only and
 * holds no truth: whatever happens to it, the ledger knows where to go on. Keeps G5 and the halting half of G7.
 */
import { setTimeout as pause, setImmediate as yieldTurn } from 'node:timers/promises'
import type { Trouble } from '../kafka/trouble.ts'
import type { Log as Logger } from '../runtime/log.ts'
import type { Batch } from './batch.ts'
import { examine } from './examine.ts'
import { Fold, type Standing } from './fold.ts'
import { IdHash } from './id-hash.ts'
import { Mismatch } from './install.ts'
import type { Log } from './log.ts'
import { Partition } from './partition.ts'
import { Signal } from './signal.ts'
import { type Halt, type Installation, type Outcome, type Store, StoreFault } from './store.ts'

/** Offsets folded in one go, before other work gets its turn: some 20 ms. */
const sliceRecords = 5_000
/** Rejects are the only part of a batch whose size senders decide. */
const rejectBytesMax = 16 << 20
const haltedLookMs = 2_000
const idleMs = 250
/** Another owner that lives is done sooner; one that was stopped holds the row until PostgreSQL ends its transaction. */
const busyMs = 250
const drainMs = 4_000
/** A transaction that took too long: the same again would take as long. */
const tooLong = new Set(['57014', '25P04'])

export interface Observer {
  settled(batch: Batch): void
  transaction(records: number, seconds: number): void
  fault(kind: string): void
}

interface Bounds {
  readonly batchBytesMax: number
  readonly pendingRecordsMax: number
}

export class Loop {
  readonly partitions = new Map<number, Partition>()
  /** What Postgres answered last, when it was no success: for readiness. */
  storeFault: string | undefined
  readonly #log: Log
  readonly #store: Store
  readonly #installation: Installation
  readonly #hash: IdHash
  readonly #bounds: Bounds
  readonly #logger: Logger
  readonly #observer: Observer
  readonly #reading = new Signal()
  readonly #settling = new Signal()
  #opening = Promise.resolve()
  #recordsMax: number
  #failures = 0
  #stopping = false
  #ran: Promise<void> | undefined
  readonly #broken = Promise.withResolvers<never>()

  constructor(log: Log, store: Store, installation: Installation, bounds: Bounds, logger: Logger, observer: Observer) {
    this.#log = log
    this.#store = store
    this.#installation = installation
    this.#hash = new IdHash(installation.idKey)
    this.#bounds = bounds
    this.#recordsMax = bounds.pendingRecordsMax
    this.#logger = logger
    this.#observer = observer
  }

  /** Makes exactly these partitions ours. What leaves is settled as far as it was read. */
  assign(numbers: readonly number[]): void {
    for (const number of numbers) {
      const held = this.partitions.get(number)
      if (held === undefined) this.partitions.set(number, new Partition(number))
      else if (held.phase === 'leaving') {
        held.phase = 'closed'
        held.drop(Date.now())
      }
    }
    for (const [number, partition] of this.partitions) {
      if (!numbers.includes(number)) partition.phase = 'leaving'
    }
    this.#reading.wake()
    this.#settling.wake()
  }

  /** Runs until `stop`. @throws Mismatch when the rules were changed under us; anything else that is a bug. */
  run(): Promise<void> {
    this.#ran ??= Promise.race([Promise.all([this.#readLoop(), this.#settleLoop()]), this.#broken.promise])
      .then(() => {})
      .finally(() => this.#halfStop())
    return this.#ran
  }

  /** Reads nothing more and settles what was read, for a few seconds at most. */
  async stop(): Promise<void> {
    this.#halfStop()
    await this.#ran?.catch(() => {})
  }

  #halfStop(): void {
    this.#stopping = true
    this.#reading.wake()
    this.#settling.wake()
  }

  async #readLoop(): Promise<void> {
    while (!this.#stopping) {
      this.#openDue()
      if (await this.#foldRests()) continue
      const wants = this.#isFull() ? [] : this.#all().flatMap(one => (one.wantsRecords ? [one.want()] : []))
      if (wants.length === 0) {
        await this.#reading.wait(idleMs)
        continue
      }
      for (const fetched of await this.#log.fetch(wants)) {
        this.partitions.get(fetched.want.partition)?.receive(fetched, this.#bounds.batchBytesMax)
      }
      this.#settling.wake()
    }
    await this.#opening
  }

  /** Folds a slice of every partition that has something. @returns whether any had. */
  async #foldRests(): Promise<boolean> {
    let folded = false
    for (const partition of this.#all()) {
      if (partition.rest === undefined || partition.phase !== 'open' || this.#isFull()) continue
      partition.advance(sliceRecords)
      folded = true
      this.#settling.wake()
      await yieldTurn()
    }
    return folded
  }

  #isFull(): boolean {
    let records = 0
    let rejectBytes = 0
    for (const partition of this.#all()) {
      records += partition.pendingRecords
      rejectBytes += partition.fold?.pendingRejectBytes ?? 0
    }
    return records >= this.#recordsMax || rejectBytes >= rejectBytesMax
  }

  #all(): Partition[] {
    return [...this.partitions.values()]
  }

  /** Opens one after another: the store reads over one connection anyway. */
  #openDue(): void {
    for (const partition of this.#all()) {
      if (partition.phase !== 'closed' && partition.phase !== 'halted') continue
      if (partition.dueMs > Date.now()) continue
      const wasHalted = partition.phase === 'halted'
      const ticket = partition.startOpening()
      this.#opening = this.#opening.then(() => this.#open(partition, ticket, wasHalted))
    }
  }

  async #open(partition: Partition, ticket: number, wasHalted: boolean): Promise<void> {
    const isOurs = () => partition.isOpening(ticket) && !this.#stopping
    if (!isOurs()) return
    try {
      const topic = await this.#log.topic()
      if (topic === undefined) throw new Error('the topic is not there')
      const { start, end } = await this.#log.bounds(partition.number)
      const { standing, startOffset, halt } = await this.#store.open(topic.id, partition.number, start)
      const isRecreated = standing.of.topicId !== topic.id
      if (isRecreated && !wasHalted) await this.#store.haltGone(standing.of.topicId, topic.partitions)
      if (!isOurs()) return
      partition.logStart = start
      partition.logEnd = end
      if (halt !== undefined) return this.#rest(partition, halt, wasHalted)
      if (standing.of.rulesVersion !== this.#installation.rules.version) {
        return this.#rulesChanged(standing.of.rulesVersion)
      }
      if (standing.nextOffset === startOffset && start > startOffset && !isRecreated) {
        await this.#store.moveStart(standing, start)
        return partition.drop(Date.now())
      }
      const trouble = await examine(this.#log, standing, this.#bounds.batchBytesMax, false)
      if (!isOurs()) return
      partition.opened(new Fold(standing, this.#installation.rules, this.#hash), startOffset, trouble)
      const { lineage } = standing.of
      const place = { partition: partition.number, lineage, offset: standing.nextOffset }
      this.#logger.info({ ...place, lag: end - standing.nextOffset, ids: standing.ids.length }, 'partition opened')
      this.#settling.wake()
    } catch (error) {
      if (error instanceof Mismatch) return this.#broken.reject(error)
      if (!isOurs()) return
      partition.phase = wasHalted ? 'halted' : 'closed'
      const ms = partition.backOff(Date.now())
      const words = { partition: partition.number, err: (error as Error).message, ms }
      this.#logger.warn(words, 'partition cannot be opened, trying on')
    } finally {
      this.#reading.wake()
    }
  }

  #rest(partition: Partition, halt: Halt, wasHalted: boolean): void {
    partition.halt = halt
    partition.phase = 'halted'
    partition.dueMs = Date.now() + haltedLookMs
    if (wasHalted) return
    this.#logger.error({ partition: partition.number, ...halt }, 'partition is halted, a person has to decide')
  }

  /** Ends the run: no later attempt would find other rules. */
  #rulesChanged(version: number): void {
    this.#broken.reject(
      new Mismatch(
        `the rules were changed to version ${version} while this consumer ran; start it with the new settings`,
      ),
    )
  }

  async #settleLoop(): Promise<void> {
    let drainUntilMs = Number.POSITIVE_INFINITY
    for (;;) {
      if (this.#stopping) drainUntilMs = Math.min(drainUntilMs, Date.now() + drainMs)
      this.#letGo()
      this.#lookAtTroubled()
      const due = this.#all().filter(one => one.dueMs <= Date.now() && one.batch() !== undefined)
      if (this.#stopping && (due.length === 0 || Date.now() >= drainUntilMs)) return
      if (due.length > 0) await this.#settleTogether(due)
      else await this.#settling.wait(idleMs)
    }
  }

  /** Partitions that are not ours any more go when nothing of them is on the way. */
  #letGo(): void {
    for (const partition of this.#all()) {
      if (partition.phase !== 'leaving') continue
      partition.rest = undefined // was read and not folded: the next owner reads it again
      if (partition.isSettled) this.partitions.delete(partition.number)
    }
  }

  async #settleTogether(due: readonly Partition[]): Promise<void> {
    try {
      await this.#settle(due)
    } catch (error) {
      const fault = this.#faultOf(error)
      this.#failures += 1
      if (fault.kind === 'data' || (fault.kind === 'platform' && this.#failures >= 3)) {
        for (const partition of due) await this.#settleAlone(partition)
      } else {
        await pause(Math.min(2_000, 50 * 2 ** Math.min(this.#failures, 6)))
      }
    }
  }

  /** One that fails alone is the one that is at fault; the others go on. */
  async #settleAlone(partition: Partition): Promise<void> {
    const batch = partition.settling
    if (batch === undefined) return
    try {
      await this.#settle([partition])
    } catch (error) {
      const fault = this.#faultOf(error)
      if (fault.kind === 'data') {
        const detail = `PostgreSQL refuses the batch from ${batch.from} to ${batch.to - 1} with SQLSTATE ${fault.sqlState}`
        await this.#writeHalt(
          partition,
          { of: batch.of, nextOffset: batch.from },
          { reason: 'refused', from: batch.from, to: batch.to - 1, detail },
        )
      } else if (fault.sqlState !== undefined && tooLong.has(fault.sqlState)) {
        this.#recordsMax = Math.max(1_000, this.#recordsMax >> 1)
        this.#logger.warn({ recordsMax: this.#recordsMax }, 'settling takes too long, going on with smaller batches')
        partition.drop(Date.now())
      } else {
        partition.backOff(Date.now())
      }
    }
  }

  async #settle(due: readonly Partition[]): Promise<void> {
    const batches = due.map(partition => partition.settling!)
    const startMs = performance.now()
    const outcomes = await this.#store.settle(batches)
    const records = batches.reduce((sum, batch) => sum + batch.to - batch.from, 0)
    this.#observer.transaction(records, (performance.now() - startMs) / 1_000)
    if (this.storeFault !== undefined) this.#logger.info('postgres answers again')
    this.storeFault = undefined
    this.#failures = 0
    this.#recordsMax = Math.min(this.#bounds.pendingRecordsMax, this.#recordsMax + 1_000)
    for (const [i, batch] of batches.entries()) this.#apply(due[i]!, batch, outcomes.get(batch)!)
    this.#reading.wake()
  }

  #apply(partition: Partition, batch: Batch, outcome: Outcome): void {
    if (outcome === 'settled') this.#observer.settled(batch)
    if (partition.settling !== batch) return // given away or dropped meanwhile
    if (outcome === 'settled') {
      partition.settled()
    } else if (outcome === 'busy') {
      partition.dueMs = Date.now() + busyMs
    } else {
      this.#observer.fault('overtaken')
      this.#logger.warn(
        { partition: partition.number, from: batch.from },
        'another owner was faster, rereading the ledger',
      )
      partition.drop(Date.now())
    }
  }

  #faultOf(error: unknown): StoreFault {
    if (!(error instanceof StoreFault)) throw error
    this.#observer.fault(error.kind)
    const words = error.sqlState === undefined ? error.message : `SQLSTATE ${error.sqlState}: ${error.message}`
    if (this.storeFault !== words) this.#logger.warn({ err: words }, 'postgres does not take the batch, trying on')
    this.storeFault = words
    return error
  }

  /**
   * A trouble becomes a halt once all before it is settled and a look over new connections shows the same. Brokers may
   * take their time to answer, so nobody waits for it.
   */
  #lookAtTroubled(): void {
    for (const partition of this.#all()) {
      const { trouble, fold } = partition
      if (partition.phase !== 'open' || trouble === undefined || fold === undefined || !partition.isSettled) continue
      if (partition.dueMs > Date.now()) continue
      partition.dueMs = Number.POSITIVE_INFINITY // until this look is over
      this.#opening = this.#opening.then(() => this.#haltIfStill(partition, fold, trouble))
    }
  }

  async #haltIfStill(partition: Partition, fold: Fold, trouble: Trouble): Promise<void> {
    if (partition.fold !== fold) return
    const place = { of: fold.of, nextOffset: fold.next, tail: fold.tail }
    try {
      const again = await examine(this.#log, place, this.#bounds.batchBytesMax, true)
      if (partition.fold !== fold) return
      if (again === undefined) {
        this.#logger.warn({ partition: partition.number, ...trouble }, 'a second look shows no trouble, reading on')
        partition.drop(Date.now())
      } else if (again.reason === 'trimmed' && place.nextOffset === partition.startOffset) {
        partition.drop(Date.now()) // nothing was counted yet: opening it again moves the start
      } else {
        await this.#writeHalt(partition, place, again)
      }
    } catch (error) {
      if (partition.fold !== fold) return
      const ms = partition.backOff(Date.now())
      const words = { partition: partition.number, reason: trouble.reason, err: (error as Error).message, ms }
      this.#logger.warn(words, 'a trouble cannot be looked at again, trying on')
    } finally {
      this.#reading.wake()
    }
  }

  async #writeHalt(partition: Partition, place: Pick<Standing, 'of' | 'nextOffset'>, halt: Halt): Promise<void> {
    try {
      await this.#store.halt(place, halt)
    } catch (error) {
      this.#faultOf(error)
      partition.backOff(Date.now())
      return
    }
    this.storeFault = undefined
    // Whether we wrote it or another owner was faster: the ledger has the last word.
    partition.drop(Date.now())
    this.#reading.wake()
  }
}
