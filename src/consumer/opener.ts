/**
 * Opens partitions, and decides over their troubles. Keeps the halting half of G7. One thing after another, but for
 * partitions that are due together; brokers may take their time, for which neither reading nor settling waits.
 */
import type { Position } from '../event/origin.ts'
import { examine, type Place } from '../kafka/examine.ts'
import { compacted, type Trouble } from '../kafka/trouble.ts'
import { differingSettings, type Rules } from '../postgres/rules.ts'
import { UnfitDatabase } from '../postgres/unfit-database.ts'
import type { Event } from '../runtime/events.ts'
import type { Lineage } from './batch.ts'
import type { Core } from './core.ts'
import { Fold, type Standing } from './fold.ts'
import type { Partition } from './partition.ts'
import { type Halt, StoreFault } from './store.ts'

/** How soon a resumed partition is noticed. */
const haltedLookMs = 2_000
/** How soon it is noticed that somebody has the topic compacted, or created again without some partitions. */
const topicLookMs = 5_000
/** How soon it is noticed that a person, or a database that was put back, has moved a partition that is at rest. */
const ledgerLookMs = 2_000

export class Opener {
  /** Rejects when no later attempt could succeed. */
  readonly broken: Promise<never>
  readonly #core: Core
  readonly #break: (error: Error) => void
  /** The latest reason of each partition that could not go on: told once, however often it is tried. */
  readonly #told = new Map<number, string>()
  #last: Promise<void> = Promise.resolve()
  #topicDueMs = 0
  #ledgerDueMs = 0
  #stopping = false

  constructor(core: Core) {
    this.#core = core
    const { promise, reject } = Promise.withResolvers<never>()
    this.broken = promise
    this.#break = reject
  }

  /** Opens what is closed, and looks at what is halted, when its time has come. */
  openDue(): void {
    const due: (() => Promise<void>)[] = []
    for (const partition of this.#core.partitions.values()) {
      if (partition.phase !== 'closed' && partition.phase !== 'halted') continue
      if (partition.dueMs > this.#core.time.nowMs()) continue
      const wasHalted = partition.phase === 'halted'
      const ticket = partition.startOpening()
      due.push(() => this.#open(partition, ticket, wasHalted))
    }
    if (due.length > 0) this.#next(() => Promise.all(due.map(open => open())).then(() => {}))
  }

  /**
   * Looks at the topic now and then: what is compacted away is gone before anybody reads it, and a partition that is
   * not there any more is nobody's.
   */
  lookAtTopic(): void {
    if (this.#topicDueMs > this.#core.time.nowMs()) return
    this.#topicDueMs = Number.POSITIVE_INFINITY // until this look is over
    this.#next(() => this.#lookAtTopicNow())
  }

  /** Looks now and then whether the ledger is where the partitions at rest are: only a batch would find out otherwise. */
  lookAtLedger(): void {
    if (this.#ledgerDueMs > this.#core.time.nowMs()) return
    this.#ledgerDueMs = Number.POSITIVE_INFINITY // until this look is over
    this.#next(() => this.#dropMoved())
  }

  /** A trouble becomes a halt once all before it is settled and a look over new connections shows the same. */
  lookAtTroubled(): void {
    for (const partition of this.#core.partitions.values()) {
      const { trouble, fold } = partition
      if (partition.phase !== 'open' || trouble === undefined || fold === undefined || !partition.isSettled) continue
      if (partition.dueMs > this.#core.time.nowMs()) continue
      partition.dueMs = Number.POSITIVE_INFINITY // until this look is over
      this.#next(() => this.#haltIfStill(partition, fold, trouble))
    }
  }

  /** A repair waits for what it stands for. The tables know it as soon as everything before the repair is settled. */
  askOrigins(): void {
    for (const partition of this.#core.partitions.values()) {
      const { fold } = partition
      if (partition.phase !== 'open' || fold?.awaited === undefined || partition.pendingRecords > 0) continue
      if (partition.dueMs > this.#core.time.nowMs()) continue
      partition.dueMs = Number.POSITIVE_INFINITY // until it is answered
      void this.#askOrigin(partition, fold, fold.awaited)
    }
  }

  /** Writes a halt by compare-and-set. @throws StoreFault */
  async halt(partition: Partition, place: Pick<Standing, 'of' | 'nextOffset'>, halt: Halt): Promise<void> {
    await this.#core.store.halt(place, halt)
    // Whether we wrote it or another owner was faster: the ledger has the last word.
    partition.drop(this.#core.time.nowMs())
    this.#core.reading.wake()
  }

  /** Lets what is under way end, and begins nothing more. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#last
  }

  #next(work: () => Promise<void>): void {
    this.#last = this.#last.then(work)
  }

  async #open(partition: Partition, ticket: number, wasHalted: boolean): Promise<void> {
    const { reading } = this.#core
    const isOurs = () => partition.isOpening(ticket) && !this.#stopping
    if (!isOurs()) return
    try {
      await this.#openNow(partition, wasHalted, isOurs)
    } catch (error) {
      if (error instanceof UnfitDatabase) return this.#break(error)
      if (!isOurs()) return
      partition.phase = wasHalted ? 'halted' : 'closed'
      const ms = partition.backOff(this.#core.time.nowMs())
      this.#tell('partition_not_opened', partition, { why: (error as Error).message, ms })
    } finally {
      reading.wake()
    }
  }

  async #openNow(partition: Partition, wasHalted: boolean, isOurs: () => boolean): Promise<void> {
    const { log, store, installation, bounds, time, logger, kernels, settling } = this.#core
    const topic = await log.topic()
    if (topic === undefined) throw new Error('the topic is not there')
    const askedMs = time.wallMs()
    const { start, end } = await log.bounds(partition.number)
    const { standing, startOffset, halt, rules } = await store.open(topic.id, partition.number, start)
    const isRecreated = standing.of.topicId !== topic.id
    if (isRecreated && !wasHalted) this.#topicDueMs = 0 // what is gone must not wait until a person has ended this halt
    if (!isOurs()) return
    partition.lag.settledTo(standing.nextOffset, standing.clockMs)
    partition.lag.heard(start, end, askedMs)
    if (halt !== undefined) return this.#rest(partition, halt, wasHalted)
    refuseChangedRules(rules, installation.rules)
    // A lineage that goes on from another one has seen the log before: what is trimmed there is lost, and halts it.
    const movableStart = standing.nextOffset === startOffset && standing.clockMs === -1 ? startOffset : undefined
    if (movableStart !== undefined && start > movableStart && !isRecreated) {
      await store.moveStart(standing, start)
      return partition.drop(time.nowMs())
    }
    const trouble = await examine(log, placeOf(standing), bounds.batchBytesMax, false, time)
    if (!isOurs()) return
    partition.opened(new Fold(standing, rules, installation.idKey, kernels), movableStart, trouble)
    this.#told.delete(partition.number)
    const { of, nextOffset, ids } = standing
    const place = { partition: partition.number, lineage: of.lineage, offset: nextOffset }
    logger('partition_opened', { ...place, lag: end - nextOffset, ids: ids.length })
    settling.wake()
  }

  async #dropMoved(): Promise<void> {
    const { partitions, store, time } = this.#core
    const resting = [...partitions.values()]
      .filter(({ phase, isSettled }) => phase === 'open' && isSettled)
      .map(partition => ({ partition, fold: partition.fold!, next: partition.fold!.next }))
    try {
      const places = resting.length === 0 ? [] : await store.places(resting.map(one => one.partition.number))
      for (const { partition, fold, next } of resting) {
        if (partition.fold !== fold || fold.next !== next) continue // went on meanwhile
        if (places.some(place => place.nextOffset === next && isSame(place.of, fold.of))) continue
        this.#dropOvertaken(partition, next)
      }
    } catch (error) {
      // Settling and opening tell of a store that does not answer.
      if (!(error instanceof StoreFault)) this.#break(error as Error)
    }
    this.#ledgerDueMs = time.nowMs() + ledgerLookMs
  }

  #rest(partition: Partition, halt: Halt, wasHalted: boolean): void {
    partition.halt = halt
    partition.phase = 'halted'
    partition.dueMs = this.#core.time.nowMs() + haltedLookMs
    this.#told.delete(partition.number)
    if (wasHalted) return
    this.#core.logger('partition_halted', { partition: partition.number, ...halt })
  }

  async #lookAtTopicNow(): Promise<void> {
    const { log, store, partitions, time, settling } = this.#core
    try {
      if (await log.isCompacted()) {
        for (const partition of partitions.values()) {
          const { fold, phase } = partition
          if (phase === 'open' && fold !== undefined) partition.trouble ??= compacted(fold.next)
        }
        settling.wake()
      }
      const topic = await log.topic()
      if (topic !== undefined) await store.haltGone(topic.id, topic.partitions)
    } catch {
      // Brokers that are away are the reading's concern, a store that does not answer the settling's.
    } finally {
      this.#topicDueMs = time.nowMs() + topicLookMs
    }
  }

  async #haltIfStill(partition: Partition, fold: Fold, trouble: Trouble): Promise<void> {
    if (partition.fold !== fold) return
    const { log, bounds, time, logger, reading } = this.#core
    const place = { of: fold.of, nextOffset: fold.next, tail: fold.tail }
    try {
      const again = await examine(log, placeOf(place), bounds.batchBytesMax, true, time)
      if (partition.fold !== fold) return
      if (again === undefined) {
        logger('trouble_gone', { partition: partition.number, ...trouble })
        partition.drop(time.nowMs())
      } else if (again.reason === 'trimmed' && place.nextOffset === partition.movableStart) {
        partition.drop(time.nowMs()) // nothing was counted yet: opening it again moves the start
      } else {
        await this.halt(partition, place, again)
      }
    } catch (error) {
      if (partition.fold !== fold) return
      const ms = partition.backOff(time.nowMs())
      this.#tell('trouble_not_confirmed', partition, { why: (error as Error).message, reason: trouble.reason, ms })
    } finally {
      reading.wake()
    }
  }

  async #askOrigin(partition: Partition, fold: Fold, origin: Position): Promise<void> {
    const { store, reading } = this.#core
    try {
      const known = await store.origins({ of: fold.of, nextOffset: fold.next }, origin)
      if (partition.fold !== fold) return
      if (known === undefined) return this.#dropOvertaken(partition, fold.next)
      partition.dueMs = 0
      fold.learn(known)
    } catch (error) {
      if (!(error instanceof StoreFault)) return this.#break(error as Error)
      if (partition.fold !== fold) return
      const ms = partition.backOff(this.#core.time.nowMs())
      this.#tell('origin_not_read', partition, { why: error.message, offset: fold.next, ms })
    } finally {
      reading.wake()
    }
  }

  #dropOvertaken(partition: Partition, from: number): void {
    const { logger, time, reading } = this.#core
    logger('partition_overtaken', { partition: partition.number, from })
    partition.drop(time.nowMs())
    reading.wake()
  }

  #tell(event: Event, { number }: Partition, facts: { readonly why: string; readonly [fact: string]: unknown }): void {
    if (this.#told.get(number) === facts.why) return
    this.#told.set(number, facts.why)
    this.#core.logger(event, { partition: number, ...facts })
  }
}

function placeOf({ of, nextOffset, tail }: Pick<Standing, 'of' | 'nextOffset' | 'tail'>): Place {
  return { topicId: of.topicId, partition: of.partition, nextOffset, tail }
}

const isSame = (a: Lineage, b: Lineage): boolean =>
  a.topicId === b.topicId && a.partition === b.partition && a.lineage === b.lineage && a.rulesVersion === b.rulesVersion

/** Settings are compared and not versions: in a database that was put back a version is given out a second time. */
function refuseChangedRules(now: Rules, ours: Rules): void {
  const changes = differingSettings(ours, now).map(one => `${one.setting} from ${one.recorded} to ${one.wanted}`)
  if (now.judgeVersion !== ours.judgeVersion) {
    changes.push(
      `the judge from version ${ours.judgeVersion} to ${now.judgeVersion}, which takes a Footfall that has it`,
    )
  }
  if (changes.length === 0) return // the same again, after a change that was taken back
  throw new UnfitDatabase(
    `the rules were changed while this consumer ran: ${changes.join('; ')}. Start it again with what is in force now`,
  )
}
