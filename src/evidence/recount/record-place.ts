/** Where a record lies, or lay: a log that is gone had places, too. */

/** One unbroken history of a partition's log. */
export interface LineageKey {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
}

export interface Place extends LineageKey {
  readonly offset: number
}

export function keyText({ topicId, partition, lineage }: LineageKey): string {
  return `${topicId} ${partition} ${lineage}`
}

export function isSamePlace(one: Place, other: Place): boolean {
  return one.offset === other.offset && keyText(one) === keyText(other)
}

/** As a digest takes it. */
export function placeText({ topicId, partition, lineage, offset }: Place): string {
  return `${topicId}/${partition}/${lineage}/${offset}`
}

/** As people read it: `3:120`, and the lineage where it is not the one that the talk is of. */
export function placed({ partition, offset, lineage }: Place, usual = 1): string {
  return `${partition}:${offset}${lineage === usual ? '' : ` of lineage ${lineage}`}`
}
