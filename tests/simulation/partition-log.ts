/** The log of one partition as a broker keeps it, with all that can befall it. */

import { originHeader } from '../../src/event/origin.ts'
import type { Tail } from '../../src/kafka/records.ts'
import { encodeBatch, seal } from '../support/encode-log.ts'
import type { Dice } from './dice.ts'
import { fewIds, markers, type Source, stamped, type Template, type Word } from './vocabulary.ts'

export interface LoggedRecord {
  readonly word: Word
  /** The text of the header that makes it a repair. */
  readonly origin?: string
  /** -1 = unknown. */
  readonly appendMs: number
}

export interface Transaction {
  readonly producerId: number
  readonly first: number
  end: 'open' | 'abort' | 'commit'
  marker: number
}

/** A record batch. It knows the one before it, so that what was read can be found again when the log has lost it. */
export interface LogBatch {
  readonly first: number
  readonly last: number
  readonly epoch: number
  readonly crc: number
  /** What lies in the log now: damage changes it. */
  bytes: Buffer
  readonly sound: Buffer
  /** Empty in a control batch. */
  readonly records: readonly LoggedRecord[]
  readonly brokerTime: boolean
  readonly transaction: Transaction | undefined
  readonly previous: LogBatch | undefined
}

export const damages = ['bad_crc', 'unknown_codec', 'malformed', 'unknown_format', 'gap'] as const
export type Damage = (typeof damages)[number]

export class PartitionLog {
  start: number
  /** Where the next batch is appended. */
  end: number
  epoch = 0
  batches: LogBatch[] = []
  /** All there ever were, in the order of their appending. */
  readonly history: LogBatch[] = []
  transactions: Transaction[] = []
  /** The broker that leads it does not answer. */
  isAway = false
  /** The broker shows nothing although there is something. */
  isSilent = false
  readonly #dice: Dice
  readonly #source: Source
  #appendMs: number
  #last: LogBatch | undefined

  constructor(dice: Dice, start: number, appendMs: number, source = fewIds) {
    this.#dice = dice
    this.#source = source
    this.start = start
    this.end = start
    this.#appendMs = appendMs
  }

  /** How far readers of committed records may read. */
  get stableEnd(): number {
    let end = this.end
    for (const { first, end: state } of this.transactions) if (state === 'open' && first < end) end = first
    return Math.max(end, this.start)
  }

  /** @param jumpMs how far the broker's clock goes on before. */
  append(jumpMs: number): void {
    const isTransactional = this.#dice.chance(0.25)
    const template = this.#source(this.#dice, isTransactional)
    this.#appendMs += jumpMs + 1
    this.#push(template, isTransactional ? this.#transaction() : undefined)
  }

  /** Ends a transaction that is open, if there is one. @returns whether there was. */
  endTransaction(): boolean {
    const open = this.transactions.find(({ end }) => end === 'open')
    if (open === undefined) return false
    const end = this.#dice.chance(0.5) ? 'abort' : 'commit'
    this.#appendMs += 1
    const bytes = this.#stamped(markers[end], this.#appendMs, open.producerId)
    open.end = end
    open.marker = this.end
    this.#add(bytes, 1, [], true, undefined)
    return true
  }

  /** Retention, or an operator, deletes what lies before a batch. */
  trim(): void {
    if (this.batches.length === 0) return
    const kept = this.#dice.below(this.batches.length + 1)
    // The log start never passes the last stable offset.
    while (this.batches.length > kept && this.batches[0]!.last < this.stableEnd) {
      this.start = this.batches.shift()!.last + 1
    }
    this.transactions = this.transactions.filter(({ end, marker }) => end === 'open' || marker >= this.start)
  }

  /**
   * The tail is lost, and another leader goes on. No transaction that was decided becomes undecided.
   * @param isNoticed else the epoch stays, as where an older disk is put back while nobody reads.
   */
  truncate(isNoticed: boolean): void {
    const lost = this.#dice.between(1, 3)
    const kept = this.batches.slice(0, Math.max(0, this.batches.length - lost))
    const end = kept.at(-1) === undefined ? this.start : kept.at(-1)!.last + 1
    const straddles = this.transactions.some(one => one.end !== 'open' && one.first < end && one.marker >= end)
    if (straddles || kept.length === this.batches.length) return
    this.batches = kept
    this.transactions = this.transactions.filter(({ first }) => first < end)
    this.end = end
    while (this.#last !== undefined && this.#last.last >= end) this.#last = this.#last.previous
    if (isNoticed) this.epoch += 1
  }

  /** Something happens to the bytes of a batch, or it vanishes. */
  damage(): Damage | undefined {
    if (this.batches.length === 0) return undefined
    const batch = this.#dice.pick(this.batches)
    if (batch.bytes !== batch.sound) return undefined
    const kind = this.#dice.pick(damages)
    // What is skipped is not decoded: there only checksum and format are looked at.
    const isDecoded = batch.transaction === undefined && batch.records.length > 0
    if (!isDecoded && kind !== 'bad_crc' && kind !== 'unknown_format') return undefined
    if (kind === 'gap') {
      if (batch === this.batches[0] || batch === this.batches.at(-1)) return undefined
      this.batches = this.batches.filter(one => one !== batch)
      return kind
    }
    const bytes = Buffer.from(batch.sound)
    if (kind === 'bad_crc') bytes[bytes.length - 1]! ^= 0x55
    if (kind === 'unknown_codec') bytes[22] = (bytes[22]! & ~7) | 6
    if (kind === 'malformed') bytes[61] = 0x7f // the first record's length
    if (kind === 'unknown_format') bytes[16] = 1
    if (kind === 'unknown_codec' || kind === 'malformed') seal(bytes)
    batch.bytes = bytes
    return kind
  }

  /** The batch that a ledger's tail and the offset before its next one name, wherever it is now. */
  find({ epoch, crc }: Tail, offset: number): LogBatch | undefined {
    return this.history.findLast(one => {
      return one.crc === crc && one.epoch === epoch && one.first <= offset && offset <= one.last
    })
  }

  /** What was damaged is read from a sound replica. @returns whether anything was. */
  mend(): boolean {
    let mended = this.isSilent
    this.isSilent = false
    for (const batch of this.batches) {
      if (batch.bytes === batch.sound) continue
      batch.bytes = batch.sound
      mended = true
    }
    return mended
  }

  /** Transactions that were rolled back, as a fetch answer with these offsets lists them. */
  aborted(from: number, to: number): { producerId: bigint; firstOffset: bigint }[] {
    const list: { producerId: bigint; firstOffset: bigint }[] = []
    for (const { producerId, first, end, marker } of this.transactions) {
      if (end !== 'abort' || marker < from || first > to) continue
      list.push({ producerId: BigInt(producerId), firstOffset: BigInt(first) })
    }
    return list
  }

  /** OffsetForLeaderEpoch: the last epoch that is not later, and where it ends; undefined when the log cannot tell. */
  endOfEpoch(epoch: number): { readonly epoch: number; readonly end: number } | undefined {
    let found: number | undefined
    for (const batch of this.batches) {
      if (batch.epoch > epoch) return { epoch: found ?? epoch, end: batch.first }
      found = batch.epoch
    }
    if (epoch > this.epoch) return undefined
    if (epoch === this.epoch) return { epoch, end: this.end }
    return found === undefined ? undefined : { epoch: found, end: this.end }
  }

  /** A record that says it stands for a rejected one. */
  appendRepair(word: Word, origin: string): void {
    this.#appendMs += 1
    const headers = [[originHeader, Buffer.from(origin)]] as const
    const records = [{ key: null, value: word.value, headers, timestampMs: this.#appendMs }]
    const bytes = encodeBatch({ baseOffset: this.end, records, epoch: this.epoch, logAppendMs: this.#appendMs })
    this.#add(bytes, 1, [{ word, appendMs: this.#appendMs, origin }], true, undefined)
  }

  #transaction(): Transaction {
    const known = this.transactions.find(({ end }) => end === 'open')
    if (known !== undefined && this.#dice.chance(0.5)) return known
    // A producer has one transaction at a time.
    const busy = new Set(this.transactions.flatMap(one => (one.end === 'open' ? [one.producerId] : [])))
    const producerId = [1, 2, 3, 4].find(id => !busy.has(id) && this.#dice.chance(0.7)) ?? 5 + this.end
    const begun: Transaction = { producerId, first: this.end, end: 'open', marker: -1 }
    this.transactions.push(begun)
    return begun
  }

  #push(template: Template, transaction: Transaction | undefined): void {
    const { words, deltas, brokerTime, timeless } = template
    const ms = this.#appendMs
    const baseMs = timeless ? -1 : ms
    const bytes = this.#stamped(template.bytes, baseMs, transaction?.producerId)
    const records = words.map((word, at) => ({ word, appendMs: timeless || brokerTime ? baseMs : ms + deltas[at]! }))
    this.#add(bytes, words.length, records, brokerTime, transaction)
  }

  #stamped(template: Buffer, firstMs: number, producerId: number | undefined): Buffer {
    return stamped(template, { first: this.end, epoch: this.epoch, ms: this.#appendMs, firstMs, producerId })
  }

  #add(
    bytes: Buffer,
    count: number,
    records: readonly LoggedRecord[],
    brokerTime: boolean,
    transaction: Transaction | undefined,
  ): void {
    const first = this.end
    const batch: LogBatch = {
      first,
      last: first + count - 1,
      epoch: this.epoch,
      crc: bytes.readUInt32BE(17),
      bytes,
      sound: bytes,
      records,
      brokerTime,
      transaction,
      previous: this.#last,
    }
    this.batches.push(batch)
    this.history.push(batch)
    this.#last = batch
    this.end = batch.last + 1
  }
}
