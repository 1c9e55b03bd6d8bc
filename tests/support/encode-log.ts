/** Record batches as a broker keeps them (magic 2), with everything that can be set or be wrong. For tests only. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { compressionsAlgorithms } from '@platformatic/kafka'

export interface LogRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
  /** The sender's time. */
  readonly timestampMs: number
}

export const codecs = ['none', 'gzip', 'snappy', 'xerial', 'lz4', 'zstd'] as const
export type Codec = (typeof codecs)[number]
const codecBits = { none: 0, gzip: 1, snappy: 2, xerial: 2, lz4: 3, zstd: 4 } as const

export interface LogBatch {
  readonly baseOffset: number
  readonly records: readonly LogRecord[]
  readonly codec?: Codec
  /** Set: the batch has the broker's time. */
  readonly logAppendMs?: number
  readonly epoch?: number
  readonly producerId?: bigint
  readonly transactional?: boolean
  readonly control?: boolean
  /** Instead of the first record's time. */
  readonly baseMs?: number
  /** Instead of the encoded records. */
  readonly body?: Buffer
  /** Instead of what the records amount to. */
  readonly lastOffsetDelta?: number
  readonly count?: number
  readonly attributes?: number
}

export const headerBytes = 61

export function encodeBatch(batch: LogBatch): Buffer {
  const { records, codec = 'none' } = batch
  const baseMs = batch.baseMs ?? records[0]?.timestampMs ?? -1
  const plain = Buffer.concat(records.map((record, delta) => encodeRecord(record, delta, record.timestampMs - baseMs)))
  const body = batch.body ?? compress(codec, plain)
  const out = Buffer.concat([Buffer.alloc(headerBytes), body])
  const bits =
    codecBits[codec] |
    (batch.logAppendMs === undefined ? 0 : 0x08) |
    (batch.transactional ? 0x10 : 0) |
    (batch.control ? 0x20 : 0)
  out.writeBigInt64BE(BigInt(batch.baseOffset), 0)
  out.writeInt32BE(batch.epoch ?? 0, 12)
  out.writeInt8(2, 16)
  out.writeInt16BE(batch.attributes ?? bits, 21)
  out.writeInt32BE(batch.lastOffsetDelta ?? records.length - 1, 23)
  out.writeBigInt64BE(BigInt(baseMs), 27)
  out.writeBigInt64BE(BigInt(batch.logAppendMs ?? Math.max(...records.map(record => record.timestampMs))), 35)
  out.writeBigInt64BE(batch.producerId ?? -1n, 43)
  out.writeInt16BE(batch.producerId === undefined ? -1 : 0, 51)
  out.writeInt32BE(-1, 53)
  out.writeInt32BE(batch.count ?? records.length, 57)
  return seal(out)
}

/** The end of a transaction as the broker writes it. */
export function encodeMarker(baseOffset: number, producerId: bigint, kind: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1])
  const records = [{ key, value: Buffer.alloc(6), headers: [], timestampMs: 0 }]
  return encodeBatch({ baseOffset, records, producerId, transactional: true, control: true })
}

/** Makes length and checksum right again after bytes were changed. */
export function seal(batch: Buffer): Buffer {
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

function encodeRecord({ key, value, headers }: LogRecord, offsetDelta: number, msDelta: number): Buffer {
  const body = Buffer.concat([
    Buffer.alloc(1),
    varint(msDelta),
    varint(offsetDelta),
    field(key),
    field(value),
    encodeHeaders(headers),
  ])
  return Buffer.concat([varint(body.length), body])
}

export function encodeHeaders(headers: LogRecord['headers']): Buffer {
  return Buffer.concat([
    varint(headers.length),
    ...headers.flatMap(([name, value]) => [field(Buffer.from(name)), field(value)]),
  ])
}

function field(bytes: Buffer | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes])
}

/** Zigzag: -1 takes one byte. */
export function varint(value: number | bigint): Buffer {
  const big = BigInt(value)
  let rest = BigInt.asUintN(64, (big << 1n) ^ (big >> 63n))
  const bytes: number[] = []
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}

export function compress(codec: Codec, plain: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return plain
    case 'gzip':
      return gzipSync(plain, { level: 1 })
    case 'snappy':
      return Buffer.from(compressionsAlgorithms.snappy.compressSync(plain) as Buffer)
    case 'xerial':
      return xerial(plain, 100)
    case 'lz4':
      return Buffer.from(compressionsAlgorithms.lz4.compressSync(plain) as Buffer)
    case 'zstd':
      return zstdCompressSync(plain)
  }
}

/** Java's framing of snappy: a header, then blocks with their lengths. */
function xerial(plain: Buffer, blockBytes: number): Buffer {
  const parts: Buffer[] = [Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])]
  for (let at = 0; at < plain.length; at += blockBytes) {
    const block = compress('snappy', plain.subarray(at, at + blockBytes))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}
