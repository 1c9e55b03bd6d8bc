/** A record batch damaged where a broker keeps it, and mended. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32c } from '@platformatic/kafka'

/** As an owner of the partition names it when it halts. */
export type Damage = 'bad_crc' | 'unknown_codec'

const firstSegment = '00000000000000000000.log'
const lengthAt = 8
const beforeLength = 12
const checksumAt = 17
const checkedFrom = 21
const codecAt = 22
/** In the first record, which the checksum covers. */
const recordAt = 70

const damages: Readonly<Record<Damage, (batch: Buffer) => void>> = {
  bad_crc: batch => void batch.writeUInt8(batch[recordAt]! ^ 1, recordAt),
  unknown_codec: batch => {
    batch.writeUInt8(batch[codecAt]! | 0x07, codecAt)
    batch.writeUInt32BE(crc32c(batch.subarray(checkedFrom)) >>> 0, checksumAt)
  },
}

/**
 * Damages the first record batch from `offset` on, in every copy of the partition's log.
 * @param folders of the brokers' data.
 * @returns mends it; undefined when there is no such batch.
 */
export function damage(
  folders: readonly string[],
  { topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: number },
  how: Damage,
): (() => void) | undefined {
  const files = folders
    .map(folder => join(folder, `${topic}-${partition}`, firstSegment))
    .filter(file => existsSync(file))
  const found = files.flatMap(file => {
    const batch = batchFrom(readFileSync(file), offset)
    return batch === undefined ? [] : [{ file, ...batch }]
  })
  if (found.length === 0) return undefined
  for (const { file, at, bytes } of found) {
    const damaged = Buffer.from(bytes)
    damages[how](damaged)
    put(file, at, damaged)
  }
  return () => {
    for (const { file, at, bytes } of found) put(file, at, bytes)
  }
}

function batchFrom(log: Buffer, offset: number): { at: number; bytes: Buffer } | undefined {
  for (let at = 0; at + beforeLength <= log.length; ) {
    const end = at + beforeLength + log.readInt32BE(at + lengthAt)
    if (end > log.length || end < at + recordAt) return undefined // it is not written yet
    if (Number(log.readBigInt64BE(at)) >= offset) return { at, bytes: log.subarray(at, end) }
    at = end
  }
  return undefined
}

function put(file: string, at: number, bytes: Buffer): void {
  const handle = openSync(file, 'r+')
  writeSync(handle, bytes, 0, bytes.length, at)
  closeSync(handle)
}
