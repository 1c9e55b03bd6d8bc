/**
 * The consumer's core: reads partitions and folds them, while what was folded is settled and partitions are opened
 * beside. It talks to `Log` and `Store` only and holds no truth: whatever happens to it, the ledger knows where to go on.
 */
import { type Kernels, kernelPool } from '../kernel/kernels.ts'
import type { Log as Logger } from '../runtime/log.ts'
import { realTime, type Time } from '../runtime/time.ts'
import type { Bounds, Core, Observer } from './core.ts'
import type { Fetched, Log, Want } from './log.ts'
import { Opener } from './opener.ts'
import { Partition } from './partition.ts'
import { Settler } from './settler.ts'
import { Signal } from './signal.ts'
import type { Installation, Store } from './store.ts'

/** Some 20 ms. */
const defaultSliceRecords = 5_000
/** So much of the room for pending records is for whoever comes; the rest is shared out evenly. */
const commonRoom = 0.75
const idleMs = 250
/** While some have no room the others are asked for so often all the same: else they would wait for all that was read. */
const fetchEveryMs = 500

export class Loop {
  readonly partitions = new Map<number, Partition>()
  readonly #core: Core
  readonly #opener: Opener
  readonly #settler: Settler
  #stopping = false
  #isAsking = false
  /** When the latest answer came. */
  #fetchedMs = 0
  /** A bug: whatever a broker does is an answer. */
  #readFailed: { readonly error: unknown } | undefined
  #ran: Promise<void> | undefined

  constructor(
    log: Log,
    store: Store,
    installation: Installation,
    bounds: Bounds,
    logger: Logger,
    observer: Observer,
    time: Time = realTime,
    kernels: Kernels = kernelPool(),
  ) {
    const { partitions } = this
    const wakes = { reading: new Signal(time), settling: new Signal(time) }
    this.#core = { log, store, installation, bounds, time, logger, observer, kernels, partitions, ...wakes }
    this.#opener = new Opener(this.#core)
    this.#settler = new Settler(this.#core, this.#opener)
  }

  /** What Postgres answered last, when it was no success. */
  get storeFault(): string | undefined {
    return this.#settler.fault
  }

  /** Makes exactly these partitions ours. What leaves is settled as far as it was read. */
  assign(numbers: readonly number[]): void {
    for (const number of numbers) {
      const held = this.partitions.get(number)
      if (held === undefined) this.partitions.set(number, new Partition(number))
      else if (held.phase === 'leaving') held.takeBack(this.#core.time.nowMs())
    }
    for (const [number, partition] of this.partitions) {
      if (!numbers.includes(number)) partition.phase = 'leaving'
    }
    this.#core.reading.wake()
    this.#core.settling.wake()
  }

  /** Runs until `stop`. @throws UnfitDatabase when the rules were changed under us; anything else that is a bug. */
  run(): Promise<void> {
    const working = () => Promise.all([this.#read(), this.#settler.run()])
    this.#ran ??= Promise.race([working(), this.#opener.broken])
      .then(() => {})
      .finally(() => this.#stopReading())
    return this.#ran
  }

  /** Reads nothing more and settles what was read, for a few seconds at most. */
  async stop(): Promise<void> {
    this.#stopReading()
    await this.#ran?.catch(() => {})
  }

  #stopReading(): void {
    this.#stopping = true
    this.#core.reading.wake()
    this.#settler.stop()
  }

  async #read(): Promise<void> {
    const { reading } = this.#core
    while (!this.#stopping) {
      this.#opener.openDue()
      this.#opener.lookAtTopic()
      this.#opener.lookAtLedger()
      this.#ask()
      if (await this.#foldRests()) continue
      await reading.wait(idleMs)
      if (this.#readFailed !== undefined) throw this.#readFailed.error
    }
    await this.#opener.stop()
  }

  /** Asks for what is to be read next, and does not wait for it: what is there is folded meanwhile. */
  #ask(): void {
    if (this.#isAsking) return
    const { log, time, reading } = this.#core
    const used = this.#settler.roomUsed()
    const wants: Want[] = []
    for (const one of this.partitions.values()) {
      if (one.wantsRecords && this.#hasRoom(one, used)) wants.push(one.want())
    }
    const isDue = time.nowMs() >= this.#fetchedMs + fetchEveryMs
    if (wants.length === 0 || (!isDue && this.#awaitsRoom(used))) return
    this.#isAsking = true
    log.fetch(wants).then(
      fetched => this.#receive(fetched),
      (error: unknown) => {
        this.#readFailed = { error }
        reading.wake()
      },
    )
  }

  #receive(answers: readonly Fetched[]): void {
    const { bounds, time, reading, settling } = this.#core
    this.#isAsking = false
    this.#fetchedMs = time.nowMs()
    for (const fetched of answers) {
      this.partitions.get(fetched.want.partition)?.receive(fetched, bounds.batchBytesMax, time.nowMs())
    }
    reading.wake()
    settling.wake()
  }

  /** Folds a slice of every partition that has something. @returns whether any had. */
  async #foldRests(): Promise<boolean> {
    const { observer, bounds, time, settling } = this.#core
    const most = bounds.sliceRecords ?? defaultSliceRecords
    let folded = false
    // Those of now: while others have their turn, some may come or go.
    for (const partition of [...this.partitions.values()]) {
      if (!partition.hasRecords || !this.#hasRoom(partition, this.#settler.roomUsed())) continue
      // One slice each is what partitions may take beyond the common room: together no more than all there is.
      const share = Math.ceil(this.#settler.costMax / this.partitions.size)
      observer.read(partition.advance(Math.min(most, share), bounds.batchBytesMax, time.nowMs()))
      folded = true
      settling.wake()
      await time.turn()
    }
    return folded
  }

  /** Whether it may read on. A partition that cannot be settled fills the common room, and its own; never another's. */
  #hasRoom(partition: Partition, used: number): boolean {
    return used < commonRoom || this.#settler.roomOf(partition) < (1 - commonRoom) / this.partitions.size
  }

  /** Whether one has no room now and will have some as soon as it is settled: not the moment to wait for an answer. */
  #awaitsRoom(used: number): boolean {
    const nowMs = this.#core.time.nowMs()
    for (const one of this.partitions.values()) {
      if (one.phase === 'open' && one.dueMs <= nowMs && !this.#hasRoom(one, used)) return true
    }
    return false
  }
}
