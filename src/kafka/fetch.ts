/**
 * Fetch as a request of our own: the answer's records stay raw bytes, because the client's reader makes objects of them,
 * checks no checksum and tells the wrong time on log-append-time topics. Version 13 is the first by topic id (Kafka 3.1)
 * and known to every broker since.
 */
import { Writer as Bytes, type Connection, createAPI, fetchV13, Reader } from '@platformatic/kafka'
import { FetchSocket } from './fetch-socket.ts'
import type { Aborted } from './records.ts'

export interface FetchPartition {
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly offset: number
  /** -1 = unknown. */
  readonly lastFetchedEpoch: number
}

export interface FetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly lastStableOffset: number
  readonly logStart: number
  /** Where the log departs from the epoch we asked with, or undefined. */
  readonly divergesAt: number | undefined
  readonly aborted: readonly Aborted[]
  readonly records: Buffer
}

interface FetchAnswer {
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
  /** Their records are of no more use. */
  readonly release?: () => void
}

/** How much, and how long to wait when there is nothing. */
export interface FetchBounds {
  readonly maxWaitMs: number
  readonly bytesMax: number
  readonly partitionBytesMax: number
}

const readCommitted = 1
const noSession = { id: 0, epoch: -1 }

const [apiKey, apiVersion] = [1, 13]
type Request = Parameters<typeof fetchV13.createRequest>

const api = createAPI<Request, FetchAnswer>(apiKey, apiVersion, fetchV13.createRequest, parseAnswer)

/** Fetches partitions of one topic from the broker of this connection, records of committed transactions only. */
export function fetchFrom(
  connection: Connection | FetchSocket,
  topicId: string,
  partitions: readonly FetchPartition[],
  bounds: FetchBounds,
): Promise<FetchAnswer> {
  const topic = {
    topicId,
    partitions: partitions.map(({ offset, ...rest }) => ({
      ...rest,
      fetchOffset: BigInt(offset),
      partitionMaxBytes: bounds.partitionBytesMax,
    })),
  }
  const { maxWaitMs, bytesMax } = bounds
  const { id, epoch } = noSession
  const request: Request = [maxWaitMs, 1, bytesMax, readCommitted, id, epoch, [topic], [], '']
  return connection instanceof FetchSocket ? fetchOver(connection, request) : api.async(connection, ...request)
}

/** What the client does around a request, for a connection of ours. */
async function fetchOver(socket: FetchSocket, request: Request): Promise<FetchAnswer> {
  const correlation = 0 // one request at a time
  const head = Bytes.create().appendInt16(apiKey).appendInt16(apiVersion).appendInt32(correlation)
  const bytes = head
    .appendString(socket.clientId, false)
    .appendTaggedFields()
    .appendFrom(fetchV13.createRequest(...request))
  const { bytes: answer, release } = await socket.ask(bytes.prependLength().buffer)
  const reader = Reader.from(answer)
  reader.skip(8) // length and correlation
  readTags(reader)
  return { ...parseAnswer(correlation, apiKey, apiVersion, reader), release }
}

function parseAnswer(_correlation: number, _key: number, _version: number, reader: Reader): FetchAnswer {
  reader.readInt32() // throttle time: the broker delays the answer itself
  const errorCode = reader.readInt16()
  reader.readInt32() // session
  const topics = reader.readArray(topic => {
    topic.readUUID()
    return topic.readArray(parsePartition, true, false)
  })
  return { errorCode, partitions: topics.flat() }
}

function parsePartition(reader: Reader): FetchedPartition {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt64() // high watermark
  const lastStableOffset = Number(reader.readInt64())
  const logStart = Number(reader.readInt64())
  const aborted = reader.readNullableArray(item => ({ producerId: item.readInt64(), firstOffset: item.readInt64() }))
  reader.readInt32() // preferred read replica
  const records = readRecords(reader)
  const divergesAt = readTags(reader)
  return { partition, errorCode, lastStableOffset, logStart, divergesAt, aborted: aborted ?? [], records }
}

/** Length plus one, as everything compact; 0 = null. */
function readRecords(reader: Reader): Buffer {
  const length = Math.max(0, reader.readUnsignedVarInt() - 1)
  const records = reader.buffer.slice(reader.position, reader.position + length)
  reader.skip(length)
  return records
}

/** Tag 0 is the diverging epoch and where it ends; the others do not concern a consumer. */
function readTags(reader: Reader): number | undefined {
  let divergesAt: number | undefined
  for (let count = reader.readUnsignedVarInt(); count > 0; count--) {
    const tag = reader.readUnsignedVarInt()
    const length = reader.readUnsignedVarInt()
    const end = reader.position + length
    if (tag === 0) {
      reader.readInt32()
      divergesAt = Number(reader.readInt64())
    }
    reader.skip(end - reader.position)
  }
  return divergesAt
}
