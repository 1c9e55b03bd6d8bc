/**
 * Rows of the summary on disk, the stored and the expected ones, in buckets by a hash of the row's key: rows that belong
 * together meet in one bucket, so that a bucket at a time is compared in memory, however many there are. By the whole
 * key and not by the user, because one user may have more rows than others have events.
 */

import { Spill } from '../recount/spill.ts'
import { type Counts, rowWords, spread } from './rows.ts'

interface Sizes {
  readonly buckets: number
  /** How many entries are compared at once; a bucket with more is read several times, a share of its keys each time. */
  readonly entriesMax: number
}

/** Key, which side, three counts in floating point: 64 bytes, of which blocks hold a whole number. */
const entryWords = 16
const sideAt = rowWords
const countsAt = 10

const stored = 0
const expected = 1

/** 2000-01-01, from which PostgreSQL counts days. */
const postgresEpoch = 10_957

export class RowFile {
  readonly #spill = new Spill()
  readonly #sizes: Sizes
  readonly #entry = new Uint32Array(entryWords)
  readonly #bytes = Buffer.from(this.#entry.buffer)
  readonly #counts = new Float64Array(this.#entry.buffer, countsAt * 4, 3)

  constructor(sizes: Sizes = { buckets: 512, entriesMax: 100_000 }) {
    this.#sizes = sizes
  }

  /** A row in COPY's binary format: a uuid, a date, a uuid and three bigints, each with its length before it. */
  addStored(bytes: Buffer, at: number): void {
    const entry = this.#entry
    for (let i = 0; i < 4; i++) {
      entry[i] = bytes.readUInt32BE(at + 4 + 4 * i)
      entry[4 + i] = bytes.readUInt32BE(at + 32 + 4 * i)
    }
    entry[8] = bytes.readInt32BE(at + 24) + postgresEpoch
    for (let i = 0; i < 3; i++) this.#counts[i] = Number(bytes.readBigInt64BE(at + 52 + 12 * i))
    this.#write(stored)
  }

  /** A row as the recount adds it up, or a part of one. */
  addExpected(words: Uint32Array, at: number, counts: Counts): void {
    for (let i = 0; i < rowWords; i++) this.#entry[i] = words[at + i]!
    for (let i = 0; i < 3; i++) this.#counts[i] = counts[i]!
    this.#write(expected)
  }

  /** Shows each row once, its parts added up. */
  compare(visit: (row: ComparedRow) => void): void {
    const { buckets, entriesMax } = this.#sizes
    for (let bucket = 0; bucket < buckets; bucket++) {
      const entries = this.#spill.bytesOf(bucket) / (entryWords * 4)
      const shares = Math.ceil(entries / entriesMax)
      for (let share = 0; share < shares; share++) this.#compareShare(bucket, share, shares, visit)
    }
  }

  close(): void {
    this.#spill.close()
  }

  #write(side: number): void {
    this.#entry[sideAt] = side
    this.#spill.write(spread(this.#entry, 0) % this.#sizes.buckets, this.#bytes)
  }

  #compareShare(bucket: number, share: number, shares: number, visit: (row: ComparedRow) => void): void {
    const rows = new Map<string, ComparedRow>()
    for (const part of this.#spill.read(bucket)) {
      const words = new Uint32Array(part.buffer, part.byteOffset, part.length / 4)
      const counts = new Float64Array(part.buffer, part.byteOffset, part.length / 8)
      for (let at = 0; at < words.length; at += entryWords) {
        // What chose the bucket says nothing more within it.
        if (shares > 1 && Math.floor(spread(words, at) / this.#sizes.buckets) % shares !== share) continue
        take(rows, words, at, counts)
      }
    }
    for (const row of rows.values()) visit(row)
  }
}

export interface ComparedRow {
  /** `rowWords` words. */
  readonly key: Uint32Array
  /** Undefined: there is no such row. */
  stored: number[] | undefined
  expected: number[] | undefined
}

function take(rows: Map<string, ComparedRow>, words: Uint32Array, at: number, counts: Float64Array): void {
  const key = words.subarray(at, at + rowWords)
  const name = Buffer.from(key.buffer, key.byteOffset, rowWords * 4).toString('latin1')
  let row = rows.get(name)
  if (row === undefined) {
    row = { key: key.slice(), stored: undefined, expected: undefined }
    rows.set(name, row)
  }
  const side = words[at + sideAt] === stored ? 'stored' : 'expected'
  row[side] ??= [0, 0, 0]
  for (let i = 0; i < 3; i++) row[side]![i]! += counts[(at + countsAt) / 2 + i]!
}
