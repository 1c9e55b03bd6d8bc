/** What a verify has to say; `verify --json` is this. */
import type { FateName } from '../books/ledger.ts'
import type { Difference } from './difference.ts'
import type { Unproven } from './reach.ts'

export interface ReportedPartition {
  readonly partition: number
  readonly lineage: number
  readonly state: 'open' | 'halted' | 'closed'
  readonly startOffset: number
  /** Up to which position it was compared. */
  readonly nextOffset: number
  readonly provenBy: 'log' | 'checkpoint and log' | 'not proven'
  readonly checkpointAt: number | null
  readonly recordsRead: number
  /** As the ledger has them. */
  readonly fates: Readonly<Record<FateName, number>>
}

export interface Report {
  /** proven: all that was asked for is as the log says; unproven: nothing differs, and not all could be proven. */
  readonly verdict: 'proven' | 'unproven' | 'differs'
  readonly topic: string
  readonly scope: { readonly date: string | null; readonly user: string | null; readonly partition: number | null }
  readonly takenAt: string
  readonly partitions: readonly ReportedPartition[]
  /** How many were compared; null = not asked for. */
  readonly compared: {
    readonly rows: number | null
    /** Rows of days that reach back before a checkpoint, and how many such days were compared by their digest. */
    readonly rowsByDay: number | null
    readonly days: number | null
    readonly rejects: number | null
    /** Rejects that were repaired by a record that was read. */
    readonly repairs: number | null
    readonly ids: number | null
  }
  /** At most 1,000 of them. */
  readonly differences: readonly Difference[]
  readonly differencesFound: number
  readonly unproven: readonly Unproven[]
  /** Event ids that came again with another item, activity or timestamp: counted once all the same. */
  readonly reused: { readonly count: number; readonly examples: readonly string[] }
  readonly checkpoint: { readonly recorded: boolean; readonly why: string | null }
  readonly records: number
  readonly seconds: number
  readonly snapshotSeconds: number
  readonly memoryMegabytes: number
}
