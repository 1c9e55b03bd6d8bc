/**
 * What must be true after every commit, found without a line of the fold: each settled batch is counted again, record by
 * record, by the contract's words, and the tables are compared with that.
 */
import type { Batch } from '../../src/consumer/batch.ts'
import type { Rules } from '../../src/postgres/rules.ts'
import { PlainWindow } from '../support/plain-window.ts'
import { type Activity, activityOf, addActivity, copied as copiedActivity, linesOf, moveOn } from './activity.ts'
import type { Broker } from './broker.ts'
import type { LogBatch, LoggedRecord } from './partition-log.ts'
import { whyWrong } from './stored-ids.ts'
import { type CountRow, keyOf, type Row, type Tables } from './tables.ts'

const hourMs = 3_600_000
const fates = ['counted', 'duplicate', 'rejected', 'skipped', 'lost'] as const
type Sums = Record<(typeof fates)[number], number>
/** A view, a click, a purchase. */
const once: readonly [CountRow, CountRow, CountRow] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
]

interface ExpectedReject {
  /** Of a repair that was bad itself. */
  readonly isAttempt: boolean
  isRepaired: boolean
}

interface Lineage {
  readonly of: Pick<Row, 'topicId' | 'partition' | 'lineage'>
  start: number
  next: number
  readonly sums: Sums
  clockMs: number
  rules: Rules
  readonly window: PlainWindow
  /** The row that was compared last, while nothing has changed here since. */
  compared: Row | undefined
  /** The record batch before `next`; undefined where nothing is known of it. */
  tail: LogBatch | undefined
}

/** What it expects of the tables at one moment. */
export interface OracleState {
  readonly lineages: ReadonlyMap<string, Lineage>
  readonly counts: ReadonlyMap<string, CountRow>
  readonly rejects: ReadonlyMap<string, ExpectedReject>
  readonly activity: ReadonlyMap<number, Activity>
}

export class Oracle {
  /** The first thing that was wrong. */
  wrong: string | undefined
  readonly #tables: Tables
  readonly #broker: Broker
  #lineages = new Map<string, Lineage>()
  #counts = new Map<string, CountRow>()
  #rejects = new Map<string, ExpectedReject>()
  #activity = new Map<number, Activity>()

  constructor(tables: Tables, broker: Broker) {
    this.#tables = tables
    this.#broker = broker
  }

  /** Follows what was settled, and compares every row. */
  committed(settled: readonly Batch[]): void {
    for (const batch of settled) this.wrong ??= this.#settled(batch)
    if (this.wrong === undefined) this.#compareAll()
  }

  copy(): OracleState {
    return copied({
      lineages: this.#lineages,
      counts: this.#counts,
      rejects: this.#rejects,
      activity: this.#activity,
    })
  }

  /** An older database was put back. */
  putBack(state: OracleState): void {
    const { lineages, counts, rejects, activity } = copied(state)
    this.#lineages = new Map(lineages)
    this.#counts = new Map(counts)
    this.#rejects = new Map(rejects)
    this.#activity = new Map(activity)
  }

  /** A person declared what lies before `to` lost. */
  skipped(row: Row, to: number): void {
    const lineage = this.#lineages.get(keyOf(row))!
    lineage.compared = undefined
    lineage.sums.lost += to - lineage.next
    if (to !== lineage.next) lineage.tail = undefined
    lineage.next = to
  }

  /** A person began a new lineage, which inherits window and clock or nothing. */
  began(row: Row, from: Row, inherits: boolean): void {
    const before = this.#lineages.get(keyOf(from))!
    const begun = this.#begin(row, inherits ? before : undefined)
    begun.sums.lost = row.next - row.start
  }

  /** Other rules judge from here on. */
  ruled(rules: Rules): void {
    for (const row of this.#tables.currentRows) {
      const lineage = this.#lineages.get(keyOf(row))!
      lineage.compared = undefined
      lineage.rules = rules
      lineage.window.limits = rules
    }
  }

  /** When everything has come to rest: all counts, not only those that were touched. */
  compareCounts(): void {
    for (const key of this.#counts.keys()) this.#compareCount(key)
    for (const key of this.#tables.counts.keys()) if (!this.#counts.has(key)) this.#compareCount(key)
    for (const part of ['minutes', 'days'] as const) {
      const [is, was] = [this.#tables.activity, this.#activity].map(one => linesOf(one, part).join(', '))
      if (is !== was) this.#say(`the ${part} are ${is}; expected ${was}`)
    }
    const isRepaired = (key: string) => this.#rejects.get(key)?.isRepaired
    for (const [key, kept] of this.#tables.rejects) {
      for (const { reject, repair } of kept) {
        const at = `${key}/${reject.offset}`
        if (isRepaired(at) === (repair !== undefined)) continue
        this.#say(`the reject ${at} is ${repair === undefined ? 'not repaired' : 'repaired'}, expected the other`)
      }
    }
  }

  #say(what: string): void {
    this.wrong ??= what
  }

  #begin(row: Row, before?: Lineage): Lineage {
    const rules = this.#tables.rules.find(({ version }) => version === row.rulesVersion)!
    const lineage: Lineage = {
      of: row,
      start: row.start,
      next: row.next,
      sums: { counted: 0, duplicate: 0, rejected: 0, skipped: 0, lost: 0 },
      clockMs: before?.clockMs ?? -1,
      rules: before?.rules ?? rules,
      window: before?.window ?? new PlainWindow(rules),
      tail: undefined,
      compared: undefined,
    }
    this.#lineages.set(keyOf(row), lineage)
    return lineage
  }

  /** @returns what is wrong with it. */
  #settled({ of, from, to, tail, rejects }: Batch): string | undefined {
    const lineage = this.#lineages.get(keyOf(of))
    if (lineage === undefined) return `a batch of the lineage ${keyOf(of)}, which was never begun`
    if (lineage.next !== from) return `a batch from ${from} landed at ${lineage.next} of ${keyOf(of)}`
    const log = this.#broker.topics.get(of.topicId)?.partitions[of.partition]
    const last = log?.find(tail, to - 1)
    if (log === undefined || last === undefined)
      return `${keyOf(of)} holds no record batch with ${to - 1} and the tail of the batch`
    const path = pathTo(last, from)
    const before = path[0]!.first < from ? path[0] : path[0]!.previous
    if (path[0]!.first > from) return `the log of ${keyOf(of)} up to ${to} does not hold ${from}`
    // Where the log begins there is no record batch before that it could be known by (a limit that the design names).
    const isKnowable = lineage.tail !== undefined && log.start < from
    if (isKnowable && before !== lineage.tail) {
      return `the batch from ${from} of ${keyOf(of)} follows another history than what was counted`
    }
    lineage.compared = undefined
    const expected: string[] = []
    for (const batch of path) {
      for (let offset = Math.max(batch.first, from); offset <= batch.last && offset < to; offset++) {
        this.#count(lineage, batch, offset, expected)
      }
    }
    lineage.next = to
    lineage.tail = last
    moveOn(activityOf(this.#activity, of.partition), lineage.clockMs)
    if (rejects.length === 0 && expected.length === 0) return undefined
    const kept = rejects.map(({ offset, reason, pointer, appendMs }) => `${offset} ${reason} ${pointer} ${appendMs}`)
    return kept.join() === expected.join() ? undefined : `rejects of ${keyOf(of)}: ${kept}, expected ${expected}`
  }

  /** One record, by the words of the contract. */
  #count(lineage: Lineage, batch: LogBatch, offset: number, rejects: string[]): void {
    const { sums, window, rules, of } = lineage
    const record = batch.records[offset - batch.first]
    const end = batch.transaction?.end
    if (end === 'open') this.#say(`the record ${keyOf(of)}:${offset} is in a transaction that is open`)
    if (record === undefined || end === 'abort') {
      sums.skipped += 1
      return
    }
    const { word, appendMs } = record
    if (appendMs > lineage.clockMs) {
      const isFree = batch.brokerTime || lineage.clockMs === -1
      lineage.clockMs = isFree ? appendMs : Math.min(appendMs, lineage.clockMs + hourMs)
    }
    window.advance(lineage.clockMs)
    const { meaning } = word
    if (meaning.is === 'null') {
      sums.skipped += 1
      return
    }
    const origin = this.#originOf(record, of)
    const rejection =
      origin === 'unknown'
        ? { reason: 'unknown_origin', pointer: '' }
        : meaning.is === 'bad'
          ? meaning
          : wrongAge(meaning.instant, appendMs, rules)
    if (rejection !== undefined) {
      sums.rejected += 1
      rejects.push(`${offset} ${rejection.reason} ${rejection.pointer} ${appendMs}`)
      const isAttempt = origin !== undefined && origin !== 'unknown'
      this.#rejects.set(`${keyOf(of)}/${offset}`, { isAttempt, isRepaired: false })
      return
    }
    if (meaning.is !== 'event') return
    const isRepair = origin !== undefined && origin !== 'unknown'
    const isRepairedAlready = isRepair && origin.isRepaired
    const isNew = !isRepairedAlready && (meaning.id === undefined || window.claim(meaning.id, lineage.clockMs))
    if (isRepair) origin.isRepaired = true
    sums[isNew ? 'counted' : 'duplicate'] += 1
    if (!isNew) return
    const row = this.#counts.get(meaning.row) ?? [0, 0, 0]
    row[meaning.activity] += 1
    this.#counts.set(meaning.row, row)
    addActivity(activityOf(this.#activity, of.partition), lineage.clockMs, once[meaning.activity])
  }

  #originOf({ origin }: LoggedRecord, of: Lineage['of']): ExpectedReject | 'unknown' | undefined {
    if (origin === undefined) return undefined
    const isOurs = origin.split('/')[1] === String(of.partition)
    const found = isOurs ? this.#rejects.get(origin) : undefined
    return found === undefined || found.isAttempt ? 'unknown' : found
  }

  #compareAll(): void {
    const tables = this.#tables
    let counted = 0
    let current = 0 // a bit for each partition
    for (const row of tables.ledger.values()) {
      counted += row.counted
      this.#compareRow(row)
      if (row.state === 'closed') continue
      const bit = 1 << row.partition
      if ((current & bit) !== 0) this.#say(`partition ${row.partition} has two current lineages`)
      current |= bit
    }
    if (tables.total !== counted) this.#say(`the counts are ${tables.total}, the ledger's ${counted}`)
    if (tables.active !== counted) this.#say(`the activity is ${tables.active}, the ledger's counted ${counted}`)
  }

  #compareRow(row: Row): void {
    const key = keyOf(row)
    const lineage = this.#lineages.get(key) ?? this.#begin(row)
    if (lineage.compared === row) return
    lineage.compared = row
    const { sums } = lineage
    const isUncounted = row.start === row.next && lineage.start === lineage.next
    if (isUncounted && row.start > lineage.start) {
      // Nothing was counted yet: the start moves with the log's.
      // Of a topic that was recreated between two questions nothing can be counted any more.
      const { topic } = this.#broker
      const log = topic.partitions[row.partition]!
      if (row.topicId === topic.id && row.start > log.start)
        this.#say(`${key} begins at ${row.start}, its log at ${log.start}`)
      lineage.start = row.start
      lineage.next = row.start
    }
    const isPlace = row.start === lineage.start && row.next === lineage.next
    if (!isPlace || fates.some(fate => row[fate] !== sums[fate])) {
      this.#say(`${key} is ${inWords(row, row)}, expected ${inWords(lineage, sums)}`)
    }
    if (row.next - row.start !== row.counted + row.duplicate + row.rejected + row.skipped + row.lost) {
      this.#say(`${key} does not balance: ${inWords(row, row)}`)
    }
    if ((this.#tables.rejects.get(key)?.length ?? 0) !== row.rejected) {
      this.#say(`${key} has rejected ${row.rejected} and kept another number`)
    }
    if (row.state === 'closed') return
    if (row.clockMs !== lineage.clockMs) this.#say(`the clock of ${key} is ${row.clockMs}, not ${lineage.clockMs}`)
    if (row.rulesVersion !== lineage.rules.version) this.#say(`${key} is not under the rules in force`)
    const wrongIds = whyWrong(row.ids, lineage.window)
    if (wrongIds !== undefined) this.#say(`${key} ${wrongIds}`)
  }

  #compareCount(key: string): void {
    const is = this.#tables.counts.get(key)
    const was = this.#counts.get(key)
    if (is?.every((count, at) => count === was?.[at])) return
    this.#say(`${key} counts ${is}, expected ${was}`)
  }
}

function copied({ lineages, counts, rejects, activity }: OracleState): OracleState {
  const copyOf = (one: Lineage): Lineage => {
    return { ...one, sums: { ...one.sums }, window: one.window.copy(), compared: undefined }
  }
  return {
    lineages: new Map([...lineages].map(([key, one]) => [key, copyOf(one)])),
    counts: new Map([...counts].map(([key, row]) => [key, [...row]])),
    rejects: new Map([...rejects].map(([key, one]) => [key, { ...one }])),
    activity: copiedActivity(activity),
  }
}

function inWords({ start, next }: Pick<Row, 'start' | 'next'>, sums: Readonly<Sums>): string {
  return [start, next, ...fates.map(fate => sums[fate])].join(' ')
}

/** The record batches from the one that holds `from` to `last`, as they were appended. */
function pathTo(last: LogBatch, from: number): LogBatch[] {
  const path = [last]
  while (path[0]!.first > from && path[0]!.previous !== undefined) path.unshift(path[0]!.previous)
  return path
}

function wrongAge(instant: number, appendMs: number, rules: Rules): { reason: string; pointer: string } | undefined {
  if (appendMs === -1) return undefined
  if (appendMs - instant > rules.maxAgeDays * 24 * hourMs) return { reason: 'too_old', pointer: '/timestamp' }
  if (instant - appendMs > rules.maxAheadMinutes * 60_000) return { reason: 'too_far_ahead', pointer: '/timestamp' }
  return undefined
}
