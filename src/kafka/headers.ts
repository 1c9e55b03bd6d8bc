/** A record's headers as they stand in it: a count, then names and values, each with its length, in Kafka's varints. */

/** @returns the value of the last header of this name; undefined where there is none, or the bytes are no headers. */
export function headerOf(headers: Buffer, name: string): Buffer | undefined {
  return headersOf(headers)?.findLast(([one]) => one === name)?.[1] ?? undefined
}

/** @returns names and values in their order; undefined when the bytes are no headers. */
export function headersOf(headers: Buffer): [name: string, value: Buffer | null][] | undefined {
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
    if (length < 0) return null
    at += length
    return headers.subarray(at - length, at)
  }
  const found: [string, Buffer | null][] = []
  for (let left = varint(); left > 0; left--) {
    if (at >= headers.length) return undefined
    const name = field()?.toString() ?? ''
    found.push([name, field()])
  }
  return at === headers.length ? found : undefined
}
