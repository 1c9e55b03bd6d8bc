/** One settle over one connection: the statements of `settle.ts` on the simulated tables. */
import type { Batch } from '../../src/consumer/batch.ts'
import { rowsOf, sumOf } from '../../src/consumer/delta.ts'
import type { Statements } from '../../src/consumer/settle.ts'
import { StoreFault } from '../../src/consumer/store.ts'
import type { WindowChange } from '../../src/consumer/window.ts'
import { dayText } from '../../src/event/day.ts'
import { blocked, type Host, type Scheduler } from './scheduler.ts'
import type { Server } from './store.ts'
import { type CountRow, keyOf, SqlError, Transaction, withChange } from './tables.ts'

export class Session implements Statements {
  readonly #server: Server
  readonly #scheduler: Scheduler
  readonly #host: Host
  readonly #transaction: Transaction

  constructor(server: Server, scheduler: Scheduler, host: Host) {
    this.#server = server
    this.#scheduler = scheduler
    this.#host = host
    this.#transaction = new Transaction(host)
  }

  wrote(batch: Batch): boolean {
    return this.#transaction.batches.includes(batch)
  }

  begin(): Promise<void> {
    return this.#say('begin', () => {
      this.#server.open.add(this.#transaction)
      this.#server.limit(this.#transaction)
    })
  }

  lock(batches: readonly Batch[]) {
    const lock = () => {
      const { tables } = this.#server
      const rows = []
      for (const { of } of batches) {
        const key = keyOf(of)
        const row = tables.ledger.get(key)
        if (row === undefined || tables.holder(key, this.#transaction) !== undefined) continue
        tables.lock(key, this.#transaction)
        const { partition, next, rulesVersion, tail, state } = row
        rows.push({ partition, nextOffset: next, rulesVersion, tail, isOpen: state === 'open' })
      }
      return rows
    }
    return this.#say('lock', lock, () => `settle ${batches.map(inWords).join(' and ')}`)
  }

  exist(batches: readonly Batch[]): Promise<ReadonlySet<number>> {
    return this.#say('look which rows are there', () => {
      const there = batches.filter(({ of }) => this.#server.tables.ledger.has(keyOf(of)))
      return new Set(there.map(({ of }) => of.partition))
    })
  }

  advance(batches: readonly Batch[]): Promise<number> {
    return this.#say('advance', () => {
      const { tables } = this.#server
      let moved = 0
      for (const batch of batches) {
        this.#refuseIfPoisoned(batch)
        const row = tables.ledger.get(keyOf(batch.of))
        if (row === undefined || row.next !== batch.from || row.state !== 'open') continue
        const after = {
          ...row,
          next: batch.to,
          counted: row.counted + batch.counted,
          duplicate: row.duplicate + batch.duplicate,
          rejected: row.rejected + batch.rejected,
          skipped: row.skipped + batch.skipped,
          clockMs: batch.clockMs,
          tail: batch.tail,
        }
        tables.check(after)
        this.#transaction.rows.set(keyOf(batch.of), after)
        moved += 1
      }
      this.#transaction.batches = batches
      return moved
    })
  }

  /** Rows are locked one by one in key order, and waited for while the earlier ones are held. */
  addCounts(batches: readonly Batch[]): Promise<void> {
    const rows: [string, CountRow][] = []
    for (const { userId, day, itemId, view, click, purchase } of rowsOf(sumOf(batches.map(({ delta }) => delta)))) {
      rows.push([`${userId}|${dateOf(day)}|${itemId}`, [view, click, purchase]])
    }
    let at = 0
    return this.#say('add counts', (): undefined | typeof blocked => {
      const { tables } = this.#server
      for (; at < rows.length; at++) {
        const [key] = rows[at]!
        if (tables.holder(key, this.#transaction) !== undefined) return blocked
        tables.lock(key, this.#transaction)
      }
      this.#transaction.writes.push(() => {
        for (const [key, counts] of rows) tables.addCount(key, counts)
      })
      return undefined
    })
  }

  async keepIds(batches: readonly Batch[]): Promise<void> {
    const changing = batches.filter(({ window }) => hasChange(window))
    if (changing.length === 0) return
    await this.#say('keep ids', () => {
      for (const { of, window } of changing) {
        const row = this.#transaction.rows.get(keyOf(of))!
        this.#transaction.rows.set(keyOf(of), { ...row, ids: withChange(row.ids, window) })
      }
    })
  }

  async keepRejects(batches: readonly Batch[]): Promise<void> {
    if (batches.every(({ rejects }) => rejects.length === 0)) return
    await this.#say('keep rejects', () => {
      const { tables } = this.#server
      for (const { of, rejects } of batches) {
        if (rejects.length === 0) continue
        const key = keyOf(of)
        const last = tables.rejects.get(key)?.at(-1)?.reject.offset ?? -1
        if (rejects[0]!.offset <= last)
          throw new SqlError('23505', `a reject at ${rejects[0]!.offset} is there already`)
        this.#transaction.writes.push(() => {
          const kept = tables.rejects.get(key) ?? []
          if (kept.length === 0) tables.rejects.set(key, kept)
          for (const reject of rejects) kept.push({ reject, repair: undefined })
        })
      }
    })
  }

  async markRepaired(batches: readonly Batch[]): Promise<void> {
    if (batches.every(({ repairs }) => repairs.length === 0)) return
    await this.#say('mark repaired', () => {
      const { tables } = this.#server
      for (const { of, repairs } of batches) {
        for (const repair of repairs) {
          const key = keyOf({ ...repair.origin, partition: of.partition })
          const kept = tables.rejects.get(key)?.find(({ reject }) => reject.offset === repair.origin.offset)
          if (kept === undefined || kept.repair !== undefined) throw new Error('marked too few rejects as repaired')
          this.#transaction.writes.push(() => {
            kept.repair = { ...repair, by: keyOf(of) }
          })
        }
      }
    })
  }

  async keepActivity(batches: readonly Batch[]): Promise<void> {
    await this.#say('keep activity', () => {
      const { tables } = this.#server
      this.#transaction.writes.push(() => {
        for (const batch of batches) tables.keepActivity(batch)
      })
    })
  }

  commit(): Promise<void> {
    const { dice } = this.#scheduler
    this.#transaction.isCommitSent = true
    return this.#say('COMMIT', () => {
      if (dice.chance(this.#server.trouble.lose)) {
        const hasLanded = dice.chance(0.5)
        if (hasLanded) this.#server.land(this.#transaction, 'a COMMIT landed and its answer was lost')
        else this.#server.abandon(this.#transaction, true)
        throw this.#server.lost(hasLanded ? 'the answer of COMMIT' : 'COMMIT')
      }
      this.#server.land(this.#transaction)
    })
  }

  #refuseIfPoisoned({ of, from, to }: Batch): void {
    const { poison } = this.#server.trouble
    if (poison?.partition === of.partition && poison.offset >= from && poison.offset < to) {
      throw this.#server.refused('22003')
    }
  }

  /** One statement. After a failure the connection is given up, as `postgres-store.ts` does. */
  #say<T>(kind: string, effect: () => T | typeof blocked, detail?: () => string): Promise<T> {
    const transaction = this.#transaction
    const patient = this.#server.patient(effect)
    let isWaiting = false
    const statement = () => {
      if (transaction.isOver) {
        // Ended while it was at work, or while nobody listened.
        const isTold = isWaiting || this.#scheduler.dice.chance(0.3)
        throw isTold ? this.#server.refused('25P04') : this.#server.lost('the connection')
      }
      if (kind !== 'COMMIT') this.#server.failBefore()
      const result = this.#server.tried(patient)
      isWaiting = result === blocked
      return result
    }
    return this.#scheduler.call(this.#host, kind, statement, detail).catch(error => this.#giveUp(error))
  }

  #giveUp(error: unknown): never {
    const transaction = this.#transaction
    if (!transaction.isOver) {
      const isAnswer = error instanceof StoreFault && error.kind !== 'connection'
      if (isAnswer) this.#server.rollback(transaction)
      else this.#server.abandon(transaction, false)
    }
    throw error
  }
}

const hasChange = ({ pieces, closed, oldest }: WindowChange): boolean =>
  pieces.length > 0 || closed.length > 0 || oldest !== undefined

const dates = new Map<number, string>()

function dateOf(day: number): string {
  let date = dates.get(day)
  if (date === undefined) {
    date = dayText(day)
    dates.set(day, date)
  }
  return date
}

const inWords = ({ of, from, to }: Batch): string => `${of.partition}:${from}-${to - 1}`
