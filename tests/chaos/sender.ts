/**
 * A load whose right answer is known: it remembers of each event what it says, where it was sent, and whether all
 * in-sync replicas acknowledged it. Some are sent again later, some are bad, some have no value, some have no id. Those
 * with and those without an id are about different users: if Kafka lost track of a batch and took it twice, the
 * events with an id count once all the same, and only the others are uncertain by so much.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { UserActivity } from '../../src/event/schema.ts'
import type { OutgoingRecord } from '../../src/kafka/record-batch.ts'
import { openWriter, type Writer } from '../../src/kafka/writer.ts'
import { seededRandom } from '../../src/producer/random.ts'
import type { Config } from '../../src/runtime/config.ts'
import type { Log } from '../../src/runtime/log.ts'
import type { Counted, Sent } from '../support/counting.ts'
import { recount } from '../support/counting.ts'
import { uuidOf } from '../support/events.ts'

const eventsMax = 1_000_000
const tickMs = 20
const writersCount = 2
/** So many of a tick are sent again, and one tick in five does so. */
const againMax = 16
const flushMs = 60_000

const identified = Array.from({ length: 40 }, (_, i) => uuidOf(`user ${i} with ids`))
const anonymous = Array.from({ length: 20 }, (_, i) => uuidOf(`user ${i} without`))
const items = Array.from({ length: 20 }, (_, i) => uuidOf(`item ${i}`))
const activities = ['view', 'view', 'view', 'click', 'purchase'] as const

type Kind = 'with id' | 'without id' | 'bad' | 'null'

interface Drawn {
  readonly kind: Kind
  readonly event: UserActivity
  readonly partition: number
}

/** What was acknowledged, and therefore what must be counted. */
export interface Answers {
  readonly acknowledged: number
  /** Of the events with an id: exactly this. */
  readonly exact: Counted
  /** Of those without: this, and at most `perhapsTwice` more in all. */
  readonly least: Counted
  readonly fates: {
    readonly counted: number
    readonly duplicate: number
    readonly rejected: number
    readonly skipped: number
  }
  /** Records that Kafka may have taken twice. */
  readonly perhapsTwice: number
  /** Records of which nobody can say whether they are in the log, or that a broker refused. 0, or the run proves nothing. */
  readonly unknown: number
}

export class Sender {
  readonly #random: () => number
  readonly #drawn: Drawn[] = []
  readonly #acknowledged = new Uint8Array(eventsMax)
  readonly #baseMs = Date.now()
  readonly #open: (partitions: number) => Writer
  #writers: Writer[]
  readonly #retired: Writer[] = []
  #partitions: number
  #acknowledgedCount = 0
  #sentAgain = 0
  #lost = 0
  #perSecond: number
  #stopping = false
  #sending: Promise<void> | undefined

  constructor(config: Config, log: Log, seed: string, partitions: number, perSecond: number) {
    this.#random = seededRandom(`${seed} events`)
    this.#partitions = partitions
    this.#perSecond = perSecond
    this.#open = count => openWriter(config, log, 'chaos', count)
    this.#writers = this.#openAll()
  }

  get partitions(): number {
    return this.#partitions
  }

  get acknowledged(): number {
    return this.#acknowledgedCount
  }

  /** New events go to these as well; an event that is sent again goes where it went. */
  grow(partitions: number): void {
    this.#partitions = partitions
    this.#retired.push(...this.#writers)
    this.#writers = this.#openAll()
  }

  start(): void {
    this.#sending = this.#send()
    this.#sending.catch(() => {}) // `stop` hears of it
  }

  /** Sends faster until so many are acknowledged, or until `deadlineMs` have passed. */
  async reach(events: number, deadlineMs: number): Promise<void> {
    const deadline = performance.now() + deadlineMs
    this.#perSecond *= 4
    while (this.#acknowledgedCount < events && performance.now() < deadline) await pause(tickMs)
  }

  /** Sends nothing more, and waits until each record is acknowledged. */
  async stop(): Promise<Answers> {
    this.#stopping = true
    await this.#sending
    let perhapsTwice = 0
    for (const writer of [...this.#retired, ...this.#writers]) {
      const books = await writer.close(flushMs)
      perhapsTwice += books.perhapsTwice
      this.#lost += books.unknown + books.unsent + books.refused
    }
    return this.#answers(perhapsTwice)
  }

  /** Waits for nothing: what it had to say is of no interest any more. */
  async giveUp(): Promise<void> {
    this.#stopping = true
    await Promise.all([...this.#retired, ...this.#writers].map(writer => writer.close(0)))
  }

  #openAll(): Writer[] {
    return Array.from({ length: writersCount }, () => this.#open(this.#partitions))
  }

  async #send(): Promise<void> {
    let due = 0
    let beforeMs = performance.now()
    for (let tick = 0; !this.#stopping; tick++) {
      const nowMs = performance.now()
      due = Math.min(due + ((nowMs - beforeMs) * this.#perSecond) / 1_000, this.#perSecond)
      beforeMs = nowMs
      const writer = this.#writers[tick % writersCount]!
      if (!writer.full && this.#drawn.length + due < eventsMax) {
        const count = Math.floor(due)
        due -= count
        this.#give(writer, count)
        if (tick % 5 === 0) this.#giveAgain(writer)
      }
      await pause(tickMs)
    }
  }

  #give(writer: Writer, count: number): void {
    if (count === 0) return
    const from = this.#drawn.length
    for (let i = 0; i < count; i++) this.#drawn.push(this.#draw(from + i))
    const records = this.#drawn.slice(from).map(recordOf)
    writer.send(records).then(
      () => {
        this.#acknowledged.fill(1, from, from + count)
        this.#acknowledgedCount += count
      },
      () => {}, // the books of the writer tell how many
    )
  }

  /** Only what was acknowledged before, so that the first copy lies before this one. */
  #giveAgain(writer: Writer): void {
    if (this.#drawn.length === 0) return
    const from = this.#random() % this.#drawn.length
    const again = this.#drawn
      .slice(from, from + againMax)
      .filter(({ kind }, i) => kind === 'with id' && this.#acknowledged[from + i] === 1)
    if (again.length === 0) return
    writer.send(again.map(recordOf)).then(
      () => {
        this.#sentAgain += again.length
      },
      () => {},
    )
  }

  #draw(n: number): Drawn {
    const of = (count: number) => this.#random() % count
    const percent = of(100)
    const kind: Kind = percent < 70 ? 'with id' : percent < 96 ? 'without id' : percent < 99 ? 'bad' : 'null'
    const event: UserActivity = {
      user_id: kind === 'with id' ? identified[of(identified.length)]! : anonymous[of(anonymous.length)]!,
      item_id: items[of(items.length)]!,
      activity_type: activities[of(activities.length)]!,
      timestamp: new Date(this.#baseMs - of(3) * 86_400_000).toISOString(),
      ...(kind === 'with id' && { event_id: `chaos-${n}` }),
    }
    return { kind, event, partition: of(this.#partitions) }
  }

  #answers(perhapsTwice: number): Answers {
    const landed = this.#drawn.filter((_, n) => this.#acknowledged[n] === 1)
    const eventsOf = (kind: Kind): Sent[] => landed.filter(one => one.kind === kind).map(({ event }) => event)
    const [withId, withoutId] = [eventsOf('with id'), eventsOf('without id')]
    return {
      acknowledged: this.#acknowledgedCount,
      exact: recount(withId),
      least: recount(withoutId),
      fates: {
        counted: withId.length + withoutId.length,
        duplicate: this.#sentAgain,
        rejected: eventsOf('bad').length,
        skipped: eventsOf('null').length,
      },
      perhapsTwice,
      unknown: this.#lost + this.#drawn.length - landed.length,
    }
  }
}

/** Bad ones are bad in two ways: no JSON at all, and an activity that there is not. */
function recordOf({ kind, event, partition }: Drawn): OutgoingRecord {
  const key = Buffer.from(event.user_id)
  const text = JSON.stringify(kind === 'bad' ? { ...event, activity_type: 'like' } : event)
  if (kind === 'null') return { key, value: null, partition }
  return { key, value: Buffer.from(kind === 'bad' && text.length % 2 === 0 ? text.slice(1) : text), partition }
}

/** Some of those that a reader may ask for. */
export const someUsers = [identified[0]!, identified[1]!, anonymous[0]!]

/** Whether a row belongs to a user whose counts are exact whatever Kafka lost track of. */
export const isExact = (row: string): boolean => identified.includes(row.slice(0, 36))
