/**
 * The fold of one partition: records in, a batch out. Pure: it reads no clock, no socket and no setting, so that what
 * becomes of a record depends only on the record, on those before it and on the rules (G6). The numbers of a batch
 * always add up to its offsets (G1).
 */
import type { Rejection } from '../event/fate.ts'
import { type Event, judge } from '../event/judge.ts'
import type { Position } from '../event/origin.ts'
import type { RecordWalk, Tail } from '../kafka/records.ts'
import type { Allowance, FoldKernel } from '../kernel/kernel.ts'
import { type Kernels, kernelPool } from '../kernel/kernels.ts'
import type { Rules } from '../postgres/rules.ts'
import { type Batch, costOf, type Lineage, type Reject, type Repair } from './batch.ts'
import { addToMinutes, kindsOf, type Minute, minuteAt, minuteMs } from './minutes.ts'
import { covers, type KnownOrigins, originNamed, unknown } from './origins.ts'
import { type IdPiece, Window } from './window.ts'

/** Where a partition stands, as one snapshot of the database tells. */
export interface Standing {
  readonly of: Lineage
  readonly nextOffset: number
  readonly clockMs: number
  readonly tail: Tail | undefined
  readonly ids: readonly IdPiece[]
}

/** Rejects are the only part of a batch whose size senders decide: so many bytes of them end a slice. */
const sliceRejectBytes = 1 << 20

/** A sender's clock moves the partition's by no more than this per record; the broker's own is taken as it is. */
const senderStepMsMax = 3_600_000

export class Fold {
  /** The next offset to fold, and the record batch before it. */
  next: number
  tail: Tail | undefined
  /** Set while the next record says it stands for a reject of which nothing is known here: nothing is folded until then. */
  awaited: Position | undefined
  readonly of: Lineage
  readonly #rules: Rules
  readonly #kernels: Kernels
  readonly #kernel: FoldKernel
  readonly #window: Window
  #clockMs: number
  #pending: Pending
  #origins: KnownOrigins | undefined
  /** The walk stands on the next record already. */
  #isOnNext = false
  #isClosed = false

  /** @param idKey the database's secret that event ids are hashed with. @param kernels where it takes one until it is closed. */
  constructor(standing: Standing, rules: Rules, idKey: Buffer, kernels: Kernels = kernelPool()) {
    this.of = standing.of
    this.next = standing.nextOffset
    this.tail = standing.tail
    this.#clockMs = standing.clockMs
    this.#rules = rules
    this.#kernels = kernels
    this.#kernel = kernels.take()
    this.#kernel.begin(idKey, rules)
    this.#window = new Window(rules, standing.ids, this.#kernel)
    this.#pending = nothing(this.next, this.tail, this.#clockMs)
  }

  /** Forgets ids and counts, for somebody else to use their room: nothing can be folded any more, nor taken. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#kernels.giveBack(this.#kernel)
  }

  /** Offsets folded since the last batch was taken. */
  get pendingRecords(): number {
    return this.next - this.#pending.from
  }

  /** What settling them will cost, see {@link costOf}. */
  get pendingCost(): number {
    return costOf(this.#kernel.rows + this.#pending.minutes.length, this.#window.pending, this.#pending.rejectBytes)
  }

  /** How many ids the window holds. */
  get windowIds(): number {
    return this.#window.size
  }

  /**
   * Folds up to `recordsMax` records of a walk, fewer where rejects are large, or until one has to be waited for.
   * @returns false when it has no more.
   */
  take(walk: RecordWalk, recordsMax: number): boolean {
    this.#assertOpen()
    if (this.awaited !== undefined) return true
    const at = walk.offset + (this.#isOnNext ? 0 : 1)
    if (at !== this.next) throw new Error(`a walk at ${at} for a fold at ${this.next}`)
    const pending = this.#pending
    const rejectBytesMax = pending.rejectBytes + sliceRejectBytes
    for (let left = recordsMax; left > 0 && pending.rejectBytes < rejectBytesMax; ) {
      if (!this.#isOnNext) {
        const easy = this.#takeEasy(walk, pending, left)
        left -= easy
        if (easy > 0) continue
        if (!walk.next()) return false
      }
      this.#isOnNext = false
      left -= 1
      if (walk.skipped > 0) {
        pending.skipped += walk.skipped
      } else {
        const origin = this.#originOf(walk)
        if (this.awaited !== undefined) {
          this.#isOnNext = true
          return true
        }
        this.#takeRecord(walk, pending, origin)
      }
      this.next = walk.offset + 1
      this.tail = walk.tail
    }
    return true
  }

  /** Tells what the tables say around {@link awaited}, when everything before it is settled. */
  learn(origins: KnownOrigins): void {
    this.#origins = origins
    this.awaited = undefined
  }

  /** What was folded since the last time, or undefined when nothing was. */
  takeBatch(): Batch | undefined {
    this.#assertOpen()
    const { fromClockMs, ...pending } = this.#pending
    if (pending.from === this.next) return undefined
    this.#pending = nothing(this.next, this.tail, this.#clockMs)
    return {
      ...pending,
      of: this.of,
      to: this.next,
      clockMs: this.#clockMs,
      entersMinute: minuteAt(this.#clockMs) !== minuteAt(fromClockMs),
      tail: this.tail!,
      delta: this.#kernel.takeRows(),
      window: this.#window.takeChange(),
    }
  }

  /** Its kernel may be another fold's by now. */
  #assertOpen(): void {
    if (this.#isClosed) throw new Error(`the fold of partition ${this.of.partition} at ${this.next} is closed`)
  }

  /** Has the kernel fold what it takes of the records ahead. @returns how many; 0 = the next one is for the judge. */
  #takeEasy(walk: RecordWalk, pending: Pending, recordsMax: number): number {
    const unread = walk.unread()
    if (unread === undefined) return 0
    const first = this.next
    const count = Math.min(recordsMax, unread.count)
    const run = this.#kernel.fold(unread, count, this.#clockMs, senderStepMsMax, this.#allowance())
    if (run.records === 0) return 0
    walk.pass(run.records, run.at)
    this.next = first + run.records
    this.tail = walk.tail
    this.#clockMs = run.clockMs
    if (run.claimed > 0) this.#window.claimed(run.claimed, first + run.firstClaim, run.newestMs)
    if (pending.firstAppendMs === -1) pending.firstAppendMs = run.firstAppendMs
    if (run.counted > 0) {
      const { clicks, purchases } = run
      addToMinutes(pending.minutes, run.clockMs, { views: run.counted - clicks - purchases, clicks, purchases })
    }
    pending.counted += run.counted
    pending.duplicate += run.records - run.counted
    return run.records
  }

  /** The kernel may not leave the minute of the clock: what it counts is told as a sum. */
  #allowance(): Allowance {
    const allowance = this.#window.allowance
    const minuteEndMs = minuteAt(this.#clockMs) + minuteMs - 1
    return { ...allowance, stopAfterMs: Math.min(allowance.stopAfterMs, minuteEndMs) }
  }

  /** Most records have no headers, and hardly any is a repair. */
  #originOf(walk: RecordWalk): Position | typeof unknown | undefined {
    if (!walk.hasHeaders || walk.valueStart < 0) return undefined
    const origin = originNamed(walk.headers(), this.of, walk.offset)
    if (origin === undefined || origin === unknown) return origin
    if (this.#origins === undefined || !covers(this.#origins, origin)) this.awaited = origin
    else if (!this.#origins.repaired.has(origin.offset)) return unknown
    return origin
  }

  #takeRecord(walk: RecordWalk, pending: Pending, named: Position | typeof unknown | undefined): void {
    this.#moveClock(walk.appendMs, walk.brokerTime)
    this.#window.advance(this.#clockMs)
    if (pending.firstAppendMs === -1) pending.firstAppendMs = walk.appendMs
    if (walk.valueStart < 0) {
      pending.skipped += 1
      return
    }
    const origin = named === unknown ? undefined : named
    const verdict =
      named === unknown ? unknownOrigin : judge(walk.bytes, walk.valueStart, walk.valueEnd, walk.appendMs, this.#rules)
    if ('reason' in verdict) {
      reject(pending, walk, verdict, origin)
      return
    }
    const isNew =
      origin === undefined ? this.#claims(verdict, walk.offset) : this.#repairs(origin, verdict, walk.offset)
    if (!isNew) {
      pending.duplicate += 1
      return
    }
    pending.counted += 1
    addToMinutes(pending.minutes, this.#clockMs, kindsOf[verdict.activity])
    this.#kernel.add(verdict)
  }

  /** @returns false when the event's id is remembered already. */
  #claims(event: Event, offset: number): boolean {
    if (event.eventId === undefined) return true
    return this.#window.claim(this.#kernel.hash(event.userId + event.eventId), offset, this.#clockMs)
  }

  /**
   * One repair settles its origin, whether it counts or its id was counted before: the same repair sent again when the
   * id has left the window must not count.
   * @returns false when the event was counted already.
   */
  #repairs(origin: Position, event: Event, offset: number): boolean {
    const { repaired } = this.#origins!
    if (repaired.get(origin.offset)) return false
    const isNew = this.#claims(event, offset)
    repaired.set(origin.offset, true)
    this.#pending.repairs.push({ origin, offset, as: isNew ? 'counted' : 'duplicate' })
    return isNew
  }

  #moveClock(appendMs: number, brokerTime: boolean): void {
    if (appendMs <= this.#clockMs) return
    const free = brokerTime || this.#clockMs === -1
    this.#clockMs = free ? appendMs : Math.min(appendMs, this.#clockMs + senderStepMsMax)
  }
}

interface Pending {
  readonly from: number
  readonly after: Tail | undefined
  /** Where the clock stood before. */
  readonly fromClockMs: number
  counted: number
  duplicate: number
  rejected: number
  skipped: number
  firstAppendMs: number
  rejectBytes: number
  readonly minutes: Minute[]
  readonly rejects: Reject[]
  readonly repairs: Repair[]
}

function nothing(from: number, after: Tail | undefined, fromClockMs: number): Pending {
  return {
    from,
    after,
    fromClockMs,
    counted: 0,
    duplicate: 0,
    rejected: 0,
    skipped: 0,
    firstAppendMs: -1,
    rejectBytes: 0,
    minutes: [],
    rejects: [],
    repairs: [],
  }
}

const unknownOrigin: Rejection = {
  reason: 'unknown_origin',
  pointer: '',
  detail: 'the header footfall-origin names no rejected record of this partition that may be repaired',
}

function reject(pending: Pending, walk: RecordWalk, rejection: Rejection, origin: Position | undefined): void {
  const one = { ...rejection, offset: walk.offset, appendMs: walk.appendMs, ...copied(walk), origin }
  pending.rejected += 1
  pending.rejects.push(one)
  pending.rejectBytes += one.value.length + one.headers.length + (one.key?.length ?? 0)
}

/** Copies, because a few rejects must not keep the whole fetch answer in memory. */
function copied(walk: RecordWalk): Pick<Reject, 'key' | 'value' | 'headers'> {
  return {
    key: walk.keyStart < 0 ? null : Buffer.from(walk.bytes.subarray(walk.keyStart, walk.keyEnd)),
    value: Buffer.from(walk.bytes.subarray(walk.valueStart, walk.valueEnd)),
    headers: Buffer.from(walk.headers()),
  }
}
