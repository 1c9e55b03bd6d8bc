/**
 * A bytea[] as PostgreSQL's own binary array. As text each byte takes two digits, an escape before them, and a server that
 * reads them one by one: for the ids of a large batch that is megabytes.
 */

const byteaOid = 17
const headBytes = 20

export function bytesArray(values: readonly (Buffer | null)[]): Buffer {
  const array = Buffer.allocUnsafe(values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), headBytes))
  const hasNulls = values.includes(null) ? 1 : 0
  // One dimension, whether there are nulls, type, how many, counted from 1.
  for (const [i, word] of [1, hasNulls, byteaOid, values.length, 1].entries()) array.writeInt32BE(word, i * 4)
  let at = headBytes
  for (const value of values) {
    at = array.writeInt32BE(value?.length ?? -1, at)
    if (value !== null) at += value.copy(array, at)
  }
  return array
}
