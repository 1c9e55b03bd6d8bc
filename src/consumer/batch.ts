/** A batch: records of one partition that are settled together, as what they change. */
import type { Rejection } from '../event/fate.ts'
import type { Position } from '../event/origin.ts'
import type { Tail } from '../kafka/records.ts'
import { type Delta, rowWords } from './delta.ts'
import type { Minute } from './minutes.ts'
import type { WindowChange } from './window.ts'

/** One unbroken history of a partition's log, under the rules in force. */
export interface Lineage {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly rulesVersion: number
}

/** A bad record, byte for byte. */
export interface Reject extends Rejection {
  readonly offset: number
  readonly appendMs: number
  readonly key: Buffer | null
  readonly value: Buffer
  /** As they stand in the record: a count and length-prefixed names and values, in Kafka's varints. */
  readonly headers: Buffer
  /** Of a repair that was bad itself: what it was sent for. */
  readonly origin: Position | undefined
}

/** A record that stands for a rejected one, and what became of it. */
export interface Repair {
  readonly origin: Position
  readonly offset: number
  readonly as: 'counted' | 'duplicate'
}

/**
 * What settling and holding a batch costs, in rows. Records that count into the same row cost next to nothing, an id a
 * fifth of a row's memory and less of its time.
 */
export const costOf = (rows: number, ids: number, rejectBytes: number): number => rows + ids / 5 + rejectBytes / 8

export function costOfBatch({ delta, minutes, window, rejectBytes }: Batch): number {
  const idBytes = window.pieces.reduce((sum, { ids }) => sum + ids.length, 0)
  return costOf(delta.length / rowWords + minutes.length, idBytes / 16, rejectBytes)
}

export interface Batch {
  readonly of: Lineage
  /** The offsets [from, to). `to - from` is the sum of the four fates. */
  readonly from: number
  readonly to: number
  /** The record batch before `from`, undefined where nothing is known of it: the history that this one follows. */
  readonly after: Tail | undefined
  readonly counted: number
  readonly duplicate: number
  readonly rejected: number
  readonly skipped: number
  /** The partition's clock and last record batch at `to`. */
  readonly clockMs: number
  readonly tail: Tail
  readonly delta: Delta
  /** The same events by minutes, in their order; their sum is `counted`. */
  readonly minutes: readonly Readonly<Minute>[]
  /** The clock came into another minute: others may lie far behind it now. */
  readonly entersMinute: boolean
  readonly window: WindowChange
  readonly rejects: readonly Reject[]
  /** What they take. */
  readonly rejectBytes: number
  readonly repairs: readonly Repair[]
  /** Append time of the first data record, -1 when unknown: how long visibility took. */
  readonly firstAppendMs: number
}
