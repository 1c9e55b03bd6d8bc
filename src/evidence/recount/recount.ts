/**
 * The fates of one partition's records, found again from the log and the published rules alone. Plain code that shares
 * nothing with the consumer's path but the contract's schema and the reading of Kafka's bytes: a fault in judge, days,
 * window, fold or settle shows as a difference.
 */
import { createHash } from 'node:crypto'
import type { RecordWalk } from '../../kafka/records.ts'
import { originOf } from './origin-header.ts'
import { isSamePlace, type LineageKey, type Place } from './record-place.ts'
import { type Claim, Remembered } from './remembered.ts'
import type { RepairBook } from './repair-book.ts'
import { SipHash } from './siphash.ts'
import { type CountedEvent, judgesRepeated, verdictOf } from './verdict.ts'

/** One version of the rules, and from which offset on it is in force in a partition. */
export interface RulesFrom {
  readonly fromOffset: number
  readonly version: number
  readonly judgeVersion: number
  readonly maxAgeDays: number
  readonly maxAheadMinutes: number
  readonly windowHours: number
  readonly windowIdsMax: number
}

/** What became of a record, or of a run of offsets without data, and why. */
export type Recounted =
  /** `origin`: the rejected record that it stands for. */
  | { readonly fate: 'counted'; readonly event: CountedEvent; readonly origin: Place | undefined }
  | {
      readonly fate: 'duplicate'
      readonly event: CountedEvent
      readonly origin: Place | undefined
      /** The record that had repaired the origin before. Undefined: it is one by its id. */
      readonly repairedBy: Place | undefined
      /** Who claimed its id; offset -1 where that lies before a checkpoint. */
      readonly first: Claim | undefined
      /** The same id was first seen with another item, activity or timestamp. */
      readonly isReused: boolean
    }
  | {
      readonly fate: 'rejected'
      readonly reason: string
      readonly pointer: string
      /** Set: it was an attempt to repair that one, and is none that can be repaired. */
      readonly origin: Place | undefined
    }
  | { readonly fate: 'skipped'; readonly why: 'null' | 'control' | 'aborted' }

/** What a recount begins with. */
export interface RecountStart {
  readonly of: LineageKey
  /** Of this partition, in the order of their offsets; those in force at `from` come first or earlier. */
  readonly rules: readonly RulesFrom[]
  /** The installation's secret. */
  readonly idKey: Buffer
  readonly from: number
  /** Where the clock stands at `from`; -1 at a log's start. */
  readonly clockMs: number
  /** Knows what was rejected before `from`, and in earlier lineages; takes what is found. */
  readonly book: RepairBook
}

export interface Fates {
  counted: number
  duplicate: number
  rejected: number
  skipped: number
}

/** A sender's clock moves the partition's by no more than this per record; the broker's own is taken as it is. */
const senderStepMs = 3_600_000

/** user id and event id. */
const idBytesMax = 36 + 128

export class Recount {
  readonly fates: Fates = { counted: 0, duplicate: 0, rejected: 0, skipped: 0 }
  readonly window: Remembered
  clockMs: number
  readonly #of: LineageKey
  readonly #book: RepairBook
  readonly #rules: readonly RulesFrom[]
  readonly #hash: SipHash
  #ruling: RulesFrom
  #nextRulesAt: number

  constructor({ of, rules, idKey, from, clockMs, book }: RecountStart) {
    const { topicId, partition, lineage } = of
    this.#of = { topicId, partition, lineage }
    this.#book = book
    this.#rules = rules
    this.#hash = new SipHash(idKey, idBytesMax)
    this.clockMs = clockMs
    const inForce = rules.findLast(({ fromOffset }) => fromOffset <= from)
    if (inForce === undefined) throw new Error(`no rules are recorded for offset ${from}`)
    this.#ruling = inForce
    this.#nextRulesAt = this.#rulesAfter(inForce)
    this.window = new Remembered(inForce)
  }

  /** Takes the next record, or the next run of skipped offsets. */
  take(record: RecordWalk): Recounted {
    if (record.skipped > 0) {
      this.fates.skipped += record.skipped
      return record.isControl ? control : aborted
    }
    while (record.offset >= this.#nextRulesAt) this.#changeRules()
    this.#moveClock(record.appendMs, record.brokerTime)
    this.window.advance(this.clockMs)
    const recounted = this.#fateOf(record)
    this.fates[recounted.fate] += 1
    return recounted
  }

  #fateOf(record: RecordWalk): Recounted {
    if (record.valueStart < 0) return tombstone
    const { offset } = record
    const named = originOf(record, this.#ruling.judgeVersion, this.#of.partition)
    const origin = named !== undefined && named !== 'nowhere' && this.#isKnown(named, offset) ? named : undefined
    if (named !== undefined && origin === undefined) {
      this.#book.addReject(this.#of, offset)
      return unknownOrigin
    }
    const value = record.bytes.subarray(record.valueStart, record.valueEnd)
    const verdict = verdictOf(value, record.appendMs, this.#ruling)
    if ('reason' in verdict) {
      if (origin === undefined) this.#book.addReject(this.#of, offset)
      return { fate: 'rejected', ...verdict, origin }
    }
    return this.#ofEvent(verdict, offset, origin)
  }

  /** A record can only stand for one that was rejected before it, in this lineage or in an earlier one. */
  #isKnown(named: Place, offset: number): boolean {
    const { lineage } = this.#of
    const isBefore = named.lineage < lineage || (named.lineage === lineage && named.offset < offset)
    return isBefore && this.#book.isRepairable(named)
  }

  #ofEvent(event: CountedEvent, offset: number, origin: Place | undefined): Recounted {
    const before = origin && this.#book.repairOf(origin)
    // On a second look at the same log the book knows this record already.
    if (before !== undefined && !isSamePlace(before, { ...this.#of, offset })) {
      return { fate: 'duplicate', event, origin, repairedBy: before, first: undefined, isReused: false }
    }
    const content = contentOf(event)
    const first = this.#claim(event, offset, content)
    if (origin !== undefined) {
      const as = first === undefined ? 'counted' : 'duplicate'
      this.#book.addFound(origin, { ...this.#of, offset, as })
    }
    if (first === undefined) return { fate: 'counted', event, origin }
    const isReused = first.content !== 0 && first.content !== content
    return { fate: 'duplicate', event, origin, repairedBy: undefined, first, isReused }
  }

  #claim({ user, eventId }: CountedEvent, offset: number, content: number): Claim | undefined {
    if (eventId === undefined) return undefined
    this.#hash.hash(this.#hash.bytes.write(user + eventId, 'latin1'))
    return this.window.claim(this.#hash.out, offset, this.clockMs, content)
  }

  #moveClock(appendMs: number, isBrokerTime: boolean): void {
    if (appendMs <= this.clockMs) return
    const isFree = isBrokerTime || this.clockMs === -1
    this.clockMs = isFree ? appendMs : Math.min(appendMs, this.clockMs + senderStepMs)
  }

  #changeRules(): void {
    this.#ruling = this.#rules.find(({ fromOffset }) => fromOffset === this.#nextRulesAt)!
    this.#nextRulesAt = this.#rulesAfter(this.#ruling)
    this.window.changeLimits(this.#ruling)
  }

  #rulesAfter({ fromOffset }: RulesFrom): number {
    return this.#rules.find(rules => rules.fromOffset > fromOffset)?.fromOffset ?? Number.POSITIVE_INFINITY
  }
}

const control = { fate: 'skipped', why: 'control' } as const
const aborted = { fate: 'skipped', why: 'aborted' } as const
const tombstone = { fate: 'skipped', why: 'null' } as const
const unknownOrigin = { fate: 'rejected', reason: 'unknown_origin', pointer: '', origin: undefined } as const

/** The first rules at or after `from` whose judge this program cannot repeat. */
export function unrepeatable(rules: readonly RulesFrom[], from: number): RulesFrom | undefined {
  const first = rules.findLast(({ fromOffset }) => fromOffset <= from)?.fromOffset ?? from
  return rules.find(({ fromOffset, judgeVersion }) => fromOffset >= first && !judgesRepeated.includes(judgeVersion))
}

/** What an event says besides its user and id, in 32 bits, never 0. A chance meeting hides one note of many. */
function contentOf({ item, activity, instantMs }: CountedEvent): number {
  const text = `${item} ${activity} ${instantMs}`
  let hash = 0x811c9dc5 // FNV-1a
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0 || 1
}

/** A bad record's bytes in one digest, as `snapshot.ts` has PostgreSQL make it of a row of `rejects`. */
export function digestOf(record: RecordWalk): Buffer {
  const { bytes, keyStart, keyEnd, valueStart, valueEnd } = record
  const head = Buffer.alloc(20)
  head.writeBigInt64BE(BigInt(record.appendMs), 0)
  head.writeInt32BE(keyStart < 0 ? -1 : keyEnd - keyStart, 8)
  head.writeInt32BE(valueEnd - valueStart, 12)
  const headers = record.headers()
  head.writeInt32BE(headers.length, 16)
  const hash = createHash('sha256').update(head)
  if (keyStart >= 0) hash.update(bytes.subarray(keyStart, keyEnd))
  return hash.update(bytes.subarray(valueStart, valueEnd)).update(headers).digest()
}
