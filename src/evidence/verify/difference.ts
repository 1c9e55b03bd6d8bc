/** What a verify finds not to be as the log says, one by one up to a bound, and counted beyond it. */
import type { RowName } from './rows.ts'

export const differenceKinds = ['row', 'day', 'fate', 'reject', 'repair', 'id', 'clock', 'log', 'stray'] as const
export type DifferenceKind = (typeof differenceKinds)[number]

export interface Difference {
  readonly kind: DifferenceKind
  /** missing: the log has it and the tables do not; extra: the other way round; changed: both, and not the same. */
  readonly what: 'missing' | 'extra' | 'changed'
  readonly where: Partial<RowName> & {
    readonly partition?: number
    readonly lineage?: number
    readonly offset?: number
    readonly fate?: string
  }
  /** What the tables say, what the log says; null = nothing. */
  readonly stored: unknown
  readonly expected: unknown
  /** The records behind a row, or what else there is to say. */
  readonly because: string[]
}

/** So many are kept; the others are counted only. */
export const differencesMax = 1_000

export class Differences {
  readonly kept: Difference[] = []
  readonly #byKind = new Map<DifferenceKind, number>()

  get total(): number {
    return [...this.#byKind.values()].reduce((sum, count) => sum + count, 0)
  }

  of(kind: DifferenceKind): number {
    return this.#byKind.get(kind) ?? 0
  }

  add(difference: Difference): void {
    this.#byKind.set(difference.kind, this.of(difference.kind) + 1)
    if (this.kept.length < differencesMax) this.kept.push(difference)
  }
}
