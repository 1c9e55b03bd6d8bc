import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frameBytesMax, inflatedBytesMax, inflateLz4 } from '../../../src/kafka/lz4/lz4.ts'
import { compress } from '../../support/encode-log.ts'

/** Text that repeats itself at distances from 1 on, with stretches of noise, up to several blocks long. */
const plain = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 4_000 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map(parts => Buffer.concat(parts.map(([part, times]) => Buffer.concat(Array<Uint8Array>(times).fill(part)))))

test('what was compressed comes out again, byte for byte, and not a byte more than may', () => {
  fc.assert(
    fc.property(plain, plain => {
      const frame = compress('lz4', plain)
      assert.ok(inflateLz4(frame, inflatedBytesMax)?.equals(plain))
      assert.ok(inflateLz4(frame, plain.length)?.equals(plain))
      assert.equal(inflateLz4(frame, plain.length - 1), undefined)
    }),
    { numRuns: 500 },
  )
})

test('any sequences of literals and matches come out, whatever they overlap and whichever block they refer to', () => {
  const sequence = fc.record({
    literals: fc.uint8Array({ maxLength: 300 }),
    distance: fc.integer({ min: 1, max: 40 }),
    match: fc.integer({ min: 4, max: 600 }),
  })
  const blocks = fc.array(fc.array(sequence, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(blocks, fc.nat(), (blocks, less) => {
      const frame = frameOf(blocks)
      const expected = plainly(frame)
      assert.ok(expected !== undefined)
      assert.ok(inflateLz4(frame, expected.length)?.equals(expected))
      assert.equal(inflateLz4(frame, less % expected.length), undefined)
    }),
    { numRuns: 500 },
  )
})

test('a damaged frame is refused, or inflates to what its bytes say; nothing is read or written beside it', () => {
  let taken = 0
  const change = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }), cut: fc.boolean() })
  fc.assert(
    fc.property(plain, fc.array(change, { minLength: 1, maxLength: 3 }), (plain, changes) => {
      let frame = Buffer.from(compress('lz4', plain))
      for (const { at, to, cut } of changes) {
        const place = headBytes + (at % (frame.length - headBytes + 1))
        if (cut) frame = frame.subarray(0, place)
        else if (place < frame.length) frame[place] = to
      }
      const inflated = inflateLz4(frame, inflatedBytesMax)
      const expected = plainly(frame)
      // Not by deepEqual, which would take a minute to say how two megabytes differ.
      assert.equal(inflated?.equals(expected ?? Buffer.alloc(0)), expected && true)
      if (inflated !== undefined) taken += 1
    }),
    { numRuns: 2_000 },
  )
  assert.ok(taken > 50, `${taken} damaged frames were taken`)
})

test('frames that are no work for it are refused', () => {
  const frame = compress('lz4', Buffer.from('footfall'))
  const withByte = (at: number, value: number) => {
    const other = Buffer.from(frame)
    other[at] = value
    return other
  }
  const refused: Readonly<Record<string, Buffer>> = {
    nothing: Buffer.alloc(0),
    'another magic number': withByte(0, 5),
    'another version': withByte(4, 0x80),
    'a dictionary': withByte(4, frame[4]! | 1),
    'a reserved flag': withByte(4, frame[4]! | 2),
    'a second frame': Buffer.concat([frame, frame]),
    'no end': frame.subarray(0, -4),
    'too large': Buffer.concat([frame, Buffer.alloc(frameBytesMax)]),
  }
  for (const [what, frame] of Object.entries(refused)) assert.equal(inflateLz4(frame, 1_000), undefined, what)
  assert.equal(inflateLz4(compress('lz4', Buffer.alloc(inflatedBytesMax + 1)), inflatedBytesMax * 2), undefined)
  assert.equal(
    inflateLz4(compress('lz4', Buffer.alloc(inflatedBytesMax)), inflatedBytesMax * 2)?.length,
    inflatedBytesMax,
  )
})

interface Sequence {
  readonly literals: Uint8Array
  readonly distance: number
  readonly match: number
}

/** Linked blocks of sequences, each ended by literals; a first match has something to refer to. */
function frameOf(blocks: readonly (readonly Sequence[])[]): Buffer {
  const parts = [Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x60, 0])]
  let length = 0
  for (const block of blocks) {
    const bytes: number[] = []
    for (const { literals, distance, match } of block) {
      const own = literals.length + length === 0 ? Uint8Array.of(7) : literals
      length += own.length
      const back = Math.min(distance, length)
      bytes.push((Math.min(own.length, 15) << 4) | Math.min(match - 4, 15), ...beyond15(own.length), ...own)
      bytes.push(back, 0, ...beyond15(match - 4))
      length += match
    }
    bytes.push(0x50, ...Buffer.from('final'))
    length += 5
    const head = Buffer.alloc(4)
    head.writeUInt32LE(bytes.length)
    parts.push(head, Buffer.from(bytes))
  }
  return Buffer.concat([...parts, Buffer.alloc(4)])
}

function beyond15(length: number): number[] {
  if (length < 15) return []
  const rest = length - 15
  return [...Array<number>(Math.floor(rest / 255)).fill(255), rest % 255]
}

/** Of a frame without the size of its content, as the test's are. */
const headBytes = 7

/** The same, a byte at a time; undefined when anything is not as it must be. */
function plainly(frame: Buffer): Buffer | undefined {
  const out: number[] = []
  const flags = frame[4]!
  let at = headBytes
  try {
    for (;;) {
      const head = frame.readUInt32LE(at)
      at += 4
      if (head === 0) return at + (flags & 4) === frame.length ? Buffer.from(out) : undefined
      const end = at + (head & 0x7fffffff)
      if (end > frame.length) return undefined
      if (head >= 2 ** 31) out.push(...frame.subarray(at, end))
      else addBlock(frame.subarray(at, end), out)
      if (out.length > inflatedBytesMax) return undefined
      at = end + (flags & 0x10 ? 4 : 0)
    }
  } catch (error) {
    assert.ok(error instanceof RangeError)
    return undefined
  }
}

function addBlock(block: Buffer, out: number[]): void {
  let at = 0
  const lengthOf = (nibble: number): number => {
    let length = nibble
    if (nibble === 15) {
      let more: number
      do {
        more = block.readUInt8(at++)
        length += more
      } while (more === 255)
    }
    return length
  }
  for (;;) {
    const token = block.readUInt8(at++)
    const literals = lengthOf(token >> 4)
    if (at + literals > block.length) throw new RangeError('literals')
    for (const byte of block.subarray(at, at + literals)) out.push(byte)
    at += literals
    if (at === block.length) return
    const distance = block.readUInt16LE(at)
    at += 2
    if (distance === 0 || distance > out.length) throw new RangeError('distance')
    const length = lengthOf(token & 15) + 4
    if (out.length + length > inflatedBytesMax) throw new RangeError('length')
    for (let i = 0; i < length; i++) out.push(out[out.length - distance]!)
  }
}
