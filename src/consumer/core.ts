/** What reading, opening and settling have in common: the two interfaces, the partitions, and how they wake each other. */
import type { Kernels } from '../kernel/kernels.ts'
import type { Log as Logger } from '../runtime/log.ts'
import type { Time } from '../runtime/time.ts'
import type { Batch } from './batch.ts'
import type { Log } from './log.ts'
import type { Partition } from './partition.ts'
import type { Signal } from './signal.ts'
import type { Installation, Store, StoreFault } from './store.ts'

export interface Core {
  readonly log: Log
  readonly store: Store
  readonly installation: Installation
  readonly bounds: Bounds
  readonly time: Time
  readonly logger: Logger
  readonly observer: Observer
  /** For the folds of open partitions. */
  readonly kernels: Kernels
  /** Those in this process' hands, by number. */
  readonly partitions: Map<number, Partition>
  /** Wakes the reading: there is room again, or a partition was opened. */
  readonly reading: Signal
  /** Wakes the settling: something was folded. */
  readonly settling: Signal
}

export interface Bounds {
  readonly batchBytesMax: number
  readonly pendingRecordsMax: number
  /** Offsets folded in one go, before other work gets its turn. */
  readonly sliceRecords?: number
}

/** Hears what happens, for metrics. */
export interface Observer {
  read(records: number): void
  settled(batch: Batch): void
  transaction(records: number, seconds: number): void
  overtaken(): void
  fault(kind: StoreFault['kind']): void
}
