import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Kernel } from '../../../src/kernel/kernel.ts'
import { someKernel, someLimits } from '../../support/some-kernel.ts'

const key = Buffer.from('sixteen bytes ok')

/** Few first words, so that ids stand in long runs; the other words tell them apart. */
const wordsOf = (first: number, other: number) => Uint32Array.of(first * 1024, 0, other & 1, other)
const bytesOf = (ids: readonly Uint32Array[]) => Buffer.concat(ids.map(id => Buffer.from(id.buffer)))

test('an id is new when it is not among those that were claimed and have not left, and they keep their order', () => {
  const step = fc.oneof(
    { weight: 60, arbitrary: fc.tuple(fc.nat(40), fc.nat(40), fc.constant('claim' as const)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.nat(), fc.constant('leave' as const)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.nat(9), fc.constant('many' as const)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.nat(), fc.constant('restart' as const)) },
  )
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 400, size: 'max' }), steps => {
      const kernel = someKernel()
      let plain: Uint32Array[] = []
      let known = new Set<string>()
      const claim = (id: Uint32Array) => {
        assert.equal(kernel.claim(id), !known.has(id.join()))
        if (known.has(id.join())) return
        known.add(id.join())
        plain.push(id)
      }
      for (const [first, other, kind] of steps) {
        if (kind === 'claim') claim(wordsOf(first, other))
        if (kind === 'many') for (let n = 0; n < 700; n++) claim(wordsOf((first + n) >>> 0, other))
        if (kind === 'leave') {
          const count = first % (plain.length + 1)
          kernel.leaveIds(count)
          plain = plain.slice(count)
          known = new Set(plain.map(id => id.join()))
        }
        if (kind === 'restart') {
          kernel.begin(key, someLimits)
          const half = plain.length >> 1
          for (const part of [plain.slice(0, half), plain.slice(half)]) kernel.restoreIds(bytesOf(part))
          kernel.indexIds()
        }
      }
      assert.ok(kernel.ids((kernel.nextId - plain.length) >>> 0, plain.length).equals(bytesOf(plain)))
      for (const id of plain) assert.equal(kernel.claim(id), false)
    }),
    { numRuns: 40 },
  )
})

/** Different in all words, as hashes are. */
const spread = (n: number) =>
  Uint32Array.of(Math.imul(n, 0x9e3779b1), Math.imul(n, 0x85ebca6b), Math.imul(n, 0xc2b2ae35), n)

function claimed(kernel: Kernel, from: number, to: number): number {
  let count = 0
  for (let n = from; n < to; n++) if (kernel.claim(spread(n))) count += 1
  return count
}

test('ids come and go by the hundred thousand, and what has left makes room', () => {
  const kernel = someKernel()
  const held = 150_000
  assert.equal(claimed(kernel, 0, held), held)
  const used: number[] = []
  for (let from = held; from < 8 * held; from += 50_000) {
    kernel.leaveIds(50_000)
    assert.equal(claimed(kernel, from, from + 50_000), 50_000)
    assert.equal(claimed(kernel, from + 50_000 - held, from + 50_000), 0)
    used.push(kernel.usedBytes)
  }
  assert.equal(claimed(kernel, 0, 1_000), 1_000, 'long gone')
  assert.equal(used.at(-1), used[9], 'all room was there after half of it')
})

test('a million ids take less than 30 bytes each', () => {
  const kernel = someKernel()
  const empty = kernel.usedBytes
  const count = 1_000_000
  assert.equal(claimed(kernel, 0, count), count)
  const bytes = (kernel.usedBytes - empty) / count
  assert.ok(bytes < 30, `${bytes} bytes an id`)
})
