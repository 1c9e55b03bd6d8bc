/** Rounds: who goes when, and one figure out of several. */

/** Another goes first in each round: whoever follows whom is no advantage. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = (round - 1) % Math.max(1, all.length)
  return [...all.slice(first), ...all.slice(0, first)]
}

/** @param values at least one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2
}

/** @param sorted ascending, at least one. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}
