/**
 * Each answer is read three times: by the consumer's fold, by the recount of `verify`, and by the slow judge with a set
 * of ids. All three must say the same of every record, and the good records around the fuzzed ones must be counted.
 */
import type { Batch } from '../../src/consumer/batch.ts'
import { Fold } from '../../src/consumer/fold.ts'
import { IdHash } from '../../src/consumer/id-hash.ts'
import { dayText } from '../../src/event/day.ts'
import { Recount, type Recounted } from '../../src/evidence/recount/recount.ts'
import { RepairBook } from '../../src/evidence/recount/repair-book.ts'
import { Spill } from '../../src/evidence/recount/spill.ts'
import { RecordWalk } from '../../src/kafka/records.ts'
import { encodeHeaders } from '../support/encode-log.ts'
import { plainJudge } from '../support/plain-judge.ts'
import { type Answer, limits, neighbourItem, type Placed } from './answer.ts'
import { agree, escaped, type Plain, saidOf, shrunk } from './judges.ts'

/** Longer than any clock of a fuzzed log moves: no id leaves. What leaves a window has tests of its own. */
const rules = { version: 1, judgeVersion: 2, ...limits, windowHours: 8_760, windowIdsMax: 2_000_000 }
const of = { topicId: 'fuzzed', partition: 0, lineage: 1, rulesVersion: 1 }
const idKey = Buffer.from('sixteen bytes ok')
const batchBytesMax = 1 << 27

/** Somebody said something else; every line of it is for a person. */
export class Difference extends Error {}

export class ThreeWay {
  /** How often each fate, and each reason of a rejection, came. */
  readonly seen = new Map<string, number>()
  readonly #fold = new Fold({ of, nextOffset: 0, clockMs: -1, tail: undefined, ids: [] }, rules, new IdHash(idKey))
  readonly #recount = new Recount({
    of,
    rules: [{ fromOffset: 0, ...rules }],
    idKey,
    from: 0,
    clockMs: -1,
    book: new RepairBook(new Spill()),
  })
  readonly #ids = new Set<string>()
  readonly #plain: Plain

  /** @param plain another one in a test that plants a fault. */
  constructor(plain: Plain = plainJudge) {
    this.#plain = plain
  }

  /** @throws Difference. Nothing may be asked any more after it. */
  check(answer: Answer): void {
    let batch: Batch
    let recounted: readonly string[]
    const plain = answer.records.map(record => this.#plainFate(record))
    try {
      recounted = this.#byRecount(answer)
      batch = this.#byFold(answer)
    } catch (error) {
      throw this.#named(answer, `reading it threw ${(error as Error).stack}`)
    }
    for (const [i, fate] of plain.entries()) {
      if (recounted[i] !== fate) throw this.#named(answer, `plain: ${fate}\nrecount: ${recounted[i]}`)
    }
    const told = compare(batch, answer, plain)
    if (told !== undefined) throw this.#named(answer, told)
    for (const fate of plain) {
      const word = fate.startsWith('rejected') ? fate.split(' ')[1]! : fate.split(' ', 1)[0]!
      this.seen.set(word, (this.seen.get(word) ?? 0) + 1)
    }
    const skipped = answer.to - answer.from - answer.records.length
    if (skipped > 0) this.seen.set('rolled back', (this.seen.get('rolled back') ?? 0) + skipped)
  }

  #plainFate({ value, appendMs }: Placed): string {
    if (value === null) return 'skipped'
    const said = this.#plain(value, appendMs, limits)
    if ('reason' in said) return `rejected ${said.reason} ${said.pointer}`
    if (said.eventId !== undefined) {
      const id = `${said.userId} ${said.eventId}`
      if (this.#ids.has(id)) return 'duplicate'
      this.#ids.add(id)
    }
    return `counted ${said.date} ${said.userId} ${said.itemId} ${said.activity}`
  }

  #byRecount({ bytes, from, to, aborted }: Answer): string[] {
    const walk = new RecordWalk(bytes, from, aborted, batchBytesMax)
    const fates: string[] = []
    while (walk.next()) {
      const recounted = this.#recount.take(walk)
      if (walk.skipped === 0) fates.push(fateOf(recounted))
    }
    if (walk.trouble !== undefined || walk.offset + 1 !== to) {
      throw new Error(`the walk ended at ${walk.offset}: ${JSON.stringify(walk.trouble)}`)
    }
    return fates
  }

  #byFold({ bytes, from, aborted }: Answer): Batch {
    const walk = new RecordWalk(bytes, from, aborted, batchBytesMax)
    while (this.#fold.take(walk, 100)) if (walk.trouble !== undefined) break
    return this.#fold.takeBatch()!
  }

  /** Finds the record by judging each alone. */
  #named(answer: Answer, told: string): Difference {
    for (const { offset, value, appendMs } of answer.records) {
      if (value === null || agree(saidOf(value, appendMs, this.#plain))) continue
      const small = shrunk(value, bytes => !agree(saidOf(bytes, appendMs, this.#plain)))
      const said = Object.entries(saidOf(small, appendMs, this.#plain)).map(([who, what]) => `  ${who}: ${what}`)
      const record = [`offset ${offset}, append time ${appendMs}, value:`, `  ${escaped(value)}`]
      return new Difference([...record, 'shrunk:', `  ${escaped(small)}`, ...said].join('\n'))
    }
    const all = answer.records.map(({ offset, value }) => `${offset} ${value === null ? 'null' : escaped(value)}`)
    return new Difference([told, 'each record alone is judged alike; together:', ...all].join('\n'))
  }
}

function fateOf(recounted: Recounted): string {
  if (recounted.fate === 'rejected') return `rejected ${recounted.reason} ${recounted.pointer}`
  if (recounted.fate !== 'counted') return recounted.fate
  const { day, user, item, activity } = recounted.event
  return `counted ${dateOf(day)} ${user} ${item} ${activity}`
}

const dates = new Map<number, string>()
function dateOf(day: number): string {
  let date = dates.get(day)
  if (date === undefined) {
    date = dayText(day)
    dates.set(day, date)
  }
  return date
}

/** What is wrong with a batch of the consumer, or undefined. */
function compare(batch: Batch, answer: Answer, plain: readonly string[]): string | undefined {
  if (batch.to !== answer.to) return `the fold ended at ${batch.to}, not at ${answer.to}`
  const counts = new Map<string, number>()
  const fates = { counted: 0, duplicate: 0, skipped: answer.to - answer.from - answer.records.length, rejected: 0 }
  for (const [i, fate] of plain.entries()) {
    if (fate.startsWith('rejected ')) {
      const told = compareReject(batch.rejects[fates.rejected++], answer.records[i]!, fate)
      if (told !== undefined) return told
    } else if (fate.startsWith('counted ')) {
      fates.counted += 1
      counts.set(fate, (counts.get(fate) ?? 0) + 1)
    } else fates[fate as 'duplicate' | 'skipped'] += 1
  }
  for (const [fate, count] of Object.entries(fates)) {
    const told = batch[fate as keyof typeof fates]
    if (told !== count) return `the fold says ${told} ${fate}, plain says ${count}`
  }
  const neighbours = { expected: answer.records.filter(record => record.isNeighbour).length, counted: 0 }
  for (const [day, users] of batch.delta) {
    for (const [user, items] of users) {
      for (const [item, row] of items) {
        if (item === neighbourItem) neighbours.counted += row.view
        for (const activity of ['view', 'click', 'purchase'] as const) {
          const line = `counted ${dateOf(day)} ${user} ${item} ${activity}`
          const expected = counts.get(line) ?? 0
          if (row[activity] !== expected) return `the fold says ${row[activity]} times, plain ${expected}: ${line}`
          counts.delete(line)
        }
      }
    }
  }
  if (counts.size > 0) return `the fold did not count ${[...counts.keys()].join(', ')}`
  if (neighbours.counted !== neighbours.expected) {
    return `of ${neighbours.expected} good neighbours ${neighbours.counted} were counted`
  }
  return undefined
}

function compareReject(reject: Batch['rejects'][number] | undefined, record: Placed, fate: string): string | undefined {
  const said = reject === undefined ? 'nothing' : `rejected ${reject.reason} ${reject.pointer}`
  if (reject?.offset !== record.offset || said !== fate) {
    return `offset ${record.offset} is ${fate}; the fold has ${said} at ${reject?.offset}`
  }
  const { key, value, headers } = record
  const isKept =
    reject.appendMs === record.appendMs &&
    reject.value.equals(value!) &&
    (key === null ? reject.key === null : reject.key?.equals(key) === true) &&
    (headers.length === 0 ? reject.headers.length === 1 : reject.headers.equals(encodeHeaders(headers)))
  return isKept ? undefined : `offset ${record.offset} is not kept byte for byte`
}
