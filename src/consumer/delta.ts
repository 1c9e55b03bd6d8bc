/**
 * What a batch adds to the counts: rows of twelve words, one for each user, item and day, in the order of their keys.
 * The kernel makes them, PostgreSQL takes them column by column, and no object stands between.
 *
 * user 0..3 | day 4 | item 5..8 | views 9 | clicks 10 | purchases 11
 *
 * The first nine are the key: bytes in the order in which they sort, the day's highest first with its sign turned round.
 * The words are as WebAssembly has them, lowest byte first, which is how every machine that we run on has them too.
 */
export type Delta = Uint32Array

export const rowWords = 12
export const keyWords = 9

/** One row as an object; for those who are in no hurry. */
export interface Row {
  readonly userId: string
  readonly day: number
  readonly itemId: string
  readonly view: number
  readonly click: number
  readonly purchase: number
}

export function* rowsOf(delta: Delta): Generator<Row> {
  const bytes = Buffer.from(delta.buffer, delta.byteOffset, delta.byteLength)
  for (let at = 0; at < delta.length; at += rowWords) {
    yield {
      userId: uuidText(bytes, at * 4),
      day: bytes.readUInt32BE((at + 4) * 4) - 2 ** 31,
      itemId: uuidText(bytes, (at + 5) * 4),
      view: delta[at + 9]!,
      click: delta[at + 10]!,
      purchase: delta[at + 11]!,
    }
  }
}

/** The sum of several deltas, in a new one: the parts stay as they are, for a settle that has to be tried again. */
export function sumOf(deltas: readonly Delta[]): Delta {
  if (deltas.length < 2) return deltas[0] ?? new Uint32Array(0)
  const half = deltas.length >> 1
  return merged(sumOf(deltas.slice(0, half)), sumOf(deltas.slice(half)))
}

/** Word by word: `Buffer.compare` and `copy`, which are calls out of JavaScript, took several times as long. */
function merged(a: Delta, b: Delta): Delta {
  const all = new Uint32Array(a.length + b.length)
  let [at, i, j] = [0, 0, 0]
  while (i < a.length || j < b.length) {
    const order = i === a.length ? 1 : j === b.length ? -1 : compareKeys(a, i, b, j)
    const from = order <= 0 ? a : b
    const start = order <= 0 ? i : j
    for (let word = 0; word < rowWords; word++) all[at + word] = from[start + word]!
    if (order === 0) for (let word = keyWords; word < rowWords; word++) all[at + word]! += b[j + word]!
    if (order <= 0) i += rowWords
    if (order >= 0) j += rowWords
    at += rowWords
  }
  return all.subarray(0, at)
}

/** As their bytes sort: of two words the lowest byte decides first. */
function compareKeys(a: Delta, i: number, b: Delta, j: number): number {
  for (let word = 0; word < keyWords; word++) {
    const x = a[i + word]!
    const y = b[j + word]!
    if (x !== y) return swapped(x) - swapped(y)
  }
  return 0
}

/** A word with its bytes the other way round. */
export function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}

/** The UUID whose 16 bytes stand at `at`. */
export function uuidText(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
