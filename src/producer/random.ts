/**
 * xoshiro128** 1.1 of Blackman and Vigna: small, fast in 32-bit arithmetic, and the same on every machine. Not for
 * secrets.
 */
import { hash } from 'node:crypto'

/** Draws evenly from 0 to 2^32 - 1. */
export type Random = () => number

/** Any text is a seed: its SHA-256 is the state, so that near seeds give unrelated sequences. */
export function seededRandom(seed: string): Random {
  const digest = hash('sha256', seed, 'buffer')
  return xoshiro128([digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)])
}

/** @param state four 32-bit words, not all zero. */
export function xoshiro128(state: readonly [number, number, number, number]): Random {
  let [a, b, c, d] = state
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return result
  }
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))
