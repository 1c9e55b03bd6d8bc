/**
 * A delta as PostgreSQL's own binary arrays, one for each column. Array literals had to be written by us and read by
 * the server, at four times the bytes.
 */
import { type Delta, rowWords, swapped } from './delta.ts'

const oids = { uuid: 2950, int4: 23 }
/** One dimension, no nulls, type, length, counted from 1. */
const headWords = 5

/** user_id uuid[], days since 1970 int[], item_id uuid[], and the three counts as int[]: no batch has as many records. */
export function columnsOf(delta: Delta): Buffer[] {
  const rows = delta.length / rowWords
  const [users, items] = [emptyArray(oids.uuid, 4, rows), emptyArray(oids.uuid, 4, rows)]
  const numbers = () => emptyArray(oids.int4, 1, rows)
  const [days, views, clicks, purchases] = [numbers(), numbers(), numbers(), numbers()]
  for (let row = 0, at = 0; row < rows; row++, at += rowWords) {
    const uuid = headWords + row * 5 + 1
    for (let word = 0; word < 4; word++) {
      users[uuid + word] = delta[at + word]!
      items[uuid + word] = delta[at + 5 + word]!
    }
    const number = headWords + row * 2 + 1
    days[number] = delta[at + 4]! ^ signBit
    views[number] = swapped(delta[at + 9]!)
    clicks[number] = swapped(delta[at + 10]!)
    purchases[number] = swapped(delta[at + 11]!)
  }
  return [users, days, items, views, clicks, purchases].map(({ buffer }) => Buffer.from(buffer))
}

/** In the highest byte, which stands first. */
const signBit = 0x80

/** Each element has its length before it. All numbers have their highest byte first. */
function emptyArray(oid: number, words: number, count: number): Uint32Array<ArrayBuffer> {
  const array = new Uint32Array(headWords + count * (1 + words))
  for (const [i, word] of [1, 0, oid, count, 1].entries()) array[i] = swapped(word)
  const length = swapped(words * 4)
  for (let at = headWords; at < array.length; at += 1 + words) array[at] = length
  return array
}
