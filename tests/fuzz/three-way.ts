/**
 * Each answer is read three times: by the consumer's fold, by the recount of `verify`, and by the slow judge with a set
 * of ids. All three must say the same of every record, and the good records around the fuzzed ones must be counted.
 */
import type { Batch } from '../../src/consumer/batch.ts'
import { sumOf } from '../../src/consumer/delta.ts'
import { Fold } from '../../src/consumer/fold.ts'
import { IdHash } from '../../src/consumer/id-hash.ts'
import { Recount, type Recounted } from '../../src/evidence/recount/recount.ts'
import { RepairBook } from '../../src/evidence/recount/repair-book.ts'
import { Spill } from '../../src/evidence/recount/spill.ts'
import { RecordWalk } from '../../src/kafka/records.ts'
import { plainJudge } from '../support/plain-judge.ts'
import { type Answer, limits, of, type Placed } from './answer.ts'
import { compare, dateOf, type Folded, forOrigin } from './compare.ts'
import { agree, escaped, type Plain, saidOf, shrunk } from './judges.ts'
import { PlainOrigins } from './plain-origins.ts'

/** Longer than any clock of a fuzzed log moves: no id leaves. What leaves a window has tests of its own. */
const rules = { version: 1, judgeVersion: 2, ...limits, windowHours: 8_760, windowIdsMax: 2_000_000 }
const idKey = Buffer.from('sixteen bytes ok')
const batchBytesMax = 1 << 27
/** What the tables say around a reject that a repair names; few, so that the fold has to ask again. */
const originsRead = 20

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
  /** As the slow judge has them, and as the fold has settled them. */
  readonly #origins = new PlainOrigins()
  readonly #settled = new PlainOrigins()
  readonly #plain: Plain

  /** @param plain another one in a test that plants a fault. */
  constructor(plain: Plain = plainJudge) {
    this.#plain = plain
  }

  /** @throws Difference. Nothing may be asked any more after it. */
  check(answer: Answer): void {
    let folded: Folded
    let recounted: readonly string[]
    const plain = answer.records.map(record => this.#plainFate(record))
    try {
      recounted = this.#byRecount(answer)
      folded = this.#byFold(answer)
    } catch (error) {
      throw this.#named(answer, `reading it threw ${(error as Error).stack}`)
    }
    for (const [i, fate] of plain.entries()) {
      if (recounted[i] === fate) continue
      throw this.#named(answer, `offset ${answer.records[i]!.offset}\nplain: ${fate}\nrecount: ${recounted[i]}`)
    }
    const told = compare(folded, answer, plain)
    if (told !== undefined) throw this.#named(answer, told)
    for (const fate of plain) this.#note(fate)
    const skipped = answer.to - answer.from - answer.records.length
    if (skipped > 0) this.seen.set('rolled back', (this.seen.get('rolled back') ?? 0) + skipped)
  }

  #note(fate: string): void {
    const from = fate.startsWith('rejected ') ? 'rejected '.length : 0
    const end = fate.indexOf(' ', from)
    const word = fate.slice(from, end < 0 ? undefined : end)
    this.seen.set(word, (this.seen.get(word) ?? 0) + 1)
    if (fate.includes(' for ')) this.seen.set('repair', (this.seen.get('repair') ?? 0) + 1)
  }

  /** One line says all that must be equal: the fate, what it counts as or why it does not, and what it stands for. */
  #plainFate({ offset, value, appendMs, headers }: Placed): string {
    if (value === null) return 'skipped'
    const origin = this.#origins.named(headers, offset)
    if (origin === 'nowhere') {
      this.#origins.add(offset)
      return 'rejected unknown_origin '
    }
    const said = this.#plain(value, appendMs, limits)
    if ('reason' in said) {
      if (origin === undefined) this.#origins.add(offset)
      return `rejected ${said.reason} ${said.pointer}${forOrigin(origin)}`
    }
    if (origin !== undefined && this.#origins.isRepaired(origin)) return `duplicate by repair${forOrigin(origin)}`
    if (origin !== undefined) this.#origins.repair(origin)
    if (said.eventId !== undefined) {
      const id = `${said.userId} ${said.eventId}`
      if (this.#ids.has(id)) return `duplicate${forOrigin(origin)}`
      this.#ids.add(id)
    }
    return `counted ${said.date} ${said.userId} ${said.itemId} ${said.activity}${forOrigin(origin)}`
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

  /** As the loop does it: what comes before a repair is settled first, then the fold is told what the tables say. */
  #byFold({ bytes, from, aborted }: Answer): Folded {
    const walk = new RecordWalk(bytes, from, aborted, batchBytesMax)
    const batches: Batch[] = []
    const settle = () => {
      const batch = this.#fold.takeBatch()
      if (batch === undefined) return
      batches.push(batch)
      for (const { offset, origin } of batch.rejects) if (origin === undefined) this.#settled.add(offset)
      for (const { origin } of batch.repairs) this.#settled.repair(origin.offset)
    }
    while (this.#fold.take(walk, 100)) {
      const { awaited, next } = this.#fold
      if (awaited === undefined) continue
      settle()
      const { topicId, lineage, offset } = awaited
      const isOfThisLog = topicId === of.topicId && lineage === of.lineage
      const read = isOfThisLog ? this.#settled.from(offset, originsRead) : []
      const end = isOfThisLog ? next : Number.MAX_SAFE_INTEGER
      const to = read.length < originsRead ? end : read.at(-1)![0] + 1
      this.#fold.learn({ topicId, lineage, from: offset, to, repaired: new Map(read) })
    }
    settle()
    return {
      to: this.#fold.next,
      counted: sum(batches, 'counted'),
      duplicate: sum(batches, 'duplicate'),
      skipped: sum(batches, 'skipped'),
      rejected: sum(batches, 'rejected'),
      delta: sumOf(batches.map(batch => batch.delta)),
      rejects: batches.flatMap(batch => batch.rejects),
      repairs: batches.flatMap(batch => batch.repairs),
    }
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
    const all = answer.records.map(({ offset, value, headers }) => {
      const shown = headers.map(([name, value]) => `${escaped(Buffer.from(name))}=${value && escaped(value)}`)
      return `${offset} [${shown.join()}] ${value && escaped(value)}`
    })
    return new Difference([told, 'each record alone is judged alike; together:', ...all].join('\n'))
  }
}

const sum = (batches: readonly Batch[], fate: 'counted' | 'duplicate' | 'skipped' | 'rejected') =>
  batches.reduce((total, batch) => total + batch[fate], 0)

function fateOf(recounted: Recounted): string {
  if (recounted.fate === 'skipped') return 'skipped'
  const origin = forOrigin(recounted.origin?.offset)
  if (recounted.fate === 'rejected') return `rejected ${recounted.reason} ${recounted.pointer}${origin}`
  if (recounted.fate === 'duplicate') return `duplicate${recounted.repairedBy ? ' by repair' : ''}${origin}`
  const { day, user, item, activity } = recounted.event
  return `counted ${dateOf(day)} ${user} ${item} ${activity}${origin}`
}
