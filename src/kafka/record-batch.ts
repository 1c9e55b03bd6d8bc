/** Records -> the bytes of one record batch (magic 2, uncompressed), as an idempotent producer sends them. */
import { crc32c } from '@node-rs/crc32'

export interface OutgoingRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: readonly (readonly [name: string, value: Buffer | null])[]
  /** Undefined: by the key as Java does it; without a key, whichever is next. */
  readonly partition?: number
}

/** What makes a batch recognisable when it is sent again: who sent it, and the number of its first record. */
export interface BatchIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly sequence: number
}

const headerBytes = 61
const crcFrom = 21

/** The most bytes a record can take in a batch: five varints of five bytes, and what it carries. */
export function recordBytesMax(record: OutgoingRecord): number {
  let bytes = 30 + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const [name, value] of record.headers ?? []) bytes += 10 + Buffer.byteLength(name) + (value?.length ?? 0)
  return bytes
}

/** @param records at least one. @param timestampMs of all of them: the broker replaces it on a log-append topic. */
export function encodeRecordBatch(
  records: readonly OutgoingRecord[],
  identity: BatchIdentity,
  timestampMs: number,
): Buffer {
  let bytesMax = headerBytes
  for (const record of records) bytesMax += recordBytesMax(record)
  const out = Buffer.allocUnsafe(bytesMax)
  let at = headerBytes
  for (let index = 0; index < records.length; index++) at = writeRecord(out, at, records[index]!, index)
  const timestamp = BigInt(timestampMs)
  out.writeBigInt64BE(0n, 0) // the broker gives the offsets
  out.writeInt32BE(at - 12, 8)
  out.writeInt32BE(-1, 12) // and the leader epoch
  out.writeInt8(2, 16)
  out.writeInt16BE(0, 21)
  out.writeInt32BE(records.length - 1, 23)
  out.writeBigInt64BE(timestamp, 27)
  out.writeBigInt64BE(timestamp, 35)
  out.writeBigInt64BE(identity.producerId, 43)
  out.writeInt16BE(identity.producerEpoch, 51)
  out.writeInt32BE(identity.sequence, 53)
  out.writeInt32BE(records.length, 57)
  out.writeUInt32BE(crc32c(out.subarray(crcFrom, at)), 17)
  return out.subarray(0, at)
}

function writeRecord(out: Buffer, from: number, record: OutgoingRecord, offsetDelta: number): number {
  const headers = record.headers ?? []
  // The length comes first but is known last: the body is sized here, so that nothing has to be moved.
  let length =
    2 + varintBytes(offsetDelta) + fieldBytes(record.key) + fieldBytes(record.value) + varintBytes(headers.length)
  const names = headers.map(([name]) => Buffer.from(name))
  for (let i = 0; i < headers.length; i++) length += fieldBytes(names[i]!) + fieldBytes(headers[i]![1])
  let at = writeVarint(out, from, length)
  out[at++] = 0 // attributes: none are defined
  out[at++] = 0 // timestamp delta
  at = writeVarint(out, at, offsetDelta)
  at = writeField(out, at, record.key)
  at = writeField(out, at, record.value)
  at = writeVarint(out, at, headers.length)
  for (let i = 0; i < headers.length; i++) {
    at = writeField(out, at, names[i]!)
    at = writeField(out, at, headers[i]![1])
  }
  return at
}

const fieldBytes = (field: Buffer | null): number => (field === null ? 1 : varintBytes(field.length) + field.length)

function writeField(out: Buffer, at: number, field: Buffer | null): number {
  if (field === null) return writeVarint(out, at, -1)
  const start = writeVarint(out, at, field.length)
  out.set(field, start)
  return start + field.length
}

/** Kafka's signed varint: zigzag, so that -1 (null) takes one byte. */
function writeVarint(out: Buffer, from: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let at = from
  while (rest > 0x7f) {
    out[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  out[at++] = rest
  return at
}

function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let bytes = 1
  while (rest > 0x7f) {
    bytes += 1
    rest >>>= 7
  }
  return bytes
}
