/** One unbroken history of a partition's log, and the balances of its ledger row. */

export interface LineageKey {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
}

export const fateNames = ['counted', 'duplicate', 'rejected', 'skipped', 'lost'] as const
export type FateName = (typeof fateNames)[number]

/** Offsets [from, to). */
export interface Offsets {
  readonly from: number
  readonly to: number
}

export function keyText({ topicId, partition, lineage }: LineageKey): string {
  return `${topicId} ${partition} ${lineage}`
}

/** The five balances of a row, as numbers. */
export function fatesOf(row: Readonly<Record<FateName, string>>): Record<FateName, number> {
  return Object.fromEntries(fateNames.map(fate => [fate, Number(row[fate])])) as Record<FateName, number>
}
