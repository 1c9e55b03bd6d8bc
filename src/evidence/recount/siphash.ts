/**
 * SipHash-2-4 with a 128-bit answer, written down from the paper (Aumasson and Bernstein, "SipHash: a fast short-input
 * PRF") and held by its published vectors: what the ids of a window are stored as. The recount has its own, so that a
 * fault in the consumer's would show.
 *
 * A 64-bit number is two words of `v`, the lower one first: v0 in v[0..1], v1 in v[2..3], v2 in v[4..5], v3 in v[6..7].
 */
const [v0, v1, v2, v3] = [0, 2, 4, 6] as const

export class SipHash {
  /** The message, as its caller wrote it; what follows its last byte within the same eight is overwritten. */
  readonly words: Uint32Array
  readonly bytes: Buffer
  /** The answer of the last call, lowest word first. */
  readonly out = new Uint32Array(4)
  readonly #key: readonly number[]
  readonly #v = new Int32Array(8)

  /** @param key 16 bytes. @param bytesMax the longest message. */
  constructor(key: Buffer, bytesMax: number) {
    this.#key = [0, 4, 8, 12].map(at => key.readUInt32LE(at))
    this.words = new Uint32Array(2 * (Math.floor(bytesMax / 8) + 1))
    this.bytes = Buffer.from(this.words.buffer)
  }

  /** Hashes the first bytes of the message into `out`. */
  hash(length: number): void {
    const v = this.#v
    const words = this.words
    this.#start(v)
    const last = 2 * Math.floor(length / 8)
    this.bytes.fill(0, length, last * 4 + 8)
    this.bytes[last * 4 + 7] = length & 0xff
    for (let at = 0; at <= last; at += 2) {
      v[6]! ^= words[at]!
      v[7]! ^= words[at + 1]!
      round(v)
      round(v)
      v[0]! ^= words[at]!
      v[1]! ^= words[at + 1]!
    }
    v[4]! ^= 0xee
    finish(v, this.out, 0)
    v[2]! ^= 0xdd
    finish(v, this.out, 2)
  }

  #start(v: Int32Array): void {
    const [k0, k0High, k1, k1High] = this.#key as [number, number, number, number]
    v[0] = k0 ^ 0x70736575 // "somepseudorandomlygeneratedbytes"
    v[1] = k0High ^ 0x736f6d65
    v[2] = k1 ^ 0x6e646f6d ^ 0xee // the variant with 128 bits
    v[3] = k1High ^ 0x646f7261
    v[4] = k0 ^ 0x6e657261
    v[5] = k0High ^ 0x6c796765
    v[6] = k1 ^ 0x79746573
    v[7] = k1High ^ 0x74656462
  }
}

function finish(v: Int32Array, out: Uint32Array, at: number): void {
  for (let i = 0; i < 4; i++) round(v)
  out[at] = v[0]! ^ v[2]! ^ v[4]! ^ v[6]!
  out[at + 1] = v[1]! ^ v[3]! ^ v[5]! ^ v[7]!
}

function round(v: Int32Array): void {
  addTo(v, v0, v1)
  turn(v, v1, 13)
  xorInto(v, v1, v0)
  swap(v, v0)
  addTo(v, v2, v3)
  turn(v, v3, 16)
  xorInto(v, v3, v2)
  addTo(v, v0, v3)
  turn(v, v3, 21)
  xorInto(v, v3, v0)
  addTo(v, v2, v1)
  turn(v, v1, 17)
  xorInto(v, v1, v2)
  swap(v, v2)
}

function addTo(v: Int32Array, a: number, b: number): void {
  const low = (v[a]! >>> 0) + (v[b]! >>> 0)
  v[a + 1] = v[a + 1]! + v[b + 1]! + (low > 0xffff_ffff ? 1 : 0)
  v[a] = low
}

/** To the left, by fewer than 32 bits. */
function turn(v: Int32Array, a: number, bits: number): void {
  const low = v[a]!
  const high = v[a + 1]!
  v[a] = (low << bits) | (high >>> (32 - bits))
  v[a + 1] = (high << bits) | (low >>> (32 - bits))
}

function xorInto(v: Int32Array, a: number, b: number): void {
  v[a]! ^= v[b]!
  v[a + 1]! ^= v[b + 1]!
}

/** A turn by 32 bits. */
function swap(v: Int32Array, a: number): void {
  const low = v[a]!
  v[a] = v[a + 1]!
  v[a + 1] = low
}
