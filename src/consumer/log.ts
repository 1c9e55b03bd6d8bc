/** The log as the consumer needs it; `kafka/reader.ts` is the real one, a simulator drives the same consumer later. */
import type { Aborted, Tail } from '../kafka/records.ts'
import type { Trouble } from '../kafka/trouble.ts'

/** What to read of one partition next. */
export interface Want {
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  /** The record batch before `offset`: the broker compares its epoch with the log's. */
  readonly tail: Tail | undefined
}

/** One partition's part of an answer. */
export interface Fetched {
  readonly want: Want
  /** Whole record batches from the one that holds `want.offset` on, up to the last stable offset; may be empty. */
  readonly records: Buffer
  readonly aborted: readonly Aborted[]
  readonly logStart: number
  /** The last stable offset: how far there is anything to read. */
  readonly logEnd: number
  /** The log is not the one we counted. */
  readonly trouble?: Trouble
}

export interface Log {
  /** The topic as the cluster shows it now; undefined when there is none of this name. */
  topic(): Promise<{ readonly id: string; readonly partitions: number } | undefined>
  /** The partition's log start and last stable offset. */
  bounds(partition: number): Promise<{ readonly start: number; readonly end: number }>
  /**
   * Waits until there is something of at least one partition, or a moment has passed. Partitions of a broker that is
   * away are missing from the answer; trying again is the reader's own business.
   */
  fetch(wants: readonly Want[]): Promise<readonly Fetched[]>
  /** One look over a connection and with metadata of its own: what it shows is no relic of an earlier one. */
  look(want: Want): Promise<Fetched>
  close(): Promise<void>
}
