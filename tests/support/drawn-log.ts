/** Logs drawn at random, with all that can be in one: what the fold and the recount are tried on. */
import fc from 'fast-check'
import { originHeader, originText } from '../../src/event/origin.ts'
import type { Tail } from '../../src/kafka/records.ts'
import { RecordWalk } from '../../src/kafka/records.ts'
import { encodeBatch, encodeMarker, type LogRecord } from './encode-log.ts'

const hourMs = 3_600_000
/** When a drawn log begins. */
export const startMs = Date.parse('2026-11-22T22:00:00Z')
/** Whose log it is. */
export const drawnOf = { topicId: '0b0e2c1a-7f0f-4d3b-9a53-2f2a6f1d2c11', partition: 3, lineage: 1 }

/** Record batches as they lie in the log. */
export interface Stored {
  readonly first: number
  readonly last: number
  readonly bytes: Buffer
  readonly tail: Tail
  /** The data records; none in a control batch or an aborted transaction. */
  readonly records: readonly (LogRecord & { readonly offset: number; readonly appendMs: number })[]
  readonly brokerTime: boolean
  /** Set where a transaction was rolled back: the offset of its marker. */
  readonly abortedAt?: number
}

export const users = [
  '550e8400-e29b-41d4-a716-446655440000',
  '550E8400-E29B-41D4-A716-446655440000',
  'aaaaaaaa-e29b-41d4-a716-446655440000',
]
export const eventBytes = (ageMs: number, user: number, kind: number, id: number | undefined) =>
  Buffer.from(
    JSON.stringify({
      user_id: users[user],
      item_id: users[2 - user],
      activity_type: ['view', 'click', 'purchase'][kind],
      timestamp: new Date(startMs - ageMs).toISOString(),
      ...(id !== undefined && { event_id: `id-${id}` }),
    }),
  )
const value = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.nat(30 * hourMs), fc.nat(2), fc.nat(2), fc.option(fc.nat(14), { freq: 4, nil: undefined }))
      .map(parts => eventBytes(...parts)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      Buffer.alloc(0),
      Buffer.from('{}'),
      Buffer.from([0xff]),
      eventBytes(100 * hourMs, 0, 0, 1),
    ),
  },
  { weight: 1, arbitrary: fc.constant(null) },
)
const stepMs = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -60_000, max: 300_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, hourMs, 2 * hourMs, 2 * hourMs + 1, 5 * hourMs, -9 * hourMs) },
)
/** Of a repair: how far before it its origin lies. What cannot be one is drawn as well. */
const back = fc.option(
  fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -1, max: 12 }) },
    { weight: 1, arbitrary: fc.constant('rubbish') },
  ),
  { freq: 2, nil: undefined },
)
export const drawnBatch = fc.record({
  records: fc.array(fc.record({ value, stepMs, unknown: fc.constantFrom(false, false, false, true), back }), {
    minLength: 1,
    maxLength: 8,
  }),
  brokerTime: fc.boolean(),
  codec: fc.constantFrom('none' as const, 'zstd' as const),
  kind: fc.constantFrom('plain' as const, 'plain' as const, 'plain' as const, 'committed' as const, 'aborted' as const),
})

/** Lays batches out from `start` on; after each transaction stands its marker. @param withRepairs else none is one. */
export function logOf(drawn: readonly ValueOf<typeof drawnBatch>[], start: number, withRepairs = false): Stored[] {
  const log: Stored[] = []
  let ms = startMs
  let offset = start
  for (const [i, { records: values, brokerTime, codec, kind }] of drawn.entries()) {
    const first = offset
    const records = values.map(({ value, stepMs, unknown, back }) => {
      ms += stepMs
      const key = offset % 3 === 0 ? null : Buffer.from(`key ${offset}`)
      const headers: [string, Buffer][] = offset % 2 === 0 ? [] : [['h', Buffer.from(String(offset))]]
      if (withRepairs && back !== undefined) headers.push([originHeader, Buffer.from(originOf(offset, back))])
      return { offset: offset++, key, value, headers, timestampMs: unknown ? -1 : ms }
    })
    const bytes = encodeBatch({
      baseOffset: first,
      records,
      codec,
      epoch: i,
      producerId: 5n,
      transactional: kind !== 'plain',
      ...(brokerTime && { logAppendMs: ms }),
    })
    const dated = records.map(record => ({ ...record, appendMs: brokerTime ? ms : record.timestampMs }))
    log.push({
      ...stored(first, offset - 1, bytes),
      records: kind === 'aborted' ? [] : dated,
      brokerTime,
      ...(kind === 'aborted' && { abortedAt: offset }),
    })
    if (kind === 'plain') continue
    const marker = encodeMarker(offset, 5n, kind === 'aborted' ? 'abort' : 'commit')
    log.push({ ...stored(offset, offset, marker), records: [], brokerTime })
    offset += 1
  }
  return log
}
type ValueOf<T> = T extends fc.Arbitrary<infer V> ? V : never

const originOf = (offset: number, back: number | string): string =>
  typeof back === 'string' ? back : originText({ ...drawnOf, offset: Math.max(0, offset - back) })

const stored = (first: number, last: number, bytes: Buffer) => ({
  first,
  last,
  bytes,
  tail: { epoch: bytes.readInt32BE(12), crc: bytes.readUInt32BE(17) },
})

/** What a broker answers: whole batches from the one that holds the offset on. */
export function walkFrom(log: readonly Stored[], from: number, batchesMax: number): RecordWalk {
  const index = log.findIndex(batch => batch.last >= from)
  const batches = log.slice(index, index + batchesMax)
  const aborted = log.flatMap(({ first, abortedAt }) =>
    abortedAt !== undefined && abortedAt >= from && first <= batches.at(-1)!.last
      ? [{ producerId: 5n, firstOffset: BigInt(first) }]
      : [],
  )
  return new RecordWalk(Buffer.concat(batches.map(batch => batch.bytes)), from, aborted, 1 << 24)
}
