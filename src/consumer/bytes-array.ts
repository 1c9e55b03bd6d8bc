/**
 * A bytea[] as PostgreSQL's own binary array. As text each byte takes two digits, an escape before them, and a server that
 * reads them one by one: for the ids of a large batch that is megabytes.
 */

const byteaOid = 17
const headBytes = 20

export function bytesArray(values: readonly Buffer[]): Buffer {
  const array = Buffer.allocUnsafe(values.reduce((sum, { length }) => sum + 4 + length, headBytes))
  // One dimension, no nulls, type, how many, counted from 1.
  for (const [i, word] of [1, 0, byteaOid, values.length, 1].entries()) array.writeInt32BE(word, i * 4)
  let at = headBytes
  for (const value of values) {
    at = array.writeInt32BE(value.length, at)
    at += value.copy(array, at)
  }
  return array
}
