/**
 * A guess at which rows of a batch the table does not have yet. A plain insert costs PostgreSQL little more than half of
 * what an upsert does, which looks for each row before it writes it. Where the guess is wrong the table's primary key
 * says so, nothing of the insert stays, and the same rows are upserted: a guess changes what a settle costs, never what
 * it writes.
 */
import { type Delta, keyWords, rowWords } from './delta.ts'

/** Fewer are not worth the statements around an insert. */
const rowsMin = 1_000
/** A Bloom filter of 8 MB: what was written is always known; of other rows one in 70 seems so when it holds 4 million. */
const bits = 2 ** 26
/** Then one in six seems known, and it begins anew. */
const rowsMax = 2 ** 24
/** After a wrong guess so many settles pass without one, and after the next twice as many, up to the last. */
const restFirst = 8
const restLast = 1_024

export class NewRows {
  readonly #written = new Uint32Array(bits / 32)
  #count = 0
  #restFor = 0
  #rest = restFirst

  /** @returns the rows that seem new, and the others, both in key order; undefined where an upsert of all is better. */
  split(delta: Delta): { readonly fresh: Delta; readonly known: Delta } | undefined {
    const isKnown = Uint8Array.from({ length: delta.length / rowWords }, (_, row) =>
      this.#isKnown(delta, row * rowWords),
    )
    const known = isKnown.reduce((sum, one) => sum + one, 0)
    const fresh = isKnown.length - known
    this.#count += fresh
    if (this.#count > rowsMax) {
      this.#written.fill(0)
      this.#count = 0
    }
    if (this.#restFor > 0) {
      this.#restFor -= 1
      return undefined
    }
    return fresh < rowsMin || fresh < known ? undefined : apart(delta, isKnown, known)
  }

  wasRight(): void {
    this.#rest = restFirst
  }

  wasWrong(): void {
    this.#restFor = this.#rest
    this.#rest = Math.min(restLast, this.#rest * 2)
  }

  /** @returns 1 for a row that was written; from now on this one was. */
  #isKnown(delta: Delta, at: number): number {
    const written = this.#written
    const [a, b] = [hashOf(delta, at, 0x9e3779b9) % bits, hashOf(delta, at, 0x7feb352d) % bits]
    const [bitA, bitB] = [1 << (a & 31), 1 << (b & 31)]
    const isKnown = (written[a >>> 5]! & bitA) !== 0 && (written[b >>> 5]! & bitB) !== 0
    written[a >>> 5]! |= bitA
    written[b >>> 5]! |= bitB
    return isKnown ? 1 : 0
  }
}

function apart(delta: Delta, isKnown: Uint8Array, count: number) {
  const known = new Uint32Array(count * rowWords)
  if (count === 0) return { fresh: delta, known }
  const fresh = new Uint32Array(delta.length - known.length)
  for (let row = 0, k = 0, f = 0; row < isKnown.length; row++) {
    const part = delta.subarray(row * rowWords, (row + 1) * rowWords)
    if (isKnown[row] === 1) known.set(part, rowWords * k++)
    else fresh.set(part, rowWords * f++)
  }
  return { fresh, known }
}

/** Of a row's key. */
function hashOf(delta: Delta, at: number, seed: number): number {
  let hash = seed
  for (let word = at; word < at + keyWords; word++) {
    hash = Math.imul(hash ^ delta[word]!, 0x85ebca6b)
    hash ^= hash >>> 15
  }
  return hash >>> 0
}
