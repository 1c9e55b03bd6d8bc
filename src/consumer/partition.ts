/** One partition in this process' hands: its fold, what of it is on the way to the database, and its troubles. */
import { endOfAnswer } from '../kafka/end-of-answer.ts'
import { RecordWalk } from '../kafka/records.ts'
import { silence, silenceMsMax, type Trouble } from '../kafka/trouble.ts'
import { type Batch, costOfBatch } from './batch.ts'
import type { Fold } from './fold.ts'
import { Lag } from './lag.ts'
import type { Fetched, Want } from './log.ts'
import type { Halt } from './store.ts'

/**
 * closed: to be opened at `dueMs`; opening: its ledger row is being read; open: counting; halted: the ledger says so,
 * looked at again at `dueMs`; leaving: not ours any more, what was folded is settled and nothing more is read.
 */
export type Phase = 'closed' | 'opening' | 'open' | 'halted' | 'leaving'

const retryFirstMs = 100
const retryLastMs = 5_000

export class Partition {
  readonly number: number
  phase: Phase = 'closed'
  fold: Fold | undefined
  /** Where a fetch answer was left because enough was pending. */
  rest: RecordWalk | undefined
  #releaseRest: Fetched['release']
  /** What follows the rest: asked for before that is folded, so that the broker works meanwhile. */
  #ahead: Fetched | undefined
  /** Where the rest ends. */
  #restEnd: ReturnType<typeof endOfAnswer>
  /** Taken from the fold and not known to be in the tables: is settled again, unchanged, until it is. */
  settling: Batch | undefined
  /** Found by reading; becomes a halt when everything before it is settled and a fresh look shows the same. */
  trouble: Trouble | undefined
  halt: Halt | undefined
  /** Where its ledger row starts, if that moves with the log as long as nothing is read. */
  movableStart: number | undefined
  readonly lag = new Lag()
  /** When to try again what failed, in ms. */
  dueMs = 0
  #failures = 0
  #ticket = 0
  /** Since when the broker shows nothing where there is something, in ms. */
  #silentSinceMs: number | undefined

  constructor(number: number) {
    this.number = number
  }

  /** Whether there is reason to read on: one answer is folded, and the next one may be there already. */
  get wantsRecords(): boolean {
    if (this.phase !== 'open' || this.trouble !== undefined) return false
    if (this.rest === undefined) return true
    return this.#ahead === undefined && this.#restEnd !== undefined && this.#restEnd.offset > this.fold!.next
  }

  /** Whether something is there to be folded now. */
  get hasRecords(): boolean {
    return this.phase === 'open' && this.rest !== undefined && this.fold!.awaited === undefined
  }

  get pendingRecords(): number {
    const settling = this.settling === undefined ? 0 : this.settling.to - this.settling.from
    return settling + (this.fold?.pendingRecords ?? 0)
  }

  /** What settling them costs, in rows. */
  get pendingCost(): number {
    return (this.settling === undefined ? 0 : costOfBatch(this.settling)) + (this.fold?.pendingCost ?? 0)
  }

  /** What of it is pending is to be settled without delay: again, to let it go, to halt it, or for a repair to go on. */
  get isUrgent(): boolean {
    if (this.settling !== undefined || this.phase === 'leaving' || this.trouble !== undefined) return true
    return this.fold?.awaited !== undefined
  }

  /** How many offsets the log held beyond what is folded when it was last asked. */
  get unreadRecords(): number {
    return this.fold === undefined ? 0 : Math.max(0, this.lag.logEnd - this.fold.next)
  }

  want(): Want {
    const { of, next, tail } = this.fold!
    const from = this.rest === undefined ? { offset: next, tail } : this.#restEnd!
    return { topicId: of.topicId, partition: this.number, ...from }
  }

  /** Takes an answer in, unless it is one to a question that is not ours any more. */
  receive(fetched: Fetched, batchBytesMax: number, nowMs: number): void {
    if (!this.#keeps(fetched, batchBytesMax, nowMs)) fetched.release?.()
  }

  /** @returns whether its records are of use. */
  #keeps(fetched: Fetched, batchBytesMax: number, nowMs: number): boolean {
    if (!this.wantsRecords) return false
    const { topicId, offset } = fetched.want
    if (topicId !== this.fold!.of.topicId) return false
    if (this.rest !== undefined) {
      if (offset !== this.#restEnd!.offset) return false
      // Anything but records is asked for again when its time has come, and not before: it may come at once, each time.
      if (fetched.records.length > 0) this.#ahead = fetched
      else this.#restEnd = undefined
      return this.#ahead === fetched
    }
    if (offset !== this.fold!.next) return false
    this.lag.heard(fetched.logStart, fetched.logEnd, fetched.askedMs)
    this.trouble = fetched.trouble
    if (fetched.isSilent) {
      this.#silentSinceMs ??= nowMs
      if (nowMs - this.#silentSinceMs > silenceMsMax) this.trouble = silence(offset, fetched.logEnd)
    }
    if (this.trouble !== undefined || fetched.records.length === 0) return false
    this.#silentSinceMs = undefined
    this.rest = new RecordWalk(fetched.records, offset, fetched.aborted, batchBytesMax)
    this.#releaseRest = fetched.release
    this.#restEnd = endOfAnswer(fetched.records)
    return true
  }

  /** Folds up to `recordsMax` of what was received. @returns how many offsets it passed. */
  advance(recordsMax: number, batchBytesMax: number, nowMs: number): number {
    const before = this.fold!.next
    if (!this.fold!.take(this.rest!, recordsMax)) {
      this.trouble ??= this.rest!.trouble
      const ahead = this.#ahead
      this.#ahead = undefined
      this.forgetRest()
      if (ahead !== undefined) this.receive(ahead, batchBytesMax, nowMs)
    }
    return this.fold!.next - before
  }

  /** The batch to settle now, if there is one. */
  batch(): Batch | undefined {
    this.settling ??= this.fold?.takeBatch()
    return this.settling
  }

  /** What was received and not folded is read again by whoever comes next. */
  forgetRest(): void {
    this.rest = undefined
    this.#releaseRest?.()
    this.#releaseRest = undefined
    this.#ahead?.release?.()
    this.#ahead = undefined
  }

  /** Everything read is in the tables. */
  get isSettled(): boolean {
    return this.settling === undefined && this.rest === undefined && (this.fold?.pendingRecords ?? 0) === 0
  }

  settled({ to, clockMs }: Batch): void {
    this.lag.settledTo(to, clockMs)
    this.settling = undefined
    this.#failures = 0
  }

  /** @returns what `isOpening` takes: an opening that was overtaken by another must not end as if it were the latest. */
  startOpening(): number {
    this.phase = 'opening'
    this.#ticket += 1
    return this.#ticket
  }

  isOpening(ticket: number): boolean {
    return this.phase === 'opening' && this.#ticket === ticket
  }

  opened(fold: Fold, movableStart: number | undefined, trouble: Trouble | undefined): void {
    this.phase = 'open'
    this.fold = fold
    this.movableStart = movableStart
    this.forgetRest()
    this.settling = undefined
    this.#silentSinceMs = undefined
    this.trouble = trouble
    this.halt = undefined
    this.#failures = 0
  }

  /** Was leaving and is ours again, as if it had never been. */
  takeBack(nowMs: number): void {
    this.phase = 'closed'
    this.drop(nowMs)
  }

  /** Forgets everything that is not in the tables; the ledger says where to go on. */
  drop(nowMs: number): void {
    this.phase = this.phase === 'leaving' ? 'leaving' : 'closed'
    this.fold?.close()
    this.fold = undefined
    this.forgetRest()
    this.settling = undefined
    this.trouble = undefined
    this.dueMs = nowMs
  }

  /** Postpones the next attempt, longer each time. @returns how long, in ms. */
  backOff(nowMs: number): number {
    const ms = Math.min(retryLastMs, retryFirstMs * 2 ** this.#failures)
    this.#failures += 1
    this.dueMs = nowMs + ms
    return ms
  }
}
