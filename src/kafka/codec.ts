/** Inflates the records of a batch, with a bound on what comes out. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import { inflateLz4 } from './lz4/lz4.ts'

export class TooLarge extends Error {}
export class UnknownCodec extends Error {}

/**
 * @param codec the lowest three bits of the batch's attributes.
 * @param bytesMax what the result may take.
 * @throws UnknownCodec; TooLarge, before the memory is taken where the format tells; any other error = corrupt data.
 */
export function inflate(codec: number, data: Buffer, bytesMax: number): Buffer {
  switch (codec) {
    case 0:
      return data
    case 1:
      return withinBound(bytesMax, () => gunzipSync(data, { maxOutputLength: bytesMax, ...inOnePiece(data, bytesMax) }))
    case 2:
      checkBound(snappyLength(data), bytesMax)
      return compressionsAlgorithms.snappy.decompressSync(data) as Buffer
    case 3:
      checkBound(lz4LengthMax(data), bytesMax)
      return inflateLz4(data, bytesMax) ?? (compressionsAlgorithms.lz4.decompressSync(data) as Buffer)
    case 4:
      return withinBound(bytesMax, () => zstdDecompressSync(data, { maxOutputLength: bytesMax }))
    default:
      throw new UnknownCodec(`codec ${codec}`)
  }
}

/**
 * The last four bytes say how long the result is, modulo 2^32. It is made in one piece then; in pieces, it would take
 * its memory twice when they are put together. Where they lie, there are more pieces.
 */
function inOnePiece(data: Buffer, bytesMax: number): { chunkSize?: number } {
  if (data.length < 4) return {}
  return { chunkSize: Math.max(1_024, Math.min(bytesMax, data.readUInt32LE(data.length - 4))) }
}

function withinBound(bytesMax: number, decompress: () => Buffer): Buffer {
  try {
    return decompress()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') checkBound(Number.POSITIVE_INFINITY, bytesMax)
    throw error
  }
}

function checkBound(bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw new TooLarge(`inflates beyond ${bytesMax} bytes`)
}

const xerial = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])

/** A snappy block begins with its inflated length; Java's framing puts a header and chunk lengths around the blocks. */
function snappyLength(data: Buffer): number {
  if (!data.subarray(0, 8).equals(xerial)) return varint(data, 0)
  let length = 0
  for (let at = 16; at + 4 < data.length; ) {
    length += varint(data, at + 4)
    at += 4 + data.readUInt32BE(at)
  }
  return length
}

function varint(data: Buffer, start: number): number {
  let value = 0
  for (let at = start, unit = 1; at < data.length && at < start + 5; at++, unit *= 128) {
    value += (data[at]! & 0x7f) * unit
    if (data[at]! < 0x80) break
  }
  return value
}

/** An LZ4 frame rarely says its length; a block inflates to no more than the frame's block size, nor 255 times its own. */
function lz4LengthMax(data: Buffer): number {
  const flags = data.readUInt8(4)
  const blockMax = 1 << (8 + 2 * ((data.readUInt8(5) >> 4) & 7))
  const blockChecksum = flags & 0x10 ? 4 : 0
  let at = 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0)
  let length = 0
  while (at + 4 <= data.length) {
    const block = data.readUInt32LE(at)
    if (block === 0) break
    const bytes = block & 0x7fff_ffff
    length += block >>> 31 ? bytes : Math.min(blockMax, bytes * 255)
    at += 4 + bytes + blockChecksum
  }
  return length
}
