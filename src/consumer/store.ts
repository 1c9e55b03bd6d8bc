/** The tables as the consumer needs them; `postgres-store.ts` is the real one, a simulator brings another. */

import type { Position } from '../event/origin.ts'
import type { Trouble } from '../kafka/trouble.ts'
import type { Rules } from '../postgres/rules.ts'
import type { Config } from '../runtime/config.ts'
import type { Batch } from './batch.ts'
import type { Busy } from './busiest.ts'
import type { Standing } from './fold.ts'
import type { KnownOrigins } from './origins.ts'

/** Why a partition is stopped: a trouble of the log, or a batch that Postgres refuses. */
export interface Halt extends Omit<Trouble, 'reason'> {
  readonly reason: Trouble['reason'] | 'refused'
}

/** A partition's current lineage, read in one snapshot. */
export interface Opened {
  readonly standing: Standing
  readonly startOffset: number
  readonly halt: Halt | undefined
  /** What is in force for it. */
  readonly rules: Rules
}

/**
 * What a settle did with a batch:
 * settled = it is in the tables (this time or, when the answer of an earlier COMMIT was lost, before);
 * busy = somebody else holds the partition's ledger row, try again;
 * overtaken = the ledger is not where the batch begins: drop the partition's state and reread it.
 */
export type Outcome = 'settled' | 'busy' | 'overtaken'

/** Why a settle or an opening failed. Nothing was written, or it is unknown whether it was (connection). */
export class StoreFault extends Error {
  /** connection: no answer; data: Postgres refuses these values (SQLSTATE 22, 23, 54); platform: any other answer. */
  readonly kind: 'connection' | 'data' | 'platform'
  readonly sqlState: string | undefined

  constructor(kind: StoreFault['kind'], sqlState: string | undefined, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.kind = kind
    this.sqlState = sqlState
  }
}

/** The log of a partition as its owner saw it last. */
export interface Seen {
  readonly partition: number
  readonly logStart: number
  readonly logEnd: number
  readonly msAgo: number
}

/** What all partitions have in common. */
export interface Installation {
  readonly idKey: Buffer
  readonly rules: Rules
  /** The judge's version until now, when this installing has raised it. */
  readonly judgeBefore?: number
}

export interface Store {
  /**
   * Makes the database this topic's and records the rules, or finds them recorded.
   * @throws UnfitDatabase: what is recorded is not what is set.
   */
  install(topic: string, rules: Config['rules']): Promise<Installation>
  /**
   * The partition's current lineage. A first one begins at `logStart`.
   * @throws UnfitDatabase: this is not the database that was installed.
   */
  open(topicId: string, partition: number, logStart: number): Promise<Opened>
  /** Where these partitions stand now, those that are open. */
  places(partitions: readonly number[]): Promise<readonly Pick<Standing, 'of' | 'nextOffset'>[]>
  /**
   * What is kept of the rejects from `origin` on, for a fold whose batches are all settled.
   * @returns undefined when the ledger is not where the fold is.
   */
  origins(fold: Pick<Standing, 'of' | 'nextOffset'>, origin: Position): Promise<KnownOrigins | undefined>
  /** Settles batches of different partitions in one transaction. */
  settle(batches: readonly Batch[]): Promise<ReadonlyMap<Batch, Outcome>>
  /** Nothing was counted yet: an earliest start moves with the log's. @returns false when the ledger says otherwise. */
  moveStart(standing: Standing, logStart: number): Promise<boolean>
  /** Halts the partition if its next offset is still the one given. @returns false when another was faster. */
  halt(standing: Pick<Standing, 'of' | 'nextOffset'>, halt: Halt): Promise<boolean>
  /** The topic has this id and so many partitions now: halts what was counted under another id and is not there. */
  haltGone(topicId: string, partitions: number): Promise<void>
  /** Notes who reads which partitions, and how far their logs went when. Carries no proof. */
  watch(owner: string, seen: readonly Seen[]): Promise<void>
  /** Notes whom most of what this owner has just settled was about, in the place of what it said before. No proof either. */
  noteBusiest(owner: string, busiest: readonly Busy[]): Promise<void>
  close(): Promise<void>
}
