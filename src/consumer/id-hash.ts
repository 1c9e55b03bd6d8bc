/**
 * An event id as 128 bits: SipHash-2-4 with a 128-bit answer (Aumasson, Bernstein), keyed with a secret that never
 * leaves the database, so that nobody can make two ids meet. Chance meetings: below 1e-26 for the 2 million ids of a
 * window. BigInt would take ten times as long, hence the halves: `a1` is the high, `a0` the low word of a.
 */
export class IdHash {
  /** The answer of the last call, four 32-bit words, lowest first. */
  readonly words = new Uint32Array(4)
  readonly #key: readonly [number, number, number, number]

  /** @param key 16 bytes. */
  constructor(key: Buffer) {
    this.#key = [key.readUInt32LE(0), key.readUInt32LE(4), key.readUInt32LE(8), key.readUInt32LE(12)]
  }

  /** Hashes user and id. The user id has a fixed length, so no two pairs give the same text; both are ASCII. */
  hash(userId: string, eventId: string): void {
    this.hashText(userId + eventId)
  }

  /** Hashes the low bytes of a text's characters. One loop with one round in it, so that all state stays in registers. */
  hashText(text: string): void {
    const [k0, k1, k2, k3] = this.#key
    let a0 = k0 ^ 0x70736575
    let a1 = k1 ^ 0x736f6d65
    let b0 = k2 ^ 0x6e646f6d ^ 0xee // 0xee asks for the 128-bit variant
    let b1 = k3 ^ 0x646f7261
    let c0 = k0 ^ 0x6e657261
    let c1 = k1 ^ 0x6c796765
    let d0 = k2 ^ 0x79746573
    let d1 = k3 ^ 0x74656462
    const length = text.length
    const lastBlock = length >>> 3
    for (let block = 0; block <= lastBlock + 2; block++) {
      let m0 = 0
      let m1 = 0
      if (block < lastBlock) {
        m0 = word(text, block * 8, 4)
        m1 = word(text, block * 8 + 4, 4)
      } else if (block === lastBlock) {
        const rest = length & 7
        m0 = word(text, block * 8, Math.min(rest, 4))
        m1 = (rest > 4 ? word(text, block * 8 + 4, rest - 4) : 0) | ((length & 0xff) << 24)
      } else if (block === lastBlock + 1) {
        c0 ^= 0xee
      } else {
        this.words[0] = a0 ^ b0 ^ c0 ^ d0
        this.words[1] = a1 ^ b1 ^ c1 ^ d1
        b0 ^= 0xdd
      }
      d0 ^= m0
      d1 ^= m1
      for (let rounds = block <= lastBlock ? 2 : 4; rounds > 0; rounds--) {
        // a += b; b <<<= 13; b ^= a; a <<<= 32
        let low = (a0 >>> 0) + (b0 >>> 0)
        let high = (a1 + b1 + (low > 0xffffffff ? 1 : 0)) | 0
        a1 = low | 0
        a0 = high
        low = (b0 << 13) | (b1 >>> 19)
        high = (b1 << 13) | (b0 >>> 19)
        b0 = low ^ a1
        b1 = high ^ a0
        // c += d; d <<<= 16; d ^= c
        low = (c0 >>> 0) + (d0 >>> 0)
        c1 = (c1 + d1 + (low > 0xffffffff ? 1 : 0)) | 0
        c0 = low | 0
        low = (d0 << 16) | (d1 >>> 16)
        high = (d1 << 16) | (d0 >>> 16)
        d0 = low ^ c0
        d1 = high ^ c1
        // a += d; d <<<= 21; d ^= a
        low = (a0 >>> 0) + (d0 >>> 0)
        a1 = (a1 + d1 + (low > 0xffffffff ? 1 : 0)) | 0
        a0 = low | 0
        low = (d0 << 21) | (d1 >>> 11)
        high = (d1 << 21) | (d0 >>> 11)
        d0 = low ^ a0
        d1 = high ^ a1
        // c += b; b <<<= 17; b ^= c; c <<<= 32
        low = (c0 >>> 0) + (b0 >>> 0)
        high = (c1 + b1 + (low > 0xffffffff ? 1 : 0)) | 0
        c1 = low | 0
        c0 = high
        low = (b0 << 17) | (b1 >>> 15)
        high = (b1 << 17) | (b0 >>> 15)
        b0 = low ^ c1
        b1 = high ^ c0
      }
      a0 ^= m0
      a1 ^= m1
    }
    this.words[2] = a0 ^ b0 ^ c0 ^ d0
    this.words[3] = a1 ^ b1 ^ c1 ^ d1
  }
}

/** Up to four characters, lowest first. */
function word(text: string, at: number, count: number): number {
  let value = 0
  for (let i = 0; i < count; i++) value |= (text.charCodeAt(at + i) & 0xff) << (8 * i)
  return value
}
