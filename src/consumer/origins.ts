/** Which record a repair says it stands for, and what the fold was told of such records. */
import { originHeader, type Position, parseOrigin } from '../event/origin.ts'
import { headerOf } from '../kafka/headers.ts'
import type { Lineage } from './batch.ts'

/**
 * The rejects of one lineage with offsets in [from, to) that may be repaired, and whether each was. Read when all before
 * the fold's next offset was settled, and kept by the fold from there on.
 */
export interface KnownOrigins {
  readonly topicId: string
  readonly lineage: number
  readonly from: number
  readonly to: number
  readonly repaired: Map<number, boolean>
}

/** No record at this place can ever be repaired by the one that names it. */
export const unknown = 'unknown'

/**
 * @returns undefined where the headers of the record at `offset` name no origin; {@link unknown} where they name
 * something else than a place of this partition, or one that was not read yet.
 */
export function originNamed(headers: Buffer, of: Lineage, offset: number): Position | typeof unknown | undefined {
  if (!headers.includes(originHeader)) return undefined
  const header = headerOf(headers, originHeader)
  if (header === undefined) return undefined
  const origin = parseOrigin(header.toString('latin1'))
  if (origin === undefined || origin.partition !== of.partition) return unknown
  const isOfThisLog = origin.topicId === of.topicId && origin.lineage === of.lineage
  return isOfThisLog && origin.offset >= offset ? unknown : origin
}

export function covers(known: KnownOrigins, { topicId, lineage, offset }: Position): boolean {
  return known.topicId === topicId && known.lineage === lineage && known.from <= offset && offset < known.to
}
