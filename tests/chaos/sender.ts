/**
 * A load whose right answer is known: it remembers of each event what it says, where it was sent, and how many times all
 * in-sync replicas acknowledged it. Some are sent again later, some are bad, some have no value, some have no id.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { openWriter, type Writer } from '../../src/kafka/writer.ts'
import { seededRandom } from '../../src/producer/random.ts'
import type { Config } from '../../src/runtime/config.ts'
import type { Log } from '../../src/runtime/log.ts'
import { type Answers, tell } from './answers.ts'
import { type Drawn, drawEvent, recordOf } from './events.ts'

const eventsMax = 1_000_000
const tickMs = 20
const writersCount = 2
/** So many of a tick are sent again, and one tick in five does so. */
const againMax = 16
const flushMs = 60_000

export class Sender {
  readonly #random: () => number
  readonly #drawn: Drawn[] = []
  readonly #acknowledged = new Uint8Array(eventsMax)
  /** Of each event: its records that were acknowledged, less those that are lost. */
  readonly #copies = new Int16Array(eventsMax)
  readonly #baseMs = Date.now()
  readonly #open: (partitions: number) => Writer
  #writers: Writer[]
  readonly #retired: Writer[] = []
  #partitions: number
  #acknowledgedCount = 0
  #lostCount = 0
  #unanswered = 0
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

  /** These records left the log before they were counted, and somebody has said that they are lost. */
  lose(numbers: readonly number[]): void {
    for (const number of numbers) this.#copies[number]! -= 1
    this.#lostCount += numbers.length
  }

  /** How many records are lost. */
  get lost(): number {
    return this.#lostCount
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
      this.#unanswered += books.unknown + books.unsent + books.refused
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
    for (let i = 0; i < count; i++) this.#drawn.push(drawEvent(this.#random, this.#baseMs, from + i, this.#partitions))
    const records = this.#drawn.slice(from).map(recordOf)
    writer.send(records).then(
      () => {
        this.#acknowledged.fill(1, from, from + count)
        this.#acknowledgedCount += count
        for (let i = from; i < from + count; i++) this.#copies[i]! += 1
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
      .filter(({ kind, number }) => kind === 'with id' && this.#acknowledged[number] === 1)
    if (again.length === 0) return
    writer.send(again.map(recordOf)).then(
      () => {
        for (const { number } of again) this.#copies[number]! += 1
      },
      () => {},
    )
  }

  #answers(perhapsTwice: number): Answers {
    const acknowledged = this.#acknowledged.reduce((sum, one) => sum + one, 0)
    const unknown = this.#unanswered + this.#drawn.length - acknowledged
    return { acknowledged, ...tell(this.#drawn, this.#copies), perhapsTwice, unknown }
  }
}
