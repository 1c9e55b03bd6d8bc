/**
 * What a broker might answer: record batches of every codec, with the broker's time or the sender's, in transactions
 * that were committed or rolled back. Good records stand first, last and between the fuzzed ones of each batch.
 */

import { originHeader, originText, type Position } from '../../src/event/origin.ts'
import { encodeRecordBatch } from '../../src/kafka/record-batch.ts'
import type { Aborted } from '../../src/kafka/records.ts'
import {
  codecs,
  compress,
  encodeBatch,
  encodeMarker,
  headerBytes,
  type LogRecord,
  seal,
} from '../support/encode-log.ts'
import type { Dice } from './dice.ts'
import type { Pool } from './pool.ts'
import type { Moment } from './texts.ts'
import { drawnValue, type Made } from './value.ts'

export const limits = { maxAgeDays: 400, maxAheadMinutes: 60 } as const
/** When the fuzzed log begins; its append times lie within an hour, but for some of senders. */
export const startMs = Date.parse('2026-11-22T22:30:00Z')
/** Whose records are fuzzed. */
export type Fuzzed = Omit<Position, 'offset'>

/** One partition, in its second lineage. */
export const of = { topicId: '0b0e1c5e-feed-4000-8000-00000000beef', partition: 3, lineage: 2, rulesVersion: 1 }
/** Counts for nothing but the good records around the fuzzed ones. */
export const neighbourItem = 'feedbeef-0000-4000-8000-000000000000'

export interface Placed extends LogRecord {
  readonly offset: number
  readonly appendMs: number
  readonly isNeighbour: boolean
}

export interface Answer {
  readonly from: number
  /** Behind the last offset. */
  readonly to: number
  readonly batches: readonly Buffer[]
  readonly aborted: readonly Aborted[]
  /** Data records; those of transactions that were rolled back and their markers are not among them. */
  readonly records: readonly Placed[]
  /** How many of all records, the rolled back ones included, were fuzzed. */
  readonly fuzzed: number
}

const producerId = 5n
const batchesMax = 8
const recordsMax = 64

/** @param draw makes the values. */
export function drawnAnswer(dice: Dice, pool: Pool, from: number, made: Made, draw = drawnValue): Answer {
  const batches: Buffer[] = []
  const aborted: Aborted[] = []
  const records: Placed[] = []
  let fuzzed = 0
  let offset = from
  for (let left = 1 + dice.below(batchesMax); left > 0; left--) {
    const ending = dice.once(12) ? dice.pick(['commit', 'abort'] as const) : undefined
    const brokerMs = dice.once(3) ? undefined : startMs + dice.below(3_600_000)
    const placed = drawnRecords(dice, pool, offset, brokerMs, made, of, draw)
    fuzzed += placed.filter(record => !record.isNeighbour).length
    batches.push(encoded(dice, placed, brokerMs, ending !== undefined))
    if (ending === 'abort') aborted.push({ producerId, firstOffset: BigInt(offset) })
    else records.push(...placed)
    offset += placed.length
    if (ending !== undefined) batches.push(encodeMarker(offset++, producerId, ending))
  }
  return { from, to: offset, batches, aborted, records, fuzzed }
}

/** One batch of records with the sender's times, as a real broker takes it from a producer. @param of its partition. */
export function drawnBatch(
  dice: Dice,
  pool: Pool,
  from: number,
  of: Fuzzed,
): { readonly bytes: Buffer; readonly records: readonly Placed[] } {
  const records = drawnRecords(dice, pool, from, undefined, new Map(), of)
  const bytes = encoded(dice, records, undefined, false)
  bytes.writeBigInt64BE(0n, 0) // the broker gives the offsets
  return { records, bytes }
}

function drawnRecords(
  dice: Dice,
  pool: Pool,
  from: number,
  brokerMs: number | undefined,
  made: Made,
  of: Fuzzed,
  draw = drawnValue,
): Placed[] {
  const count = 3 + dice.below(recordsMax - 2)
  return Array.from({ length: count }, (_, n) => {
    const isNeighbour = n === 0 || n === count - 1 || n % 16 === 7
    const senderMs = brokerMs === undefined ? drawnSenderMs(dice, isNeighbour) : startMs
    const appendMs = brokerMs ?? senderMs
    return {
      offset: from + n,
      key: dice.once(4) ? null : Buffer.from(dice.once(4) ? dice.pick(pool.strings) : 'key'),
      value: isNeighbour ? neighbour(appendMs) : draw(dice, pool, { appendMs, ...limits } satisfies Moment, made),
      headers: isNeighbour || !dice.once(6) ? [] : drawnHeaders(dice, pool, { ...of, offset: from + n }),
      timestampMs: senderMs,
      appendMs,
      isNeighbour,
    }
  })
}

/** Sometimes unknown; rarely so far ahead that the partition's clock moves by an hour. */
function drawnSenderMs(dice: Dice, isNeighbour: boolean): number {
  if (dice.once(20)) return -1
  const isFar = dice.once(2_000) && !isNeighbour
  return isFar ? dice.pick([0, 4e12, 9e15, Number.MAX_SAFE_INTEGER]) : startMs + dice.below(3_600_000)
}

/** Two, because the log goes over midnight. */
const neighbours = [startMs, startMs + 3_600_000].map(ms => {
  const user_id = '550e8400-e29b-41d4-a716-446655440000'
  const timestamp = `${new Date(ms).toISOString().slice(0, 10)}T00:00:00+00:00`
  return Buffer.from(JSON.stringify({ user_id, item_id: neighbourItem, activity_type: 'view', timestamp }))
})

const neighbour = (appendMs: number) => neighbours[appendMs < neighboursMidnightMs ? 0 : 1]!
const neighboursMidnightMs = Date.parse('2026-11-23T00:00:00Z')

function drawnHeaders(dice: Dice, pool: Pool, at: Position): LogRecord['headers'] {
  return Array.from({ length: 1 + dice.below(3) }, () => {
    if (dice.once(6)) return [originHeader, originValue(dice, at)] as const
    const name = dice.once(3) ? dice.pick(headerNames) : dice.pick(pool.strings)
    return [name, dice.once(4) ? null : dice.pick(pool.noise)] as const
  })
}

const headerNames = ['', 'traceparent', 'a', '\u0000', 'Footfall-Origin', 'footfall-origin ', 'footfall-origi']

/** Which record a repair stands for: mostly one a little before it, where one of three was rejected. */
function originValue(dice: Dice, at: Position): Buffer | null {
  const { offset } = at
  const near = originText({ ...at, offset: Math.max(0, offset - dice.below(60)) })
  if (!dice.once(4)) return Buffer.from(near)
  const [topicId, partition, lineage] = near.split('/') as [string, string, string]
  const values = [
    ...['', 'x', '////', topicId, `${near}/1`, ` ${near}`, `${near}\n`, `${near}\0`, near.toUpperCase(), near.slice(1)],
    originText(at),
    originText({ ...at, offset: offset + 1 + dice.below(9) }),
    originText({ ...at, partition: at.partition + 1, offset: 0 }),
    ...[0, at.lineage - 1, at.lineage + 1].map(other => originText({ ...at, lineage: other, offset: 0 })),
    originText({ ...at, topicId: topicId.replace(/[0-4]/, '9'), offset: 0 }),
    ...['-1', '+1', '01', '1e1', '1.0', '', '9'.repeat(15), '9'.repeat(16), '１'].map(
      number => `${topicId}/${partition}/${lineage}/${number}`,
    ),
  ]
  return dice.once(20) ? null : Buffer.from(dice.pick(values))
}

function encoded(dice: Dice, records: readonly Placed[], brokerMs: number | undefined, transactional: boolean): Buffer {
  const baseOffset = records[0]!.offset
  const codec = dice.once(3) ? dice.pick(codecs) : 'none'
  // The slow encoder of the tests writes the times of senders one by one, which that of the product does not.
  if (brokerMs === undefined) {
    const baseMs = dice.once(20) ? dice.pick([-1, 0, 9e15, Number.MAX_SAFE_INTEGER]) : records[0]!.timestampMs
    return encodeBatch({ baseOffset, records, baseMs, codec, transactional, ...(transactional && { producerId }) })
  }
  const identity = { producerId: transactional ? producerId : -1n, producerEpoch: -1, sequence: -1 }
  let batch = encodeRecordBatch(records, identity, brokerMs)
  if (codec !== 'none') {
    batch = Buffer.concat([batch.subarray(0, headerBytes), compress(codec, batch.subarray(headerBytes))])
  }
  batch.writeBigInt64BE(BigInt(baseOffset), 0)
  const codecBits = { none: 0, gzip: 1, snappy: 2, xerial: 2, lz4: 3, zstd: 4 }[codec]
  batch.writeInt16BE(codecBits | 0x08 | (transactional ? 0x10 : 0), 21)
  return seal(batch)
}
