/** Zipf's law with exponent 1: the k-th most popular of n is drawn 1/k as often as the first. */
import type { Random } from './random.ts'

/**
 * @returns a function that draws ranks from 0 (most popular) to n - 1. Sums and divisions only, which IEEE 754 fixes to
 * the bit: the same draws give the same ranks on every machine.
 */
export function zipf(n: number, random: Random): () => number {
  const cumulative = new Float64Array(n)
  let sum = 0
  for (let rank = 0; rank < n; rank++) {
    sum += 1 / (rank + 1)
    cumulative[rank] = sum
  }
  return () => firstAbove(cumulative, (random() / 2 ** 32) * sum)
}

/** The first index whose value is above `point`; the last one when rounding leaves none. */
function firstAbove(ascending: Float64Array, point: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! > point) high = middle
    else low = middle + 1
  }
  return low
}
