/**
 * Settles what was folded, one transaction after another, and finds the partition that is at fault when one is refused.
 * Keeps G5: trouble of the platform is waited out, trouble with one partition holds up that partition only.
 */
import { headerOf } from '../kafka/headers.ts'
import type { Log as Logger } from '../runtime/log.ts'
import { pause } from '../runtime/time.ts'
import { parseTraceparent } from '../runtime/trace.ts'
import { type Batch, costOfBatch } from './batch.ts'
import type { Core } from './core.ts'
import type { Opener } from './opener.ts'
import type { Partition } from './partition.ts'
import { type Outcome, StoreFault } from './store.ts'

const idleMs = 250
/** Another owner that lives is done sooner; one that was stopped holds the row until PostgreSQL ends its transaction. */
const busyMs = 250
const drainMs = 4_000
const pauseFirstMs = 50
const pauseLastMs = 2_000
/** SQLSTATEs of a transaction that took too long: the same again would take as long. */
const tooLong = new Set(['57014', '25P04'])
const costMin = 100
/** Before the first settle nobody knows how fast this database is. */
const costFirst = 1_000
/** Below the 5 s that a transaction may take, and about as long as a partition that is well may wait for another. */
const settleMs = 3_000
/** In rows, whatever the pace: some 300 MB. */
export const costLimit = 1_000_000

/**
 * So long a batch may grow behind a backlog: a row that many events count into is written once for all of them. Without
 * one each batch is settled at once.
 */
const growMs = 1_000
/** So much of the records that may be pending is a backlog when it is unread: a burst is none. */
const backlog = 0.01
/** Of the room for pending records: as much again is read while this is settled. */
export const growRoom = 0.375

export class Settler {
  /** What Postgres answered last, when it was no success: for readiness. */
  fault: string | undefined
  /** What settling all that is read ahead of the last commit may cost, in rows: about three seconds. */
  costMax: number
  readonly #core: Core
  readonly #opener: Opener
  #failures = 0
  #stopping = false
  /** When the latest settle ended. */
  #settledMs = Number.NEGATIVE_INFINITY

  constructor(core: Core, opener: Opener) {
    this.#core = core
    this.#opener = opener
    this.costMax = Math.min(core.bounds.pendingRecordsMax, costFirst)
  }

  /** Runs until `stop`, and then until everything folded is settled or a few seconds have passed. */
  async run(): Promise<void> {
    const { partitions, settling, time } = this.#core
    let drainUntilMs = Number.POSITIVE_INFINITY
    for (;;) {
      if (this.#stopping) drainUntilMs = Math.min(drainUntilMs, time.nowMs() + drainMs)
      this.#letGo()
      this.#opener.lookAtTroubled()
      this.#opener.askOrigins()
      const growsMs = this.#stopping ? 0 : this.#growsMs()
      if (growsMs > 0) {
        await settling.wait(Math.min(growsMs, idleMs))
        continue
      }
      const due: Partition[] = []
      for (const one of partitions.values()) {
        if (one.dueMs <= time.nowMs() && one.batch() !== undefined) due.push(one)
      }
      if (this.#stopping && (due.length === 0 || time.nowMs() >= drainUntilMs)) return
      if (due.length > 0) await this.#settleTogether(due)
      else await settling.wait(idleMs)
    }
  }

  /** For how long, in ms, batches may still grow: there is room, time, a backlog, and nobody waits for anything. */
  #growsMs(): number {
    const leftMs = this.#settledMs + growMs - this.#core.time.nowMs()
    if (leftMs <= 0) return 0
    let unread = 0
    for (const one of this.#core.partitions.values()) {
      if (one.isUrgent) return 0
      unread += one.unreadRecords
    }
    const isBehind = unread > backlog * this.#core.bounds.pendingRecordsMax
    return isBehind && this.roomUsed() < growRoom ? leftMs : 0
  }

  /** The part of all room that is taken. */
  roomUsed(): number {
    let sum = 0
    for (const partition of this.#core.partitions.values()) sum += this.roomOf(partition)
    return sum
  }

  /** The part that one takes: of the records that may be read ahead, or of what settling them may cost. */
  roomOf({ pendingRecords, pendingCost }: Partition): number {
    return Math.max(pendingRecords / this.#core.bounds.pendingRecordsMax, pendingCost / this.costMax)
  }

  stop(): void {
    this.#stopping = true
    this.#core.settling.wake()
  }

  /** Partitions that are not ours any more go when nothing of them is on the way. */
  #letGo(): void {
    const { partitions, time } = this.#core
    for (const partition of partitions.values()) {
      if (partition.phase !== 'leaving') continue
      partition.forgetRest()
      if (!partition.isSettled) continue
      partition.drop(time.nowMs())
      partitions.delete(partition.number)
    }
  }

  async #settleTogether(due: readonly Partition[]): Promise<void> {
    try {
      await this.#settle(due)
    } catch (error) {
      const fault = this.#faultOf(error)
      this.#failures += 1
      if (fault.kind === 'data' || isTooLong(fault) || (fault.kind === 'platform' && this.#failures >= 3)) {
        // The small ones first: they need not wait until the large ones have failed.
        const sorted = due.toSorted((a, b) => a.pendingCost - b.pendingCost)
        for (const partition of sorted) await this.#settleAlone(partition)
      } else {
        await pause(this.#core.time, Math.min(pauseLastMs, pauseFirstMs * 2 ** Math.min(this.#failures, 10)))
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
        await this.#haltRefused(partition, batch, fault)
      } else if (isTooLong(fault)) {
        this.costMax = Math.max(costMin, Math.min(this.costMax, costOfBatch(batch)) >> 1)
        this.#core.logger('settle_slow', { rowsMax: this.costMax })
        partition.drop(this.#core.time.nowMs())
      } else {
        partition.backOff(this.#core.time.nowMs())
      }
    }
  }

  async #settle(due: readonly Partition[]): Promise<void> {
    const { store, observer, logger, reading, bounds, time } = this.#core
    const batches = due.map(partition => partition.settling!)
    const startMs = time.nowMs()
    const outcomes = await store.settle(batches)
    this.#settledMs = time.nowMs()
    const tookMs = this.#settledMs - startMs
    observer.transaction(recordsOf(batches), tookMs / 1_000)
    if (this.fault !== undefined) logger('settle_working')
    this.fault = undefined
    this.#failures = 0
    const written = batches.filter(batch => outcomes.get(batch) === 'settled')
    if (written.length > 0)
      this.costMax = Math.min(costLimit, bounds.pendingRecordsMax, costIn(settleMs, written, tookMs))
    for (const [i, batch] of batches.entries()) this.#apply(due[i]!, batch, outcomes.get(batch)!)
    reading.wake()
  }

  #apply(partition: Partition, batch: Batch, outcome: Outcome): void {
    const { observer, logger, time } = this.#core
    if (outcome === 'settled') {
      observer.settled(batch)
      sayRejects(logger, batch)
    }
    if (partition.settling !== batch) return // given away or dropped meanwhile
    if (outcome === 'settled') {
      partition.settled(batch)
    } else if (outcome === 'busy') {
      partition.dueMs = time.nowMs() + busyMs
    } else {
      observer.overtaken()
      logger('partition_overtaken', { partition: partition.number, from: batch.from })
      partition.drop(time.nowMs())
    }
  }

  async #haltRefused(partition: Partition, { of, from, to }: Batch, { sqlState }: StoreFault): Promise<void> {
    const detail = `PostgreSQL refuses the batch from ${from} to ${to - 1} with SQLSTATE ${sqlState}`
    try {
      await this.#opener.halt(partition, { of, nextOffset: from }, { reason: 'refused', from, to: to - 1, detail })
      this.fault = undefined // it is this partition's now
    } catch (error) {
      this.#faultOf(error)
      partition.backOff(this.#core.time.nowMs())
    }
  }

  /** @throws what is no fault of the store: a bug, which ends the process. */
  #faultOf(error: unknown): StoreFault {
    if (!(error instanceof StoreFault)) throw error
    const { observer, logger } = this.#core
    observer.fault(error.kind)
    const words = error.sqlState === undefined ? error.message : `SQLSTATE ${error.sqlState}: ${error.message}`
    if (this.fault !== words) logger('settle_failing', { why: words })
    this.fault = words
    return error
  }
}

const recordsOf = (batches: readonly Batch[]): number => batches.reduce((sum, { from, to }) => sum + to - from, 0)

/** What may cost `ms`, at the pace of batches that took `tookMs`. */
function costIn(ms: number, batches: readonly Batch[], tookMs: number): number {
  const cost = batches.reduce((sum, batch) => sum + costOfBatch(batch), 0)
  return Math.max(costMin, Math.ceil((cost * ms) / Math.max(1, tookMs)))
}

const isTooLong = ({ sqlState }: StoreFault): boolean => sqlState !== undefined && tooLong.has(sqlState)

/** For debugging only: what is rejected is counted, and kept byte for byte. */
function sayRejects(logger: Logger, { of: { partition }, rejects }: Batch): void {
  for (const { offset, reason, pointer, headers } of rejects) {
    const trace = parseTraceparent(headerOf(headers, 'traceparent')?.toString('latin1'))
    logger('record_rejected', { partition, offset, reason, pointer, trace_id: trace?.traceId })
  }
}
