/** The log as the consumer needs it; `kafka/reader.ts` is the real one, a simulator drives the same consumer later. */
import type { Fetched, Want } from '../kafka/reader.ts'

export type { Fetched, Want }

export interface Log {
  /** The topic as the cluster shows it now; undefined when there is none of this name. */
  topic(): Promise<{ readonly id: string; readonly partitions: number } | undefined>
  /** Whether records vanish from the topic before they are counted. */
  isCompacted(): Promise<boolean>
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
