/** Rounds: who goes when, and one figure out of several. */

/** Another goes first in each round: whoever follows whom is no advantage. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = (round - 1) % Math.max(1, all.length)
  return [...all.slice(first), ...all.slice(0, first)]
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}

/** @param sorted ascending, at least one. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}
