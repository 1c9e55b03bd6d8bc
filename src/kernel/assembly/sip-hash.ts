/** SipHash-2-4 with 128 bits of answer (Aumasson, Bernstein); the recount has one of its own, without 64-bit numbers. */

export let hashLow: u64 = 0
export let hashHigh: u64 = 0
let k0: u64 = 0
let k1: u64 = 0

export function keyHash(low: u64, high: u64): void {
  k0 = low
  k1 = high
}

/** @param at where `length` bytes stand, and after them zeros to a whole 8 bytes. */
export function sipHash(at: usize, length: u32): void {
  let v0 = k0 ^ 0x736f6d6570736575
  let v1 = k1 ^ 0x646f72616e646f6d ^ 0xee
  let v2 = k0 ^ 0x6c7967656e657261
  let v3 = k1 ^ 0x7465646279746573
  const whole = length >> 3
  for (let block: u32 = 0; block <= whole + 2; block++) {
    let m: u64 = 0
    if (block < whole) m = load<u64>(at + (block << 3))
    else if (block === whole) m = ((length & 7) === 0 ? 0 : load<u64>(at + (block << 3))) | ((<u64>length) << 56)
    else if (block === whole + 1) v2 ^= 0xee
    else {
      hashLow = v0 ^ v1 ^ v2 ^ v3
      v1 ^= 0xdd
    }
    v3 ^= m
    // One loop with one round in it: unrolled by hand it was no faster.
    for (let rounds = block <= whole ? 2 : 4; rounds > 0; rounds--) {
      v0 += v1
      v1 = rotl<u64>(v1, 13) ^ v0
      v0 = rotl<u64>(v0, 32)
      v2 += v3
      v3 = rotl<u64>(v3, 16) ^ v2
      v0 += v3
      v3 = rotl<u64>(v3, 21) ^ v0
      v2 += v1
      v1 = rotl<u64>(v1, 17) ^ v2
      v2 = rotl<u64>(v2, 32)
    }
    v0 ^= m
  }
  hashHigh = v0 ^ v1 ^ v2 ^ v3
}
