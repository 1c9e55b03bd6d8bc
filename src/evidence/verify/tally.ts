/**
 * Adds counted events up by row, in a table of fixed size: when it is full, its rows go to the books and it starts anew.
 * Hot rows so take no room on disk, and no log is too long for memory.
 */

import type { CountedEvent } from '../recount/verdict.ts'
import { kinds, rowWords, spread, writeUuid } from './rows.ts'

const slots = 1 << 18
const loadMax = 0.6
const slotWords = rowWords + kinds.length

/** Takes a row: `rowWords` of key at `at`, and its counts. */
export type TakeRow = (words: Uint32Array, at: number, counts: Uint32Array) => void

export class Tally {
  readonly #words = new Uint32Array(slots * slotWords)
  readonly #key = new Uint32Array(rowWords)
  readonly #take: TakeRow
  #used = 0

  constructor(take: TakeRow) {
    this.#take = take
  }

  /** Counts one event. */
  add({ user, item, day, activity }: CountedEvent): void {
    const key = this.#key
    const words = this.#words
    writeUuid(user, key, 0)
    writeUuid(item, key, 4)
    key[8] = day
    let slot = spread(key, 0) & (slots - 1)
    let at = slot * slotWords
    while (isTaken(words, at) && !isKey(words, at, key)) {
      slot = (slot + 1) & (slots - 1)
      at = slot * slotWords
    }
    if (!isTaken(words, at)) {
      words.set(key, at)
      this.#used += 1
    }
    const count = at + rowWords + kinds.indexOf(activity)
    words[count]! += 1
    if (words[count] === 0xffff_ffff || this.#used > slots * loadMax) this.flush()
  }

  /** Hands all rows over and forgets them. */
  flush(): void {
    if (this.#used === 0) return
    const words = this.#words
    for (let at = 0; at < words.length; at += slotWords) {
      if (isTaken(words, at)) this.#take(words, at, words.subarray(at + rowWords, at + slotWords))
    }
    words.fill(0)
    this.#used = 0
  }
}

/** A row that is there has at least one count. */
function isTaken(words: Uint32Array, at: number): boolean {
  return words[at + rowWords] !== 0 || words[at + rowWords + 1] !== 0 || words[at + rowWords + 2] !== 0
}

function isKey(words: Uint32Array, at: number, key: Uint32Array): boolean {
  for (let i = 0; i < rowWords; i++) if (words[at + i] !== key[i]) return false
  return true
}
