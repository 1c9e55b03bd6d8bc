/**
 * Which records were rejected and may be repaired, and by which record each was: of all lineages that one proof looks at.
 * A recount writes down what it finds, and what it cannot find (of a lineage or a part of one that is not in the log any
 * more) is taken from the tables. Offsets lie on disk, repairs in memory, about 150 bytes each.
 */
import { isSamePlace, keyText, type LineageKey, type Place } from './record-place.ts'
import { SortedOffsets } from './sorted-offsets.ts'
import type { Spill } from './spill.ts'

/** The record that stands for a rejected one, and what became of it. */
export interface Repair extends Place {
  readonly as: 'counted' | 'duplicate'
}

/** Of one rejected record. */
export interface Repaired {
  /** The repair that the tables name. */
  stored: Repair | undefined
  /** The one that holds: found in the log, or taken from the tables where the log cannot say. */
  known: Repair | undefined
  isFound: boolean
}

interface Lineage {
  readonly of: LineageKey
  readonly rejects: SortedOffsets
  /** By the offset of the rejected one. */
  readonly repaired: Map<number, Repaired>
}

export class RepairBook {
  readonly #lineages = new Map<string, Lineage>()
  readonly #spill: Spill

  constructor(spill: Spill) {
    this.#spill = spill
  }

  /** The next rejected record of a lineage that may be repaired. */
  addReject(of: LineageKey, offset: number): void {
    this.#lineage(of).rejects.add(offset)
  }

  /** What a repair is by the tables. */
  addStored(origin: Place, stored: Repair): void {
    this.#repaired(origin).stored = stored
  }

  /** What a repair is by the log. */
  addFound(origin: Place, found: Repair): void {
    const repaired = this.#repaired(origin)
    const { stored } = repaired
    // Hardly ever another, and there may be a million.
    repaired.known = stored !== undefined && isSamePlace(stored, found) && stored.as === found.as ? stored : found
    repaired.isFound = true
  }

  isRepairable(place: Place): boolean {
    return this.#lineages.get(keyText(place))?.rejects.has(place.offset) ?? false
  }

  repairOf(origin: Place): Repair | undefined {
    return this.#lineages.get(keyText(origin))?.repaired.get(origin.offset)?.known
  }

  /**
   * Takes the tables' word for the repairs that records of this lineage made, where the recount does not see them.
   * @param isUnseen of the offset of the record that repairs. @param hear each one.
   */
  trust(by: LineageKey, isUnseen: (offset: number) => boolean, hear?: (origin: Place, repair: Repair) => void): void {
    const name = keyText(by)
    for (const [origin, repaired] of this.repaired(by.partition)) {
      const { stored } = repaired
      if (stored === undefined || keyText(stored) !== name || !isUnseen(stored.offset)) continue
      repaired.known ??= stored
      hear?.(origin, stored)
    }
  }

  /** All that is said to be repaired. @param partition only of this one. */
  *repaired(partition?: number): Generator<readonly [origin: Place, repaired: Repaired]> {
    for (const { of, repaired } of this.#lineages.values()) {
      if (partition !== undefined && partition !== of.partition) continue
      for (const [offset, one] of repaired) yield [{ ...of, offset }, one]
    }
  }

  close(): void {
    this.#spill.close()
  }

  #repaired(origin: Place): Repaired {
    const { repaired } = this.#lineage(origin)
    const one = repaired.get(origin.offset) ?? { stored: undefined, known: undefined, isFound: false }
    repaired.set(origin.offset, one)
    return one
  }

  #lineage({ topicId, partition, lineage }: LineageKey): Lineage {
    const of = { topicId, partition, lineage }
    let known = this.#lineages.get(keyText(of))
    if (known === undefined) {
      known = { of, rejects: new SortedOffsets(this.#spill, this.#lineages.size), repaired: new Map() }
      this.#lineages.set(keyText(of), known)
    }
    return known
  }
}
