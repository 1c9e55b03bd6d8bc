/** What was done with the rejects that somebody selected, or would be: one by one for the first, in groups for all. */
import type { StoredReject } from './stored.ts'

/**
 * ready: it would be done. sent: nobody waited for its fate. counted, duplicate: repaired now. rejected: its repair was
 * bad. waiting: its repair has no fate yet. discarded, restored: said so. done: nothing is left to do. unfit: it cannot be.
 */
export const outcomes = [
  ...(['ready', 'sent', 'counted', 'duplicate', 'rejected', 'waiting'] as const),
  ...(['discarded', 'restored', 'done', 'unfit'] as const),
] as const
export type Outcome = (typeof outcomes)[number]

export interface OneOutcome {
  readonly position: string
  readonly lineage: number
  readonly reason: string
  readonly pointer: string
  readonly outcome: Outcome
  /** One sentence; '' where the outcome says it all. */
  readonly why: string
}

export interface RejectsReport {
  readonly verb: 'retry' | 'resend' | 'discard' | 'restore'
  readonly is_dry_run: boolean
  readonly selected: number
  readonly groups: readonly (Omit<OneOutcome, 'position' | 'lineage'> & { readonly count: number })[]
  /** The first of them. */
  readonly rejects: readonly OneOutcome[]
  /** Selected besides those. */
  readonly more: number
  /** What a patch makes of the first one that it fits. */
  readonly example: { readonly position: string; readonly before: string; readonly after: string } | null
  /** Why it ended before all were done; null: it did not. */
  readonly stopped: string | null
}

const shownMax = 100
/** Outcomes by reason and pointer are few; what is beyond is counted in the last one. */
const groupsMax = 1_000

export class Outcomes {
  selected = 0
  example: RejectsReport['example'] = null
  stopped: string | null = null
  readonly #first: OneOutcome[] = []
  readonly #groups = new Map<string, { one: OneOutcome; count: number }>()

  add(of: Pick<StoredReject, 'partition' | 'offset' | 'lineage' | 'reason' | 'pointer'>, outcome: Outcome, why = '') {
    this.selected += 1
    const { partition, offset, lineage, reason, pointer } = of
    const one = { position: `${partition}:${offset}`, lineage, reason, pointer, outcome, why }
    if (this.#first.length < shownMax) this.#first.push(one)
    const key = [outcome, why, reason, pointer].join('\n')
    const group = this.#groups.get(key) ?? [...this.#groups.values()][groupsMax - 1]
    if (group === undefined) this.#groups.set(key, { one, count: 1 })
    else group.count += 1
  }

  report(verb: RejectsReport['verb'], isDryRun: boolean): RejectsReport {
    const groups = [...this.#groups.values()].map(({ one: { position: _, lineage: __, ...group }, count }) => ({
      ...group,
      count,
    }))
    return {
      verb,
      is_dry_run: isDryRun,
      selected: this.selected,
      groups: groups.sort((a, b) => b.count - a.count),
      rejects: this.#first,
      more: this.selected - this.#first.length,
      example: this.example,
      stopped: this.stopped,
    }
  }
}

export const countOf = ({ groups }: RejectsReport, ...which: readonly Outcome[]): number =>
  groups.filter(({ outcome }) => which.includes(outcome)).reduce((sum, { count }) => sum + count, 0)

/** Whether all that was selected is as it was wanted. */
export const isDone = (report: RejectsReport): boolean =>
  report.stopped === null && countOf(report, 'unfit', 'rejected', 'waiting') === 0

/** The lineage of a position where there is no reject. */
export const nowhere = (at: { readonly partition: number; readonly offset: number }, lineage: number) => ({
  ...at,
  lineage,
  reason: '',
  pointer: '',
})
