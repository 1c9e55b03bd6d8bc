import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Aborted, RecordWalk } from '../../../src/kafka/records.ts'
import {
  codecs,
  compress,
  encodeBatch,
  encodeHeaders,
  encodeMarker,
  headerBytes,
  type LogBatch,
  type LogRecord,
  seal,
  varint,
} from '../../support/encode-log.ts'

const bytesMax = 1 << 20

/** What a walk gives, copied out. */
interface Step {
  readonly offset: number
  readonly skipped: number
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  readonly headers?: Buffer
  readonly appendMs?: number
  readonly brokerTime?: boolean
  readonly epoch: number
}

function stepsOf(walk: RecordWalk): Step[] {
  const steps: Step[] = []
  while (walk.next()) {
    const { offset, skipped, bytes, appendMs, brokerTime } = walk
    const { epoch } = walk.tail
    if (skipped > 0) {
      steps.push({ offset, skipped, epoch })
      continue
    }
    assert.ok(Buffer.isBuffer(bytes), 'what is judged is a Buffer, whatever the codec')
    const part = (start: number, end: number) => {
      if (start === -1) return null
      assert.ok(start >= 0 && start <= end && end <= bytes.length, 'key and value lie inside the batch')
      return Buffer.from(bytes.subarray(start, end))
    }
    const key = part(walk.keyStart, walk.keyEnd)
    const value = part(walk.valueStart, walk.valueEnd)
    steps.push({ offset, skipped, key, value, headers: Buffer.from(walk.headers()), appendMs, brokerTime, epoch })
  }
  return steps
}

const bytes: fc.Arbitrary<Buffer> = fc.uint8Array({ maxLength: 200, size: 'max' }).map(array => Buffer.from(array))
const nullable: fc.Arbitrary<Buffer | null> = fc.option(bytes)
const anyRecord: fc.Arbitrary<LogRecord> = fc.record({
  key: nullable,
  value: nullable,
  headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), nullable), { maxLength: 2 }),
  timestampMs: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 42 })),
})
const anyBatch = fc.record({
  records: fc.array(anyRecord, { minLength: 1, maxLength: 6 }),
  codec: fc.constantFrom(...codecs),
  logAppendMs: fc.option(fc.integer({ min: 0, max: 2 ** 42 }), { nil: undefined }),
  epoch: fc.nat(1000),
  producerId: fc.option(fc.bigInt({ min: 0n, max: 2n ** 62n }), { nil: undefined }),
})

/** Batches one after the other from `start` on. */
function placed(batches: readonly fcValue<typeof anyBatch>[], start: number): LogBatch[] {
  let baseOffset = start
  return batches.map(({ logAppendMs, producerId, ...batch }) => {
    const at = baseOffset
    baseOffset += batch.records.length
    return {
      ...batch,
      baseOffset: at,
      ...(logAppendMs !== undefined && { logAppendMs }),
      ...(producerId !== undefined && { producerId }),
    }
  })
}
type fcValue<T> = T extends fc.Arbitrary<infer V> ? V : never

const plainRecord = (text: string): LogRecord => ({ key: null, value: Buffer.from(text), headers: [], timestampMs: 7 })
const plainBatch = (baseOffset: number, ...texts: string[]): LogBatch => ({
  baseOffset,
  records: texts.map(plainRecord),
})
const textsOf = (steps: readonly Step[]) => steps.map(step => `${step.value}`)

test('every record comes out as it went in, from any offset, over several batches and codecs, up to a cut batch', () => {
  fc.assert(
    fc.property(
      fc.array(anyBatch, { minLength: 2, maxLength: 5 }),
      fc.nat(2 ** 40),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (drawn, start, fromShare, cutShare) => {
        const batches = placed(drawn, start)
        const whole = batches.slice(0, -1)
        const cut = batches.at(-1)!
        const from = start + Math.floor(fromShare * (cut.baseOffset - start))
        const cutBytes = encodeBatch(cut)
        const answer = Buffer.concat([
          ...whole.map(encodeBatch),
          cutBytes.subarray(0, Math.floor(cutShare * cutBytes.length)),
        ])
        const walk = new RecordWalk(answer, from, [], bytesMax)
        const expected = whole.flatMap(batch =>
          batch.records.map((record, delta) => ({
            offset: batch.baseOffset + delta,
            skipped: 0,
            key: record.key,
            value: record.value,
            headers: encodeHeaders(record.headers),
            appendMs: batch.logAppendMs ?? record.timestampMs,
            brokerTime: batch.logAppendMs !== undefined,
            epoch: batch.epoch,
          })),
        )
        assert.deepEqual(
          stepsOf(walk),
          expected.filter(step => step.offset >= from),
        )
        assert.equal(walk.trouble, undefined)
        assert.equal(walk.next(), false, 'the end stays the end')
      },
    ),
    { numRuns: 100 },
  )
})

test('the tail of a step is the epoch and checksum of its own batch', () => {
  const [first, second] = [
    encodeBatch({ ...plainBatch(0, 'a', 'b'), epoch: 3 }),
    encodeBatch({ ...plainBatch(2, 'c'), epoch: 4 }),
  ]
  const walk = new RecordWalk(Buffer.concat([first, second]), 0, [], bytesMax)
  const tails = []
  while (walk.next()) tails.push(walk.tail)
  const [one, two] = [first, second].map(batch => ({ epoch: batch.readInt32BE(12), crc: batch.readUInt32BE(17) }))
  assert.deepEqual(tails, [one, one, two])
})

test('a large batch of every codec comes out whole, while another is being read', () => {
  const records = Array.from({ length: 500 }, (_, i) => plainRecord(`${i}`.repeat(300)))
  for (const codec of codecs) {
    const walk = new RecordWalk(encodeBatch({ baseOffset: 0, records, codec }), 0, [], 8 << 20)
    assert.ok(walk.next())
    const other = new RecordWalk(encodeBatch({ baseOffset: 0, records: records.toReversed(), codec }), 0, [], 8 << 20)
    assert.equal(stepsOf(other).length, 500)
    const rest = stepsOf(walk)
    assert.deepEqual(
      rest.map(step => `${step.value}`),
      records.slice(1).map(record => `${record.value}`),
      codec,
    )
  }
})

test('one flipped bit anywhere that the checksum covers: bad_crc, and nothing of that batch is delivered', () => {
  fc.assert(
    fc.property(anyBatch, fc.nat(), fc.nat(7), (drawn, place, bit) => {
      const [good, bad] = placed([drawn, drawn], 100) as [LogBatch, LogBatch]
      const flipped = encodeBatch(bad)
      const at = 17 + (place % (flipped.length - 17))
      flipped[at] = flipped[at]! ^ (1 << bit)
      const walk = new RecordWalk(Buffer.concat([encodeBatch(good), flipped]), 100, [], bytesMax)
      assert.equal(stepsOf(walk).length, good.records.length)
      assert.equal(walk.trouble?.reason, 'bad_crc')
      assert.equal(walk.trouble.from, bad.baseOffset)
      assert.ok(walk.trouble.to >= walk.trouble.from)
    }),
    { numRuns: 150 },
  )
})

test('a gap between two batches ends the walk with the range that is missing', () => {
  const answer = Buffer.concat([encodeBatch(plainBatch(5, 'a', 'b')), encodeBatch(plainBatch(9, 'c'))])
  const walk = new RecordWalk(answer, 5, [], bytesMax)
  assert.deepEqual(textsOf(stepsOf(walk)), ['a', 'b'])
  const { reason, from, to } = walk.trouble!
  assert.deepEqual({ reason, from, to }, { reason: 'gap', from: 7, to: 8 })
})

test('a log that begins after the offset that was asked for has a gap', () => {
  const walk = new RecordWalk(encodeBatch(plainBatch(9, 'c')), 7, [], bytesMax)
  assert.equal(walk.next(), false)
  assert.equal(walk.trouble?.reason, 'gap')
})

test('a gap inside a batch, as compaction leaves it, ends the walk before the batch', () => {
  const compacted = encodeBatch({ ...plainBatch(6, 'b', 'c'), lastOffsetDelta: 4 })
  const walk = new RecordWalk(Buffer.concat([encodeBatch(plainBatch(5, 'a')), compacted]), 5, [], bytesMax)
  assert.deepEqual(textsOf(stepsOf(walk)), ['a'])
  const { reason, from, to } = walk.trouble!
  assert.deepEqual({ reason, from, to }, { reason: 'gap', from: 6, to: 10 })
})

test('an empty batch, as compaction keeps it of a producer, is a gap', () => {
  const empty = encodeBatch({ ...plainBatch(5), lastOffsetDelta: 2, count: 0, logAppendMs: 1 })
  const walk = new RecordWalk(empty, 5, [], bytesMax)
  assert.equal(walk.next(), false)
  assert.equal(walk.trouble?.reason, 'gap')
})

test('offsets inside a batch that do not count up one by one are malformed, none is passed over or given twice', () => {
  for (const deltas of [
    [0, 0, 0],
    [0, 2, 1],
    [1, 2, 3],
    [-1, 0, 1],
    [0, 1, 1],
  ]) {
    const record = (delta: number) => {
      const body = Buffer.concat([Buffer.alloc(1), varint(0), varint(delta), varint(-1), varint(-1), varint(0)])
      return Buffer.concat([varint(body.length), body])
    }
    const batch = encodeBatch({ ...plainBatch(5, 'a', 'b', 'c'), body: Buffer.concat(deltas.map(record)) })
    const walk = new RecordWalk(batch, 5, [], bytesMax)
    const offsets = stepsOf(walk).map(step => step.offset)
    assert.deepEqual(
      offsets,
      offsets.map((_, i) => 5 + i),
    )
    const { reason, from, to } = walk.trouble!
    assert.deepEqual({ reason, from, to }, { reason: 'malformed', from: 5 + offsets.length, to: 7 }, `${deltas}`)
  }
})

test('a record whose fields reach beyond it is malformed, even where the next record goes on', () => {
  // Attributes, time and offset only: key and value would be read from what is behind, here as -1 and -1, a tombstone.
  const short = Buffer.concat([varint(3), Buffer.alloc(1), varint(0), varint(0)])
  for (const behind of [
    [12, 0, 0, 2, 1, 1, 0],
    [1, 1, 1, 1],
  ]) {
    const body = Buffer.concat([short, Buffer.from(behind)])
    const walk = new RecordWalk(encodeBatch({ ...plainBatch(0, 'a', 'b'), body }), 0, [], bytesMax)
    assert.equal(walk.next(), false)
    assert.equal(walk.trouble?.reason, 'malformed')
    assert.equal(walk.offset, -1, 'the walk stays where it was')
  }
})

test('an older record format is named, however short its records are', () => {
  for (const magic of [0, 1]) {
    const message = Buffer.alloc(12 + 22 + 5)
    message.writeInt32BE(message.length - 12, 8)
    message[16] = magic
    const walk = new RecordWalk(message, 0, [], bytesMax)
    assert.equal(walk.next(), false)
    assert.equal(walk.trouble?.reason, 'unknown_format')
  }
})

test('the codec bits 5 to 7 are unknown codecs', () => {
  for (const attributes of [5, 6, 7]) {
    const answer = Buffer.concat([
      encodeBatch(plainBatch(0, 'a')),
      encodeBatch({ ...plainBatch(1, 'b', 'c'), attributes }),
    ])
    const walk = new RecordWalk(answer, 0, [], bytesMax)
    assert.equal(stepsOf(walk).length, 1)
    const { reason, from, to } = walk.trouble!
    assert.deepEqual({ reason, from, to }, { reason: 'unknown_codec', from: 1, to: 2 })
  }
})

test('compressed data that is corrupt although its checksum is right is malformed', () => {
  for (const codec of ['gzip', 'snappy', 'xerial', 'lz4', 'zstd'] as const) {
    const body = compress(codec, Buffer.alloc(1000, 'abc'))
    for (const broken of [body.subarray(0, -3), Buffer.alloc(0), Buffer.from('nonsense, and no frame of any codec')]) {
      const walk = new RecordWalk(encodeBatch({ ...plainBatch(0, 'a'), codec, body: broken }), 0, [], bytesMax)
      assert.equal(walk.next(), false)
      assert.ok(['malformed', 'too_large'].includes(walk.trouble!.reason), `${codec}: ${walk.trouble!.reason}`)
    }
  }
})

test('a batch length that cannot be is malformed: no endless loop, no byte of the neighbour', () => {
  const good = encodeBatch(plainBatch(0, 'a'))
  for (const length of [-(2 ** 31), -13, -12, -1, 0, 9, 48]) {
    for (const from of [0, 1]) {
      const bad = encodeBatch(plainBatch(from === 0 ? 0 : 1, 'b'))
      bad.writeInt32BE(length, 8)
      const walk = new RecordWalk(Buffer.concat([...(from === 0 ? [] : [good]), bad, good]), 0, [], bytesMax)
      assert.equal(stepsOf(walk).length, from)
      assert.equal(walk.trouble?.reason, 'malformed', `${length}`)
    }
  }
})

test('a batch of the past whose length leads back does not make the walk go in circles', () => {
  for (const length of [-12, -13, -80]) {
    const past = encodeBatch(plainBatch(0, 'a'))
    past.writeInt32BE(length, 8)
    const walk = new RecordWalk(Buffer.concat([encodeBatch(plainBatch(0, 'a')), past]), 5, [], bytesMax)
    assert.equal(walk.next(), false)
    assert.equal(walk.trouble?.reason, 'malformed')
  }
})

test('a batch that lies before the one in front of it is malformed, and nothing of it is read or passed over', () => {
  const misplaced = [plainBatch(30, 'a', 'b'), plainBatch(94, 'c'), plainBatch(32, 'd')].map(encodeBatch)
  const walk = new RecordWalk(Buffer.concat(misplaced.toSpliced(1, 1)), 30, [], bytesMax)
  assert.deepEqual(textsOf(stepsOf(walk)), ['a', 'b', 'd'])
  const back = new RecordWalk(Buffer.concat(misplaced.toSpliced(0, 1)), 94, [], bytesMax)
  assert.deepEqual(textsOf(stepsOf(back)), ['c'])
  assert.deepEqual([back.trouble?.reason, back.trouble?.from], ['malformed', 95])
})

test('a last offset before the first is malformed, not a batch of the past', () => {
  const batch = encodeBatch({ ...plainBatch(5, 'a'), lastOffsetDelta: -3, count: -2 })
  const walk = new RecordWalk(batch, 5, [], bytesMax)
  assert.equal(walk.next(), false)
  assert.equal(walk.trouble?.reason, 'malformed')
})

test('an answer without one whole batch is malformed: reading on would ask for the same for ever', () => {
  const batch = encodeBatch(plainBatch(5, 'a'))
  for (const bytes of [1, 16, 17, 60, batch.length - 1]) {
    const walk = new RecordWalk(batch.subarray(0, bytes), 5, [], bytesMax)
    assert.equal(walk.next(), false)
    assert.equal(walk.trouble?.reason, 'malformed', `${bytes} bytes`)
  }
  const nothing = new RecordWalk(Buffer.alloc(0), 5, [], bytesMax)
  assert.equal(nothing.next(), false)
  assert.equal(nothing.trouble, undefined, 'no bytes are no news')
})

test('a control batch without a readable marker is malformed', () => {
  for (const body of [
    Buffer.alloc(0),
    Buffer.alloc(3),
    Buffer.alloc(30, 0xff),
    Buffer.from([14, 0, 0, 0, 8, 0, 0, 0]),
  ]) {
    const batch = encodeBatch({ ...plainBatch(0, 'x'), control: true, transactional: true, producerId: 1n, body })
    // What lies behind must not be read as if it were the marker.
    const walk = new RecordWalk(Buffer.concat([batch, encodeBatch(plainBatch(1, 'y'))]), 0, [], bytesMax)
    assert.equal(walk.next(), false)
    assert.equal(walk.trouble?.reason, 'malformed')
  }
})

test('any bytes under a right checksum: no throw, no hang, offsets that count up', () => {
  const edit = fc.record({ at: fc.nat(), byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)) })
  fc.assert(
    fc.property(
      anyBatch,
      fc.array(edit, { minLength: 1, maxLength: 6 }),
      fc.option(bytes),
      fc.boolean(),
      fc.boolean(),
      (drawn, edits, replaced, headerToo, resealed) => {
        const [first, edited, last] = placed([drawn, { ...drawn, codec: 'none' }, drawn], 10) as LogBatch[]
        const batch = encodeBatch({ ...edited!, ...(replaced !== null && { body: replaced }) })
        const from = resealed ? (headerToo ? 21 : headerBytes) : 0
        if (from < batch.length) for (const { at, byte } of edits) batch[from + (at % (batch.length - from))] = byte
        if (resealed) seal(batch)
        const answer = Buffer.concat([encodeBatch(first!), batch, encodeBatch(last!)])
        const walk = new RecordWalk(answer, 10, [], bytesMax)
        let next = 10
        for (const { offset, skipped } of stepsOf(walk)) {
          assert.equal(offset, skipped > 0 ? next + skipped - 1 : next)
          next = offset + 1
        }
        if (walk.trouble === undefined) return
        assert.equal(walk.trouble.from, next)
        assert.ok(walk.trouble.to >= walk.trouble.from)
      },
    ),
    { numRuns: 400 },
  )
})

test("a sender's time is exact, however far from it the first time of its batch is", () => {
  const now = 1_790_000_000_123n
  for (const base of [0n, now, 2n ** 53n, now * 1_000_000n, 2n ** 63n - 1n, -1n, -(2n ** 63n)]) {
    for (const sent of [now, now + 1n, 0n, -1n, -7n, 2n ** 53n - 1n, now * 1_000_000n, 2n ** 63n - 1n]) {
      // Java's long: what is too long for it wraps around.
      const delta = BigInt.asIntN(64, sent - base)
      const body = Buffer.concat([Buffer.alloc(1), varint(delta), varint(0), varint(-1), varint(-1), varint(0)])
      const batch = encodeBatch({ ...plainBatch(0, 'a'), body: Buffer.concat([varint(body.length), body]) })
      batch.writeBigInt64BE(base, 27)
      const [step] = stepsOf(new RecordWalk(seal(batch), 0, [], bytesMax))
      const expected = sent < 0n ? -1 : sent > 2n ** 53n ? Number.MAX_SAFE_INTEGER : Number(sent)
      assert.equal(step!.appendMs, expected, `${base} and ${sent}`)
    }
  }
})

test("a sender's time of any 64 bits fits the tables: unknown below 0, exact to 2^53, no later than that", () => {
  for (const [sent, expected] of [
    [-(2n ** 63n), -1],
    [-2n, -1],
    [0n, 0],
    [2n ** 53n - 1n, Number.MAX_SAFE_INTEGER],
    [2n ** 63n - 1n, Number.MAX_SAFE_INTEGER],
  ] as const) {
    const batch = encodeBatch(plainBatch(0, 'a'))
    batch.writeBigInt64BE(sent, 27)
    const [step] = stepsOf(new RecordWalk(seal(batch), 0, [], bytesMax))
    assert.equal(step!.appendMs, expected)
  }
})

test('a data batch of a producer without a transaction is delivered although a transaction of it was aborted', () => {
  const answer = Buffer.concat([
    encodeBatch({ ...plainBatch(0, 'aborted'), producerId: 1n, transactional: true }),
    encodeBatch({ ...plainBatch(1, 'plain'), producerId: 1n }),
    encodeMarker(2, 1n, 'abort'),
    encodeBatch({ ...plainBatch(3, 'committed'), producerId: 1n, transactional: true }),
    encodeMarker(4, 1n, 'commit'),
  ])
  const steps = stepsOf(new RecordWalk(answer, 0, [{ producerId: 1n, firstOffset: 0n }], bytesMax))
  assert.deepEqual(
    steps.map(({ skipped, value }) => (skipped > 0 ? skipped : `${value}`)),
    [1, 'plain', 1, 'committed', 1],
  )
})

test('two aborted transactions of one producer in one answer are both left out', () => {
  const data = (offset: number) =>
    encodeBatch({ ...plainBatch(offset, 'x', 'y'), producerId: 1n, transactional: true, codec: 'gzip' })
  const answer = Buffer.concat([
    data(0),
    encodeMarker(2, 1n, 'abort'),
    data(3),
    encodeMarker(5, 1n, 'abort'),
    encodeBatch(plainBatch(6, 'z')),
  ])
  const aborted = [
    { producerId: 1n, firstOffset: 3n },
    { producerId: 1n, firstOffset: 0n },
  ]
  const steps = stepsOf(new RecordWalk(answer, 0, aborted, bytesMax))
  assert.deepEqual(
    steps.map(step => step.skipped),
    [2, 1, 2, 1, 0],
  )
})

test('transactions of any producers, interleaved, over any answers: exactly what was committed is delivered', () => {
  const act = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('data' as const), who: fc.nat(3), count: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('plain' as const), who: fc.nat(3), count: fc.nat(2) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('abort', 'commit'), who: fc.nat(3), count: fc.nat(0) }) },
  )
  fc.assert(
    fc.property(
      fc.array(act, { minLength: 1, maxLength: 40, size: 'max' }),
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1 }),
      fc.nat(),
      (acts, sizes, fromSeed) => {
        const log = transactionLog([...acts, ...[0, 1, 2, 3].map(who => ({ kind: 'commit' as const, who, count: 0 }))])
        const end = log.batches.at(-1)!.last + 1
        const from = fromSeed % end
        const delivered: number[] = []
        let skipped = 0
        let next = from
        for (let turn = 0; next < end; turn++) {
          // A broker's answer: some whole batches from the one that holds the offset, and what was aborted around them.
          const index = log.batches.findIndex(batch => batch.last >= next)
          const batches = log.batches.slice(index, index + sizes[turn % sizes.length]!)
          const aborted = log.aborted.filter(
            one => one.marker >= next && Number(one.firstOffset) <= batches.at(-1)!.last,
          )
          const walk = new RecordWalk(
            Buffer.concat(batches.map(batch => batch.bytes)),
            next,
            aborted.toReversed(),
            bytesMax,
          )
          for (const step of stepsOf(walk)) {
            if (step.skipped > 0) skipped += step.skipped
            else delivered.push(step.offset)
            next = step.offset + 1
          }
          assert.equal(walk.trouble, undefined)
          assert.equal(next, batches.at(-1)!.last + 1)
        }
        const expected = log.records.filter(record => record.offset >= from && isCommitted(log.records, record))
        assert.deepEqual(
          delivered,
          expected.map(record => record.offset),
        )
        assert.equal(skipped, end - from - delivered.length)
      },
    ),
    { numRuns: 300 },
  )
})

interface Flat {
  readonly offset: number
  readonly who: number
  readonly kind: 'data' | 'plain' | 'abort' | 'commit'
}

/** The slow filter: a transactional record counts if the next marker of its producer says so. */
function isCommitted(records: readonly Flat[], record: Flat): boolean {
  if (record.kind === 'plain') return true
  if (record.kind !== 'data') return false
  const isMarker = ({ kind }: Flat) => kind === 'abort' || kind === 'commit'
  return records.find(one => one.offset > record.offset && one.who === record.who && isMarker(one))?.kind === 'commit'
}

/** A log as a broker would write it, with its list of aborted transactions. */
function transactionLog(acts: readonly { kind: string; who: number; count: number }[]) {
  const batches: { readonly last: number; readonly bytes: Buffer }[] = []
  const records: Flat[] = []
  const aborted: (Aborted & { readonly marker: number })[] = []
  const open = new Map<number, number>()
  let offset = 0
  for (const { kind, who, count } of acts) {
    const producerId = BigInt(who)
    const base = offset
    if (kind === 'abort' || kind === 'commit') {
      records.push({ offset: offset++, who, kind })
      batches.push({ last: base, bytes: encodeMarker(base, producerId, kind) })
      const first = open.get(who)
      if (kind === 'abort' && first !== undefined) {
        aborted.push({ producerId, firstOffset: BigInt(first), marker: base })
      }
      open.delete(who)
      continue
    }
    const transactional = kind === 'data'
    if (transactional && !open.has(who)) open.set(who, base)
    for (let i = 0; i <= count; i++) records.push({ offset: offset++, who, kind: transactional ? 'data' : 'plain' })
    const texts = Array.from({ length: count + 1 }, () => 'x')
    batches.push({ last: offset - 1, bytes: encodeBatch({ ...plainBatch(base, ...texts), producerId, transactional }) })
  }
  return { batches, records, aborted }
}
