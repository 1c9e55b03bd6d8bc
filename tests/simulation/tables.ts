/**
 * The tables of PostgreSQL without PostgreSQL: rows, row locks, transactions that are seen whole or not at all. What a
 * statement does here, `settle-statements.ts` and `open.ts` say in SQL; `simulated-tables.test.ts` compares the two.
 */
import type { Batch, Reject, Repair } from '../../src/consumer/batch.ts'
import type { Halt } from '../../src/consumer/store.ts'
import type { IdPiece, WindowChange } from '../../src/consumer/window.ts'
import type { Tail } from '../../src/kafka/records.ts'
import type { Rules } from '../../src/postgres/rules.ts'
import { type Activity, activityOf, addActivity, copied, moveOn } from './activity.ts'
import type { Host } from './scheduler.ts'

/** A row of partition_ledger, never changed but replaced, with its rows of event_ids. */
export interface Row {
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly start: number
  readonly next: number
  readonly counted: number
  readonly duplicate: number
  readonly rejected: number
  readonly skipped: number
  readonly lost: number
  readonly clockMs: number
  readonly rulesVersion: number
  readonly tail: Tail | undefined
  readonly state: 'open' | 'halted' | 'closed'
  readonly halt: Halt | undefined
  /** In the order of segment and first offset. */
  readonly ids: readonly IdPiece[]
}

/** A row of rejects. */
export interface KeptReject {
  readonly reject: Reject
  repair: (Repair & { readonly by: string }) | undefined
}

/** view, click, purchase */
export type CountRow = [number, number, number]

/** By topic id, partition and lineage: few, and asked for so often that making them anew costs more than the tables. */
const keys = new Map<string, string[][]>()

export function keyOf({ topicId, partition, lineage }: Pick<Row, 'topicId' | 'partition' | 'lineage'>): string {
  let ofTopic = keys.get(topicId)
  if (ofTopic === undefined) {
    ofTopic = []
    keys.set(topicId, ofTopic)
  }
  ofTopic[partition] ??= []
  ofTopic[partition][lineage] ??= `${topicId}/${partition}/${lineage}`
  return ofTopic[partition][lineage]
}

/** An error that the server answers, with its SQLSTATE. */
export class SqlError extends Error {
  readonly sqlState: string

  constructor(sqlState: string, message: string) {
    super(message)
    this.sqlState = sqlState
  }
}

export class Transaction {
  readonly host: Host
  /** However it ended. */
  isOver = false
  isCommitSent = false
  /** What it has settled, if it commits. */
  batches: readonly Batch[] = []
  /** Ledger rows as they will be. */
  readonly rows = new Map<string, Row>()
  readonly writes: (() => void)[] = []
  readonly locks: string[] = []
  onEnd: () => void = () => {}

  constructor(host: Host) {
    this.host = host
  }
}

export class Tables {
  ledger = new Map<string, Row>()
  counts = new Map<string, CountRow>()
  /** The sum of all counts. */
  total = 0
  /** By partition. */
  activity = new Map<number, Activity>()
  /** The sum of all that is in it. */
  active = 0
  /** By ledger row, in the order of offsets. */
  rejects = new Map<string, KeptReject[]>()
  rules: Rules[] = []
  readonly #locks = new Map<string, Transaction>()

  /** The current lineage of a partition. */
  current(partition: number): Row | undefined {
    for (const row of this.ledger.values()) if (row.partition === partition && row.state !== 'closed') return row
    return undefined
  }

  get currentRows(): Row[] {
    const rows: Row[] = []
    for (const row of this.ledger.values()) if (row.state !== 'closed') rows.push(row)
    return rows
  }

  /** As a backup is: nothing that happens later changes it. */
  copy(): Tables {
    const copy = new Tables()
    copy.ledger = new Map(this.ledger)
    copy.counts = new Map([...this.counts].map(([key, row]) => [key, [...row]]))
    copy.rejects = new Map([...this.rejects].map(([key, kept]) => [key, kept.map(one => ({ ...one }))]))
    copy.rules = [...this.rules]
    copy.total = this.total
    copy.activity = copied(this.activity)
    copy.active = this.active
    return copy
  }

  /** In the place of what is there. */
  putBack({ ledger, counts, rejects, rules, total, activity, active }: Tables): void {
    Object.assign(this, { ledger, counts, rejects, rules, total, activity, active })
  }

  /** Who else holds the row of this key, of whichever table: their keys are never the same. */
  holder(key: string, asker: Transaction | undefined): Transaction | undefined {
    const holder = this.#locks.get(key)
    return holder === asker ? undefined : holder
  }

  lock(key: string, transaction: Transaction): void {
    if (this.#locks.get(key) === transaction) return
    this.#locks.set(key, transaction)
    transaction.locks.push(key)
  }

  /** @throws SqlError where a CHECK or a unique key refuses the row. */
  check(row: Row): void {
    const { start, next, counted, duplicate, rejected, skipped, lost } = row
    if (next - start !== counted + duplicate + rejected + skipped + lost) throw new SqlError('23514', 'ledger_balances')
    if ((row.state === 'halted') !== (row.halt !== undefined) && row.state !== 'closed') {
      throw new SqlError('23514', 'halt_has_reason')
    }
  }

  /** Puts a row in the place of the one with its key. */
  put(row: Row): void {
    this.check(row)
    this.ledger.set(keyOf(row), row)
  }

  addCount(key: string, counts: Readonly<CountRow>): void {
    this.total += counts[0] + counts[1] + counts[2]
    const row = this.counts.get(key)
    if (row === undefined) this.counts.set(key, [...counts])
    else for (let at = 0; at < 3; at++) row[at]! += counts[at]!
  }

  keepActivity({ of, minutes, entersMinute, clockMs }: Batch): void {
    const activity = activityOf(this.activity, of.partition)
    for (const { startMs, views, clicks, purchases } of minutes) {
      this.active += views + clicks + purchases
      addActivity(activity, startMs, [views, clicks, purchases])
    }
    if (entersMinute) moveOn(activity, clockMs)
  }

  commit(transaction: Transaction): void {
    for (const row of transaction.rows.values()) this.put(row)
    for (const write of transaction.writes) write()
    this.#end(transaction)
  }

  rollback(transaction: Transaction): void {
    this.#end(transaction)
  }

  #end(transaction: Transaction): void {
    transaction.isOver = true
    transaction.onEnd()
    for (const lock of transaction.locks) this.#locks.delete(lock)
  }
}

/** event_ids of one lineage after a settle. @throws SqlError where its primary key or CHECK refuses a piece. */
export function withChange(stored: readonly IdPiece[], { pieces, closed, oldest }: WindowChange): readonly IdPiece[] {
  const rows = stored.slice()
  for (const piece of pieces) {
    if (piece.ids.length === 0 || piece.ids.length % 16 !== 0) throw new SqlError('23514', 'event_ids_ids_check')
    if (rows.some(row => row.segment === piece.segment && row.firstOffset === piece.firstOffset)) {
      throw new SqlError('23505', `event_ids has segment ${piece.segment}, first offset ${piece.firstOffset} already`)
    }
    rows.push(piece)
  }
  rows.sort((a, b) => a.segment - b.segment || a.firstOffset - b.firstOffset)
  const kept = oldest === undefined ? rows : rows.filter(({ segment }) => segment >= oldest)
  if (closed.length === 0) return kept
  const merged: IdPiece[] = []
  for (const row of kept) {
    const last = merged.at(-1)
    if (last === undefined || last.segment !== row.segment || !closed.includes(row.segment)) merged.push(row)
    else merged[merged.length - 1] = joined(last, row)
  }
  return merged
}

function joined(a: IdPiece, b: IdPiece): IdPiece {
  return {
    segment: a.segment,
    firstOffset: Math.min(a.firstOffset, b.firstOffset),
    firstMs: Math.min(a.firstMs, b.firstMs),
    newestMs: Math.max(a.newestMs, b.newestMs),
    ids: Buffer.concat([a.ids, b.ids]),
  }
}
