/**
 * How a repaired record says which rejected one it stands for. Part of the contract: any Kafka client can send a repair
 * by giving this header to a record in the origin's partition.
 */

/** The header's name; its value is the origin's position as {@link originText} writes it. */
export const originHeader = 'footfall-origin'

/** Where a record was read. The lineage tells apart what lay at the same offset before and after a log was lost. */
export interface Position {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly offset: number
}

/** As `0b0e…-…/3/1/1042`: topic id, partition, lineage, offset. */
export function originText({ topicId, partition, lineage, offset }: Position): string {
  return `${topicId}/${partition}/${lineage}/${offset}`
}

const form = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(0|[1-9]\d{0,8})\/([1-9]\d{0,8})\/(0|[1-9]\d{0,14})$/

/** @returns undefined when the text is not of the form that {@link originText} writes. */
export function parseOrigin(text: string): Position | undefined {
  const [, topicId, partition, lineage, offset] = form.exec(text) ?? []
  if (topicId === undefined) return undefined
  return { topicId, partition: Number(partition), lineage: Number(lineage), offset: Number(offset) }
}
