/**
 * Additive digests: the sum, modulo 2^128, of a keyed hash for everything of a kind. That of a day can be had from the
 * log, event by event, and from the table, row by row (count times hash), and those of partitions add up. Keyed with the
 * installation's secret, so that nobody can look for events whose hashes cancel each other out.
 */
import { createHmac } from 'node:crypto'
import { type Place, placeText } from '../recount/record-place.ts'
import type { Repair } from '../recount/repair-book.ts'
import { SipHash } from '../recount/siphash.ts'
import { type Counts, kinds, rowWords } from './rows.ts'

const modulus = 2n ** 128n
/** First word of what is hashed: no hash of an event id begins so, since ids begin with a user's digits. */
const domain = 0xffff_ffff
const messageWords = 1 + rowWords + 1

export class Digester {
  readonly #key: Buffer
  readonly #hash: SipHash
  readonly #answer: BigUint64Array

  constructor(key: Buffer) {
    this.#key = key
    this.#hash = new SipHash(key, messageWords * 4)
    this.#answer = new BigUint64Array(this.#hash.out.buffer)
  }

  /** What a row adds to the digest of its day. @param key from `at` on, {@link rowWords} words. */
  ofRow(key: Uint32Array, at: number, counts: Counts): bigint {
    const { words } = this.#hash
    let digest = 0n
    for (let kind = 0; kind < kinds.length; kind++) {
      if (counts[kind] === 0) continue
      words[0] = domain
      for (let i = 0; i < rowWords; i++) words[1 + i] = key[at + i]!
      words[1 + rowWords] = kind
      this.#hash.hash(messageWords * 4)
      digest += (this.#answer[0]! + (this.#answer[1]! << 64n)) * BigInt(counts[kind]!)
    }
    return digest % modulus
  }

  /** What a reject adds to the digest of its partition's rejects. @param origin what it was an attempt to repair, or ''. */
  ofReject(offset: number, reason: string, pointer: string, bytes: Buffer, origin: string): bigint {
    return this.#ofText(`${offset} ${reason} ${pointer} ${bytes.toString('hex')} ${origin}`.trimEnd())
  }

  /** What a repair adds to the same digest, that of the partition whose record it is. */
  ofRepair(origin: Place, repair: Repair): bigint {
    return this.#ofText(`repair of ${placeText(origin)} by ${placeText(repair)}: ${repair.as}`)
  }

  #ofText(text: string): bigint {
    return BigInt(`0x${createHmac('sha256', this.#key).update(text).digest('hex').slice(0, 32)}`)
  }
}

export const sumOf = (one: bigint, other: bigint): bigint => (one + other) % modulus
