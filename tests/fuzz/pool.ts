/**
 * What fast-check draws for a run: JSON of any shape, strings of any kind, noise. It takes 50 µs for a value, so it
 * draws some thousands; the mutations of this folder set them into events, by the million.
 */
import fc from 'fast-check'

export interface Pool {
  /** JSON documents, as text. */
  readonly documents: readonly string[]
  /** JavaScript strings: ASCII, whole and broken Unicode. */
  readonly strings: readonly string[]
  readonly noise: readonly Buffer[]
}

const each = 1_500
/** So many logs, by their seed, share what fast-check draws. */
const logsPerPool = 64

/** Any there is, halves of surrogate pairs too. fast-check's own `binary` takes a second to build. */
const sign = fc.oneof(fc.nat(0xffff), fc.nat(0x10ffff)).map(code => String.fromCodePoint(code))

export function poolOf(seed: number): Pool {
  const draw = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, { seed: seed | 0, numRuns: each })
  const string = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 140, size: 'max' }),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: sign }),
  )
  return {
    documents: draw(fc.oneof(fc.json(), fc.json({ stringUnit: sign, maxDepth: 6 }))),
    strings: draw(string),
    noise: draw(fc.uint8Array({ maxLength: 60, size: 'max' })).map(bytes => Buffer.from(bytes)),
  }
}

let latest: { readonly seed: number; readonly pool: Pool } | undefined

/** The pool of a log, by the log's seed. */
export function poolFor(logSeed: number): Pool {
  const seed = Math.floor(logSeed / logsPerPool)
  if (latest?.seed !== seed) latest = { seed, pool: poolOf(seed) }
  return latest.pool
}
