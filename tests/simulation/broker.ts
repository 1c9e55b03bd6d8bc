/** The cluster with the one topic, and what it answers. The consumer's `Log` of each host asks it. */
import type { Fetched, Log, Want } from '../../src/consumer/log.ts'
import type { Trouble } from '../../src/kafka/trouble.ts'
import type { Dice } from './dice.ts'
import { PartitionLog } from './partition-log.ts'
import { blocked, type Host, numbered, type Scheduler, wallStartMs } from './scheduler.ts'
import { fewIds, type Source } from './vocabulary.ts'

export interface Topic {
  readonly id: string
  readonly partitions: PartitionLog[]
}

/** Longer than the real one: a wait that brings nothing finds nothing. */
const longPollMs = 1_000
const awayPauseMs = 100
const boundsOf = numbered('bounds of')
const lookAt = numbered('look at')

export class Broker {
  topic: Topic
  /** All there ever were. */
  readonly topics = new Map<string, Topic>()
  isCompacted = false
  /** No topic of this name for the moment: it was deleted and is not created again yet. */
  isDeleted = false
  /** Of all that is appended, repairs as well. */
  source: Source = fewIds
  readonly #scheduler: Scheduler
  readonly #dice: Dice
  readonly #source: Source = (...how) => this.source(...how)

  constructor(scheduler: Scheduler, partitions: number) {
    this.#scheduler = scheduler
    this.#dice = scheduler.dice
    this.topic = this.#created(partitions)
  }

  /** Deletes the topic and creates it again. */
  recreate(partitions: number): void {
    this.topic = this.#created(partitions)
  }

  addPartition(): void {
    this.topic.partitions.push(new PartitionLog(this.#dice, 0, wallStartMs, this.#source))
  }

  /** What one host reads with. */
  logOf(host: Host): Log {
    const ask = <T>(kind: string, effect: () => T | typeof blocked) => this.#scheduler.call(host, kind, effect)
    return {
      topic: () => ask('topic', () => this.#metadata()),
      isCompacted: () => ask('is compacted', () => this.isCompacted),
      bounds: partition => ask(boundsOf(partition), () => this.#bounds(partition)),
      look: want => ask(lookAt(want.partition), () => this.#look(want)),
      fetch: wants => this.#fetch(host, wants),
      close: async () => {},
    }
  }

  #created(partitions: number): Topic {
    const id = topicId(this.topics.size + 1)
    const logs = Array.from({ length: partitions }, () => {
      return new PartitionLog(this.#dice, this.#dice.chance(0.3) ? this.#dice.below(50) : 0, wallStartMs, this.#source)
    })
    const topic = { id, partitions: logs }
    this.topics.set(id, topic)
    return topic
  }

  #metadata(): { id: string; partitions: number } | undefined {
    return this.isDeleted ? undefined : { id: this.topic.id, partitions: this.topic.partitions.length }
  }

  #bounds(partition: number): { start: number; end: number } {
    const log = this.#reachable(partition)
    return { start: log.start, end: log.stableEnd }
  }

  #reachable(partition: number): PartitionLog {
    const log = this.topic.partitions[partition]
    if (this.isDeleted || log === undefined || log.isAway) throw new Error(`partition ${partition} has no leader`)
    return log
  }

  #look(want: Want): Fetched {
    this.#reachable(want.partition)
    const fetched = this.#answer(want)
    if (fetched === undefined) throw new Error(`the broker cannot serve partition ${want.partition} at the moment`)
    return fetched
  }

  /** Waits a moment for something to come, as a broker does; partitions of one that is away are missing. */
  #fetch(host: Host, wants: readonly Want[]): Promise<readonly Fetched[]> {
    const waitMs = wants.every(({ partition }) => this.#isAway(partition)) ? awayPauseMs : longPollMs
    const deadlineMs = this.#scheduler.nowMs + waitMs
    let cancel: (() => void) | undefined
    const detail = () => `fetch ${wants.map(({ partition, offset }) => `${partition}:${offset}`).join(' ')}`
    const effect = () => {
      const fetched: Fetched[] = []
      for (const want of wants) {
        if (this.#isAway(want.partition) || (wants.length > 1 && this.#dice.chance(0.1))) continue
        const answer = this.#answer(want)
        if (answer !== undefined) fetched.push(answer)
      }
      const hasNews = fetched.some(({ records, trouble }) => records.length > 0 || trouble !== undefined)
      if (!hasNews && this.#scheduler.nowMs < deadlineMs) {
        cancel ??= this.#scheduler.after(host, deadlineMs - this.#scheduler.nowMs, () => this.#scheduler.unblock())
        return blocked
      }
      cancel?.()
      return fetched
    }
    return this.#scheduler.call(host, 'fetch', effect, detail)
  }

  #isAway(partition: number): boolean {
    return this.isDeleted || this.topic.partitions[partition]?.isAway === true
  }

  /** As the reader understands a broker's answer about one partition; undefined when it asks again. */
  #answer(want: Want): Fetched | undefined {
    const { id } = this.topic
    const askedMs = wallStartMs + this.#scheduler.nowMs
    if (want.topicId !== id) {
      const detail = `topic had the id ${want.topicId} and has ${id} now`
      const trouble = { reason: 'recreated', from: want.offset, to: want.offset, detail } as const
      return { ...nothing(want, askedMs), trouble }
    }
    const log = this.topic.partitions[want.partition]
    if (log === undefined) return undefined
    const [logStart, logEnd] = [log.start, log.stableEnd]
    const empty = { ...nothing(want, askedMs), logStart, logEnd }
    const trouble = this.#misfit(log, want)
    if (trouble === 'at the start') return this.#answer({ ...want, tail: undefined })
    if (trouble !== undefined) return { ...empty, trouble }
    if (want.offset >= logEnd) return empty
    if (log.isSilent) return { ...empty, isSilent: true }
    return { ...empty, ...this.#records(log, want.offset, logEnd) }
  }

  /** A broker compares the last epoch first, and then the offset with its log. */
  #misfit(log: PartitionLog, { offset, tail }: Want): Trouble | 'at the start' | undefined {
    if (tail !== undefined) {
      const end = log.endOfEpoch(tail.epoch)
      if (end !== undefined && (end.epoch < tail.epoch || end.end < offset)) return departed(offset, end.end)
      if (end === undefined) return this.#outOfRange(log, offset, tail.epoch)
    }
    return offset < log.start || offset > log.end ? this.#outOfRange(log, offset, tail?.epoch) : undefined
  }

  #outOfRange(log: PartitionLog, offset: number, epoch: number | undefined): Trouble | 'at the start' {
    if (offset < log.start) {
      const detail = `offsets ${offset} to ${log.start - 1} were deleted before they were read`
      return { reason: 'trimmed', from: offset, to: log.start - 1, detail }
    }
    if (offset > log.stableEnd) return departed(offset, log.stableEnd)
    if (offset === log.start && epoch !== undefined) return 'at the start'
    const detail = `the log never had the leader epoch ${epoch} that was counted before ${offset}`
    return { reason: 'diverged', from: offset, to: offset, detail }
  }

  /** Whole batches from the one that holds the offset on; as many as it pleases the broker, the last one cut off. */
  #records(log: PartitionLog, offset: number, logEnd: number) {
    let at = log.batches.findIndex(({ last }) => last >= offset)
    if (at > 0 && this.#dice.chance(0.05)) at -= 1 // brokers may begin before what was asked for
    const upTo = at + this.#dice.between(1, 5)
    const chosen: Buffer[] = []
    let last = offset
    for (; at >= 0 && at < upTo && at < log.batches.length; at++) {
      const batch = log.batches[at]!
      if (batch.last >= logEnd) break
      chosen.push(batch.bytes)
      last = batch.last
    }
    if (chosen.length > 1 && this.#dice.chance(0.2)) {
      const cut = chosen.at(-1)!
      chosen[chosen.length - 1] = cut.subarray(0, this.#dice.below(cut.length))
    }
    const records = chosen.length === 1 ? chosen[0]! : Buffer.concat(chosen)
    return { records, aborted: log.aborted(offset, last) }
  }
}

const topicIds: string[] = []

function topicId(number: number): string {
  topicIds[number] ??= `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  return topicIds[number]
}

const noBytes = Buffer.alloc(0)

function nothing(want: Want, askedMs: number): Fetched {
  return { want, records: noBytes, aborted: [], logStart: -1, logEnd: -1, askedMs, isSilent: false }
}

function departed(offset: number, at: number): Trouble {
  const detail = `the log departs at ${at} from what was counted up to ${offset}`
  return { reason: 'truncated', from: at, to: offset - 1, detail }
}
