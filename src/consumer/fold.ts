/**
 * The fold of one partition: records in, a batch out. Pure: it reads no clock, no socket and no setting, so that what
 * becomes of a record depends only on the record, on those before it and on the rules (G6). The numbers of a batch
 * always add up to its offsets (G1).
 */
import { judge } from '../event/judge.ts'
import type { RecordWalk, Tail } from '../kafka/records.ts'
import type { Rules } from '../postgres/rules.ts'
import type { Batch, Lineage, Reject } from './batch.ts'
import { addEvent, type Delta } from './delta.ts'
import type { IdHash } from './id-hash.ts'
import { type IdPiece, Window } from './window.ts'

/** Where a partition stands, as one snapshot of the database tells. */
export interface Standing {
  readonly of: Lineage
  readonly nextOffset: number
  readonly clockMs: number
  readonly tail: Tail | undefined
  readonly ids: readonly IdPiece[]
}

/** A sender's clock moves the partition's by no more than this per record; the broker's own is taken as it is. */
const senderStepMsMax = 3_600_000

export class Fold {
  /** The next offset to fold, and the record batch before it. */
  next: number
  tail: Tail | undefined
  readonly of: Lineage
  readonly #rules: Rules
  readonly #hash: IdHash
  readonly #window: Window
  #clockMs: number
  #pending: Pending

  constructor(standing: Standing, rules: Rules, hash: IdHash) {
    this.of = standing.of
    this.next = standing.nextOffset
    this.tail = standing.tail
    this.#clockMs = standing.clockMs
    this.#rules = rules
    this.#hash = hash
    this.#window = new Window(rules, standing.ids)
    this.#pending = nothing(this.next)
  }

  /** Offsets folded since the last batch was taken. */
  get pendingRecords(): number {
    return this.next - this.#pending.from
  }

  /** Bytes of rejects since then: the only part that grows with what senders put into a record. */
  get pendingRejectBytes(): number {
    return this.#pending.rejectBytes
  }

  /** How many ids the window holds. */
  get windowIds(): number {
    return this.#window.size
  }

  /** Folds up to `recordsMax` records of a walk. @returns false when the walk has no more. */
  take(walk: RecordWalk, recordsMax: number): boolean {
    if (walk.offset + 1 !== this.next) throw new Error(`a walk at ${walk.offset + 1} for a fold at ${this.next}`)
    const pending = this.#pending
    for (let left = recordsMax; left > 0; left--) {
      if (!walk.next()) return false
      if (walk.skipped > 0) pending.skipped += walk.skipped
      else this.#takeRecord(walk, pending)
      this.next = walk.offset + 1
      this.tail = walk.tail
    }
    return true
  }

  /** What was folded since the last time, or undefined when nothing was. */
  takeBatch(): Batch | undefined {
    const { rejectBytes: _, ...pending } = this.#pending
    if (pending.from === this.next) return undefined
    this.#pending = nothing(this.next)
    return {
      ...pending,
      of: this.of,
      to: this.next,
      clockMs: this.#clockMs,
      tail: this.tail!,
      window: this.#window.takeChange(),
    }
  }

  #takeRecord(walk: RecordWalk, pending: Pending): void {
    this.#moveClock(walk.appendMs, walk.brokerTime)
    this.#window.advance(this.#clockMs)
    if (pending.firstAppendMs === -1) pending.firstAppendMs = walk.appendMs
    if (walk.valueStart < 0) {
      pending.skipped += 1
      return
    }
    const verdict = judge(walk.bytes, walk.valueStart, walk.valueEnd, walk.appendMs, this.#rules)
    if ('reason' in verdict) {
      pending.rejected += 1
      const reject = { ...verdict, offset: walk.offset, appendMs: walk.appendMs, ...copied(walk) }
      pending.rejects.push(reject)
      pending.rejectBytes += reject.value.length + reject.headers.length + (reject.key?.length ?? 0)
      return
    }
    if (verdict.eventId !== undefined) {
      this.#hash.hash(verdict.userId, verdict.eventId)
      if (!this.#window.claim(this.#hash.words, walk.offset, this.#clockMs)) {
        pending.duplicate += 1
        return
      }
    }
    pending.counted += 1
    addEvent(pending.delta, verdict)
  }

  #moveClock(appendMs: number, brokerTime: boolean): void {
    if (appendMs <= this.#clockMs) return
    const free = brokerTime || this.#clockMs === -1
    this.#clockMs = free ? appendMs : Math.min(appendMs, this.#clockMs + senderStepMsMax)
  }
}

interface Pending {
  readonly from: number
  counted: number
  duplicate: number
  rejected: number
  skipped: number
  firstAppendMs: number
  rejectBytes: number
  readonly delta: Delta
  readonly rejects: Reject[]
}

function nothing(from: number): Pending {
  const fates = { counted: 0, duplicate: 0, rejected: 0, skipped: 0 }
  return { from, ...fates, firstAppendMs: -1, rejectBytes: 0, delta: new Map(), rejects: [] }
}

/** Copies, because a few rejects must not keep the whole fetch answer in memory. */
function copied(walk: RecordWalk): Pick<Reject, 'key' | 'value' | 'headers'> {
  return {
    key: walk.keyStart < 0 ? null : Buffer.from(walk.bytes.subarray(walk.keyStart, walk.keyEnd)),
    value: Buffer.from(walk.bytes.subarray(walk.valueStart, walk.valueEnd)),
    headers: Buffer.from(walk.headers()),
  }
}
