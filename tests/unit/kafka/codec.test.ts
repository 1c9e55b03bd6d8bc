import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { inflate, TooLarge, UnknownCodec } from '../../../src/kafka/codec.ts'
import { type Codec, codecs, compress } from '../../support/encode-log.ts'

const bits = { none: 0, gzip: 1, snappy: 2, xerial: 2, lz4: 3, zstd: 4 } as const

test('what any client compressed inflates to what it was, as a Buffer of its own', () => {
  const data = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 500, size: 'max' }).map(array => Buffer.from(array)),
    fc.tuple(fc.string({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 20_000 })).map(([text, times]) => {
      return Buffer.from(text.repeat(times))
    }),
  )
  fc.assert(
    fc.property(data, fc.constantFrom(...codecs), (plain, codec) => {
      const inflated = inflate(bits[codec], compress(codec, plain), 1 << 20)
      assert.ok(Buffer.isBuffer(inflated))
      assert.ok(inflated.equals(plain))
    }),
    { numRuns: 300 },
  )
})

test('the bound is what comes out: exactly as much is inflated, a byte more is too large', () => {
  const plain = Buffer.alloc(300_000, 'footfall')
  for (const codec of ['gzip', 'snappy', 'xerial', 'zstd'] as const) {
    const data = compress(codec, plain)
    assert.ok(inflate(bits[codec], data, plain.length).equals(plain), codec)
    assert.throws(() => inflate(bits[codec], data, plain.length - 1), TooLarge, codec)
  }
  // An LZ4 frame does not say how long its last block inflates to: the bound is exact to one block, never below.
  const data = compress('lz4', plain)
  assert.ok(inflate(3, data, plain.length + (4 << 20)).equals(plain))
  assert.throws(() => inflate(3, data, plain.length - 1), TooLarge)
})

test('LZ4 of linked blocks and with checksums, as other clients write it, is inflated too', () => {
  const first = Buffer.concat([Buffer.from([0x90]), Buffer.from('footfall ')])
  const second = Buffer.from([0x04, 9, 0, 0x50, ...Buffer.from('again')]) // eight bytes from nine back, then five new
  // 0x10 = each block has a checksum, 0x08 = the frame says how long its content is. Blocks of 10 and 9 bytes become no
  // more than 255 times that, so a bound of 5,000 is kept only by who finds the blocks.
  for (const flags of [0x40, 0x50, 0x48, 0x58]) {
    const frame = lz4Frame(flags, [first, second], 22)
    assert.equal(inflate(3, frame, 5_000).toString(), 'footfall footfallagain', `flags ${flags}`)
    assert.throws(() => inflate(3, frame, 4_000), TooLarge)
  }
})

test('a batch made to inflate to gigabytes is too large before it takes the memory', () => {
  const zeros = Buffer.alloc(16 << 20)
  const repeated = (part: Buffer, times: number) => Buffer.concat(Array<Buffer>(times).fill(part))
  const lz4 = compress('lz4', zeros)
  const claimsMost = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0])
  const framed = Buffer.concat([compress('xerial', Buffer.alloc(1)).subarray(0, 16), length(claimsMost), claimsMost])
  const bombs: readonly [codec: Codec, data: Buffer][] = [
    ['gzip', repeated(gzipSync(zeros, { level: 1 }), 128)],
    ['zstd', repeated(zstdCompressSync(zeros), 512)],
    ['lz4', Buffer.concat([lz4.subarray(0, 7), repeated(lz4.subarray(7, -4), 64), lz4.subarray(-4)])],
    ['snappy', claimsMost],
    ['xerial', framed],
  ]
  const peakKb = process.resourceUsage().maxRSS
  for (const [codec, data] of bombs) assert.throws(() => inflate(bits[codec], data, 1 << 20), TooLarge, codec)
  assert.ok(process.resourceUsage().maxRSS - peakKb < 64 << 10, 'the peak of memory stays where it was')
})

test('a codec that is not known says so, and corrupt data fails with an error that is neither', () => {
  for (const codec of [5, 6, 7]) assert.throws(() => inflate(codec, Buffer.alloc(10), 100), UnknownCodec)
  for (const codec of [1, 2, 3, 4]) {
    for (const data of [Buffer.alloc(0), Buffer.alloc(3), Buffer.from('this is no frame')]) {
      assert.throws(
        () => inflate(codec, data, 1 << 30),
        error => error instanceof Error && !(error instanceof TooLarge) && !(error instanceof UnknownCodec),
      )
    }
  }
})

test('corrupt batches of any codec leave the next good one whole', () => {
  const plain = Buffer.alloc(5_000, 'abcdefg')
  fc.assert(
    fc.property(fc.constantFrom(...codecs.slice(1)), fc.nat(), fc.nat(255), (codec, place, byte) => {
      const data = compress(codec, plain)
      const broken = Buffer.from(data)
      broken[place % broken.length] = byte
      try {
        inflate(bits[codec], broken, 1 << 20)
      } catch (error) {
        assert.ok(error instanceof Error)
      }
      assert.ok(inflate(bits[codec], data, 1 << 20).equals(plain))
    }),
    { numRuns: 60 },
  )
})

function length(bytes: Buffer): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(bytes.length)
  return out
}

/** @param flags version 1, and what the frame has. */
function lz4Frame(flags: number, blocks: readonly Buffer[], contentBytes: number): Buffer {
  const content = Buffer.alloc(8)
  content.writeBigUInt64LE(BigInt(contentBytes))
  const descriptor = Buffer.concat([Buffer.from([flags, 0x40]), flags & 0x08 ? content : Buffer.alloc(0)])
  const framed = blocks.flatMap(block => [
    littleEndian(block.length),
    block,
    ...(flags & 0x10 ? [littleEndian(xxHash32(block))] : []),
  ])
  const check = Buffer.from([(xxHash32(descriptor) >>> 8) & 0xff])
  return Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18]), descriptor, check, ...framed, Buffer.alloc(4)])
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** For fewer than 16 bytes, seed 0. */
function xxHash32(bytes: Buffer): number {
  const rotated = (value: number, by: number) => (value << by) | (value >>> (32 - by))
  let hash = (374_761_393 + bytes.length) | 0
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotated(hash + Math.imul(bytes.readUInt32LE(at), 3_266_489_917), 17), 668_265_263)
  }
  for (; at < bytes.length; at++) {
    hash = Math.imul(rotated(hash + Math.imul(bytes[at]!, 374_761_393), 11), 2_654_435_761)
  }
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519)
  hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_917)
  return (hash ^ (hash >>> 16)) >>> 0
}
