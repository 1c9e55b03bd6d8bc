/**
 * Each answer is read three times: by the consumer's fold, by the recount of `verify`, and by the slow judge with a set
 * of ids. All three must say the same of every record, and the good records around the fuzzed ones must be counted.
 */
import { Recount, type Recounted } from '../../src/evidence/recount/recount.ts'
import { RepairBook } from '../../src/evidence/recount/repair-book.ts'
import { Spill } from '../../src/evidence/recount/spill.ts'
import { RecordWalk } from '../../src/kafka/records.ts'
import { plainJudge } from '../support/plain-judge.ts'
import { type Answer, limits, of, type Placed } from './answer.ts'
import { compare, dateOf, forOrigin } from './compare.ts'
import type { Damaged } from './damage.ts'
import { batchBytesMax, Folding } from './folding.ts'
import { agree, escaped, type Plain, saidOf, shrunk } from './judges.ts'
import { PlainOrigins } from './plain-origins.ts'

/** Longer than any clock of a fuzzed log moves: no id leaves. What leaves a window has tests of its own. */
const rules = { version: 1, judgeVersion: 2, ...limits, windowHours: 8_760, windowIdsMax: 2_000_000 }
const idKey = Buffer.from('sixteen bytes ok')

/** Somebody said something else; every line of it is for a person. */
export class Difference extends Error {}

export class ThreeWay {
  /** How often each fate, and each reason of a rejection, came. */
  readonly seen = new Map<string, number>()
  readonly #folding = new Folding(rules, idKey)
  readonly #recount = new Recount({
    of,
    rules: [{ fromOffset: 0, ...rules }],
    idKey,
    from: 0,
    clockMs: -1,
    book: new RepairBook(new Spill()),
  })
  readonly #ids = new Set<string>()
  readonly #origins = new PlainOrigins()
  readonly #plain: Plain

  /** @param plain another one in a test that plants a fault. */
  constructor(plain: Plain = plainJudge) {
    this.#plain = plain
  }

  /** @throws Difference. Nothing may be asked any more after it. */
  check(answer: Answer): void {
    const { plain, recounted, folded } = this.#read(answer)
    const { next, trouble } = recounted
    if (trouble !== undefined || next !== answer.to)
      throw this.#named(answer, `it ended at ${next}: ${trouble?.detail}`)
    for (const [i, fate] of plain.entries()) this.#compareFate(answer, i, fate, recounted.fates[i])
    const told = compare(folded, answer, plain)
    if (told !== undefined) throw this.#named(answer, told)
    for (const fate of plain) this.#note(fate)
    const skipped = answer.to - answer.from - answer.records.length
    if (skipped > 0) this.#add('rolled back', skipped)
  }

  /**
   * Of an answer with a damaged batch: reading it throws nothing, what lies before the damage has its fates, and of the
   * rest fold and recount make the same, up to the same halt. Nothing may be asked any more after it.
   * @throws Difference.
   */
  checkDamaged({ answer, from }: Damaged): void {
    const { plain, recounted, folded } = this.#read(answer)
    for (const [i, fate] of plain.entries()) {
      if (answer.records[i]!.offset < from) this.#compareFate(answer, i, fate, recounted.fates[i])
    }
    const { next, trouble } = recounted
    const byFate = (fate: string) => recounted.fates.filter(one => one.startsWith(fate)).length
    const expected = [next, byFate('counted'), byFate('duplicate'), byFate('rejected')].join()
    const told = [folded.to, folded.counted, folded.duplicate, folded.rejected].join()
    if (told !== expected)
      throw this.#named(answer, `damaged from ${from}: the fold says ${told}, the recount ${expected}`)
    this.#add(`damaged: ${trouble?.reason ?? 'read on'}`, 1)
  }

  #read(answer: Answer) {
    const plain = answer.records.map(record => this.#plainFate(record))
    try {
      return { plain, recounted: this.#byRecount(answer), folded: this.#folding.read(answer) }
    } catch (error) {
      throw this.#named(answer, `reading it threw ${(error as Error).stack}`)
    }
  }

  #compareFate(answer: Answer, i: number, plain: string, recounted: string | undefined): void {
    if (recounted === plain) return
    throw this.#named(answer, `offset ${answer.records[i]!.offset}\nplain: ${plain}\nrecount: ${recounted}`)
  }

  #note(fate: string): void {
    const from = fate.startsWith('rejected ') ? 'rejected '.length : 0
    const end = fate.indexOf(' ', from)
    const word = fate.slice(from, end < 0 ? undefined : end)
    this.#add(word, 1)
    if (fate.includes(' for ')) this.#add('repair', 1)
  }

  #add(what: string, times: number): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + times)
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

  #byRecount({ batches, from, aborted }: Answer) {
    const walk = new RecordWalk(Buffer.concat(batches), from, aborted, batchBytesMax)
    const fates: string[] = []
    while (walk.next()) {
      const recounted = this.#recount.take(walk)
      if (walk.skipped === 0) fates.push(fateOf(recounted))
    }
    return { fates, next: walk.offset + 1, trouble: walk.trouble }
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

function fateOf(recounted: Recounted): string {
  if (recounted.fate === 'skipped') return 'skipped'
  const origin = forOrigin(recounted.origin?.offset)
  if (recounted.fate === 'rejected') return `rejected ${recounted.reason} ${recounted.pointer}${origin}`
  if (recounted.fate === 'duplicate') return `duplicate${recounted.repairedBy ? ' by repair' : ''}${origin}`
  const { day, user, item, activity } = recounted.event
  return `counted ${dateOf(day)} ${user} ${item} ${activity}${origin}`
}
