/** A bit of a record batch flipped where a broker keeps it, and flipped back. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const headerBytes = 12
/** A byte of the records, which the checksum covers. */
const flippedAt = 70
const firstSegment = '00000000000000000000.log'

/**
 * Flips a bit of the first record batch from `offset` on, in every copy of the partition's log.
 * @param folders of the brokers' data.
 * @returns flips it back; undefined when there is no such batch.
 */
export function damage(
  folders: readonly string[],
  topic: string,
  partition: number,
  offset: number,
): (() => void) | undefined {
  const files = folders
    .map(folder => join(folder, `${topic}-${partition}`, firstSegment))
    .filter(file => existsSync(file))
  const places = files.flatMap(file => {
    const bytes = readFileSync(file)
    const at = batchFrom(bytes, offset)
    return at === undefined ? [] : [{ file, at: at + flippedAt, byte: bytes[at + flippedAt]! }]
  })
  if (places.length === 0) return undefined
  for (const { file, at, byte } of places) put(file, at, byte ^ 1)
  return () => {
    for (const { file, at, byte } of places) put(file, at, byte)
  }
}

function batchFrom(bytes: Buffer, offset: number): number | undefined {
  for (let at = 0; at + headerBytes <= bytes.length; at += headerBytes + bytes.readInt32BE(at + 8)) {
    if (bytes.readInt32BE(at + 8) <= flippedAt) return undefined // not written yet
    if (Number(bytes.readBigInt64BE(at)) >= offset) return at
  }
  return undefined
}

function put(file: string, at: number, byte: number): void {
  const handle = openSync(file, 'r+')
  writeSync(handle, Buffer.from([byte]), 0, 1, at)
  closeSync(handle)
}
