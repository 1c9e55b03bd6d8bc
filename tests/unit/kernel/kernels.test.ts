import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FoldKernel } from '../../../src/kernel/kernel.ts'
import { kernelPool } from '../../../src/kernel/kernels.ts'
import { someLimits } from '../../support/some-kernel.ts'

const idKey = Buffer.from('sixteen bytes ok')

function claim(kernel: FoldKernel, count: number): void {
  kernel.begin(idKey, someLimits)
  for (let n = 0; n < count; n++) kernel.claim(Uint32Array.of(n, n, n, n))
}

test('a kernel that is given back is taken again, unless it has grown large; nobody gets one that is in use', () => {
  const kernels = kernelPool()
  const [one, two] = [kernels.take(), kernels.take()]
  assert.notEqual(one, two)
  claim(one, 10)
  kernels.giveBack(one)
  assert.equal(kernels.take(), one)
  assert.notEqual(kernels.take(), two)
  claim(two, 100_000)
  kernels.giveBack(two)
  assert.notEqual(kernels.take(), two, 'its memory is for the collector')
})

test('a pool keeps a bounded number of kernels', () => {
  let made = 0
  const kernels = kernelPool(() => {
    made += 1
    return { usedBytes: 0 } as FoldKernel
  })
  const takeMany = () => Array.from({ length: 100 }, () => kernels.take())
  for (const kernel of takeMany()) kernels.giveBack(kernel)
  takeMany()
  assert.equal(made, 184)
})
