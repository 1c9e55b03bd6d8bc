import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { type FoldKernel, Kernel } from '../../../src/kernel/kernel.ts'
import { kernelPool } from '../../../src/kernel/kernels.ts'
import { foldTwice } from '../../fuzz/two-folds.ts'

const few = 8_000

test('the fold with its kernel hands over what the plain one does, of the same record batches', () => {
  const seed = randomInt(2 ** 31)
  const { records, difference, seen } = foldTwice(seed, few)
  assert.equal(difference, undefined, `npm run two-folds -- --seed ${seed} --count 50000`)
  assert.ok(records >= few && seen.get('counted')! > few / 4, `${records} records, ${seen.get('counted')} counted`)
})

test('a seed gives the same records every time', () => {
  assert.deepEqual(foldTwice(7, 2_000), foldTwice(7, 2_000))
  assert.notDeepEqual(foldTwice(8, 2_000), foldTwice(7, 2_000))
})

/** What a kernel may do wrong, and what a person must be shown of it. */
const planted: readonly [name: string, wrong: (kernel: FoldKernel) => Partial<FoldKernel>, shows: RegExp][] = [
  [
    'loses a row',
    kernel => ({ takeRows: () => kernel.takeRows().subarray(12) }),
    /^delta of the batch from \d+ to \d+:\n {2}shipped: .*\n {2}plain: {3}.*\noffset \d+, append time \d+, value:\n {2}\{/s,
  ],
  [
    'counts a duplicate',
    kernel => ({
      fold: (...how) => {
        const run = kernel.fold(...how)
        return { ...run, counted: run.records }
      },
    }),
    /^counted of the batch/,
  ],
  [
    'tells clicks as purchases',
    kernel => ({
      fold: (...how) => {
        const run = kernel.fold(...how)
        return { ...run, clicks: run.purchases, purchases: run.clicks }
      },
    }),
    /^minutes of the batch/,
  ],
  [
    'lets the clock stand',
    kernel => ({
      fold: (...how) => ({ ...kernel.fold(...how), clockMs: how[2] }),
    }),
    /^(clockMs|window|delta|counted|minutes) of the batch/,
  ],
]
for (const [name, wrong, shows] of planted) {
  test(`a kernel that ${name} is found`, () => {
    const kernels = kernelPool(() => {
      const kernel = new Kernel()
      const bound = Object.fromEntries(
        ['begin', 'fold', 'hash', 'add', 'takeRows', 'claim', 'restoreIds', 'indexIds', 'leaveIds', 'ids'].map(name => [
          name,
          (kernel[name as keyof Kernel] as (...how: unknown[]) => unknown).bind(kernel),
        ]),
      )
      return Object.defineProperties({ ...bound, ...wrong(kernel) } as unknown as FoldKernel, {
        nextId: { get: () => kernel.nextId },
        usedBytes: { get: () => kernel.usedBytes },
      })
    })
    assert.match(foldTwice(1, few, kernels).difference ?? 'no difference', shows)
  })
}
