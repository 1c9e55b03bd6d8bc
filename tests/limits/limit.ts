/** A load beyond what can be written: what it is, how large it is played, and what a consumer may cost by it. */
import type { Lifetime } from '../support/environment.ts'

export interface Limit {
  readonly name: string
  readonly about: string
  /** @param scale 1 at full size, less for a short form. @throws what is wrong. */
  readonly run: (lifetime: Lifetime, scale: number) => Promise<Measured>
}

export interface Measured {
  readonly records: number
  /** The most memory that the consumer ever held. */
  readonly peakMiB: number
  /** From the acknowledgement to the commit of a record in a partition that is well; in ms. Empty: there is none. */
  readonly healthyMs: readonly number[]
  /** From the end of the trouble, or of the sending, until all is counted. */
  readonly drainedMs: number
}

/**
 * What the memory of a consumer stays under, see docs/operating.md: with the default settings and four partitions,
 * their windows nearly empty.
 */
export const peakMiBMax = 512
/** How late a partition may be that is well, while others of the same consumer are not. */
export const healthyMsMax = 10_000
