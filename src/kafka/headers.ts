/** A record's headers as they stand in it: a count, then names and values, each with its length, in Kafka's varints. */

/** @returns the value of the last header of this name; undefined where there is none, or the bytes are no headers. */
export function headerOf(headers: Buffer, name: string): Buffer | undefined {
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = headers[at++] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  const field = () => {
    const length = varint()
    if (length < 0) return undefined
    at += length
    return headers.subarray(at - length, at)
  }
  let found: Buffer | undefined
  for (let left = varint(); left > 0 && at < headers.length; left--) {
    const isIt = field()?.toString() === name
    const value = field()
    if (isIt) found = value
  }
  return at === headers.length ? found : undefined
}
