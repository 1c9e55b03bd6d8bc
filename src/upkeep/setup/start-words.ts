/** What can be said after `--start-at`: earliest, latest, a time, or an offset of each partition. */
import { parseInstant } from '../../event/day.ts'
import type { PartitionBounds } from '../../kafka/bounds.ts'

export type StartAt =
  | { readonly kind: 'earliest' | 'latest' }
  /** ms since 1970, UTC */
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'offsets'; readonly offsets: ReadonlyMap<number, number> }

/** @returns undefined when it says none of them. */
export function parseStartAt(words: string): StartAt | undefined {
  if (words === 'earliest' || words === 'latest') return { kind: words }
  const ms = parseInstant(words)
  if (ms !== undefined) return { kind: 'time', ms }
  if (!/^\d{1,9}:\d{1,15}(,\d{1,9}:\d{1,15})*$/.test(words)) return undefined
  const pairs = words.split(',').map(pair => pair.split(':').map(Number) as [number, number])
  const offsets = new Map(pairs)
  return offsets.size === pairs.length ? { kind: 'offsets', offsets } : undefined
}

/**
 * The first offset to count, by partition.
 * @param found for a time: the first offset at or after it; partitions that have none begin at their end.
 * @throws when an offset is missing, or not in its partition, naming all that are wrong.
 */
export function offsetsOf(
  at: StartAt,
  bounds: ReadonlyMap<number, PartitionBounds>,
  found: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  if (at.kind === 'offsets') {
    refuseOutside(at.offsets, bounds)
    return at.offsets
  }
  const offset = (partition: number, { logStart, logEnd }: PartitionBounds) => {
    if (at.kind === 'earliest') return logStart
    // Retention may have moved the start between the two questions.
    return at.kind === 'latest' ? logEnd : Math.max(logStart, found.get(partition) ?? logEnd)
  }
  return new Map([...bounds].map(([partition, log]) => [partition, offset(partition, log)]))
}

function refuseOutside(offsets: ReadonlyMap<number, number>, bounds: ReadonlyMap<number, PartitionBounds>): void {
  const wrong = [...bounds].flatMap(([partition, { logStart, logEnd }]) => {
    const offset = offsets.get(partition)
    if (offset === undefined) return [`partition ${partition} is not named: it has offsets ${logStart} to ${logEnd}`]
    if (offset >= logStart && offset <= logEnd) return []
    return [`offset ${offset} is not in partition ${partition}: it has ${logStart} to ${logEnd}`]
  })
  const strangers = [...offsets.keys()].filter(partition => !bounds.has(partition))
  wrong.push(...strangers.map(partition => `there is no partition ${partition}: there are 0 to ${bounds.size - 1}`))
  if (wrong.length > 0) throw new Error(`nothing was changed: ${wrong.join('; ')}`)
}
