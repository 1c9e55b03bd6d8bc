/** Where a fetch answer ends, to ask for what follows before its records are read. */
import { headerBytes, type Tail } from './records.ts'

/**
 * By what the headers of its whole record batches say; whoever reads them finds out whether it is so.
 * @returns the next offset and the record batch before it; undefined when there is none.
 */
export function endOfAnswer(answer: Buffer): { readonly offset: number; readonly tail: Tail } | undefined {
  let last = -1
  for (let at = 0; at + headerBytes <= answer.length; ) {
    const length = answer.readInt32BE(at + 8)
    if (length < headerBytes - 12 || at + 12 + length > answer.length) break
    last = at
    at += 12 + length
  }
  if (last < 0) return undefined
  const offset = Number(answer.readBigInt64BE(last)) + answer.readInt32BE(last + 23) + 1
  return { offset, tail: { epoch: answer.readInt32BE(last + 12), crc: answer.readUInt32BE(last + 17) } }
}
