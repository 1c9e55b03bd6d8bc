/**
 * The consumer's `Store` over the simulated tables: the protocol of `settle.ts` as it is (its statements: `session.ts`),
 * each statement a call that can fail, be lost on the way or be the last thing its sender ever did.
 */
import type { Batch } from '../../src/consumer/batch.ts'
import type { Standing } from '../../src/consumer/fold.ts'
import { settle } from '../../src/consumer/settle.ts'
import { type Opened, type Outcome, type Store, StoreFault } from '../../src/consumer/store.ts'
import type { Position } from '../../src/event/origin.ts'
import { blocked, type Host, numbered, type Scheduler } from './scheduler.ts'
import { Session } from './session.ts'
import { keyOf, type Row, SqlError, type Tables, type Transaction } from './tables.ts'

/** As the session settings of a writer. */
export const transactionMsMax = 5_000
export const lockMsMax = 3_000
/** How many rejects `read-origins.ts` reads at once; fewer here, so that the edge is near. */
const originsMax = 2
const openOf = numbered('open')

/** What PostgreSQL and the way to it do wrong in a schedule. Probabilities are of a statement. */
export interface StoreTrouble {
  /** The connection breaks, before or after the statement was done. */
  lose: number
  /** PostgreSQL refuses for a while: full, read-only, shut down. */
  refuse: number
  /** An answer that the values cannot be stored. */
  refuseData: number
  /** Set: every statement fails with this SQLSTATE. */
  outage: string | undefined
  /** A batch that holds this offset of this partition is refused for its values, always. */
  poison: { readonly partition: number; readonly offset: number } | undefined
}

export class Server {
  readonly tables: Tables
  readonly trouble: StoreTrouble = { lose: 0, refuse: 0, refuseData: 0, outage: undefined, poison: undefined }
  /** Hears of every change that was committed, before anybody else does. */
  onCommit: (settled: readonly Batch[]) => void = () => {}
  readonly #scheduler: Scheduler
  readonly #seen: (what: string) => void
  /** The server itself does what clients did not wait for. */
  readonly #self: Host
  readonly open = new Set<Transaction>()
  /** Why a constraint first refused a row: a halt hides it from those that count, and a person skips what was good. */
  refusedRow: string | undefined

  constructor(tables: Tables, scheduler: Scheduler, self: Host, seen: (what: string) => void) {
    this.tables = tables
    this.#scheduler = scheduler
    this.#self = self
    this.#seen = seen
  }

  storeOf(host: Host): Store {
    return {
      install: () => Promise.reject(new Error('a simulated database is installed')),
      open: (topicId, partition, logStart) => this.#open(host, topicId, partition, logStart),
      places: partitions => this.#one(host, 'places', () => this.#places(partitions)),
      origins: (fold, origin) => this.#one(host, 'origins', () => this.#origins(fold, origin)),
      settle: batches => this.#settle(host, batches),
      moveStart: (standing, logStart) =>
        this.#one(host, `move start of ${standing.of.partition} to ${logStart}`, () =>
          this.moveStart(standing, logStart),
        ),
      halt: (at, why) => this.#one(host, `halt ${at.of.partition} ${why.reason}`, () => this.halt(at, why)),
      haltGone: (topicId, partitions) => this.#one(host, 'halt gone', () => this.haltGone(topicId, partitions)),
      watch: async () => {},
      noteBusiest: async () => {},
      close: async () => {},
    }
  }

  async #settle(host: Host, batches: readonly Batch[]): Promise<Map<Batch, Outcome>> {
    const session = new Session(this, this.#scheduler, host)
    const outcomes = await settle(session, batches)
    for (const [batch, outcome] of outcomes) {
      if (outcome === 'busy') this.#seen('a row left for the next settle')
      if (outcome === 'settled' && !session.wrote(batch)) this.#seen('a batch that had landed was recognised')
    }
    return outcomes
  }

  /** Whether a statement gets through, and whether its answer comes back. @throws StoreFault */
  #one<T>(host: Host, kind: string, effect: () => T | typeof blocked): Promise<T> {
    const patient = this.patient(effect)
    return this.#scheduler.call(host, kind, () => {
      this.failBefore()
      const isLost = this.trouble.lose > 0 && this.#scheduler.dice.chance(this.trouble.lose / 2)
      const result = this.tried(patient)
      if (isLost && result !== blocked) throw this.lost('the answer')
      return result
    })
  }

  /** Waits for a lock as long as PostgreSQL lets it. */
  patient<T>(effect: () => T | typeof blocked): () => T | typeof blocked {
    let sinceMs = -1
    return () => {
      const result = effect()
      if (result !== blocked) return result
      const { nowMs } = this.#scheduler
      if (sinceMs < 0) {
        sinceMs = nowMs
        this.#seen('a lock waited for')
        this.#scheduler.after(this.#self, lockMsMax, () => this.#scheduler.unblock())
      } else if (nowMs - sinceMs >= lockMsMax) {
        throw this.refused('55P03')
      }
      return blocked
    }
  }

  /** @throws StoreFault, as often as the schedule wants it. */
  failBefore(): void {
    const { dice } = this.#scheduler
    const { outage, lose, refuse, refuseData } = this.trouble
    if (outage !== undefined) throw outage === 'connection' ? this.lost('the way') : this.refused(outage)
    if (lose > 0 && dice.chance(lose / 2)) throw this.lost('the statement')
    if (refuse > 0 && dice.chance(refuse)) throw this.refused(dice.pick(['40P01', '53100', '25006', '57014', '55P03']))
    if (refuseData > 0 && dice.chance(refuseData)) throw this.refused('22003')
  }

  lost(what: string): StoreFault {
    this.#seen('a connection lost')
    return new StoreFault('connection', undefined, `Connection terminated unexpectedly: ${what} was lost`)
  }

  refused(sqlState: string): StoreFault {
    this.#seen(`SQLSTATE ${sqlState}`)
    const kind = /^(22|23|54)/.test(sqlState) ? 'data' : 'platform'
    return new StoreFault(kind, sqlState, `refused with ${sqlState}`)
  }

  /** Answers of the server become faults as `postgres-store.ts` makes them. */
  tried<T>(effect: () => T): T {
    try {
      return effect()
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      this.refusedRow ??= error.message
      throw new StoreFault('data', error.sqlState, error)
    }
  }

  /** A statement of its own that changes one ledger row: waits for whoever holds it. */
  change(key: string, change: (row: Row) => Row | undefined): boolean | typeof blocked {
    const row = this.tables.ledger.get(key)
    if (row === undefined) return false
    if (this.tables.holder(key, undefined) !== undefined) return blocked
    const after = change(row)
    if (after === undefined) return false
    this.tables.put(after)
    this.onCommit([])
    return true
  }

  moveStart({ of, nextOffset }: Pick<Standing, 'of' | 'nextOffset'>, logStart: number): boolean | typeof blocked {
    return this.change(keyOf(of), row =>
      row.next === nextOffset && row.start === row.next && row.state === 'open'
        ? { ...row, start: logStart, next: logStart }
        : undefined,
    )
  }

  halt({ of, nextOffset }: Pick<Standing, 'of' | 'nextOffset'>, halt: NonNullable<Row['halt']>) {
    return this.change(keyOf(of), row =>
      row.next === nextOffset && row.state === 'open' ? { ...row, state: 'halted', halt } : undefined,
    )
  }

  haltGone(topicId: string, partitions: number): undefined | typeof blocked {
    const gone = this.tables.currentRows.filter(
      row => row.topicId !== topicId && row.partition >= partitions && row.state === 'open',
    )
    if (gone.length === 0) return undefined
    if (gone.some(row => this.tables.holder(keyOf(row), undefined) !== undefined)) return blocked
    const detail = 'the topic was created again and has no such partition now'
    for (const row of gone) {
      const halt = { reason: 'recreated', from: row.next, to: row.next, detail } as const
      this.tables.put({ ...row, state: 'halted', halt })
    }
    this.onCommit([])
    return undefined
  }

  async #open(host: Host, topicId: string, partition: number, logStart: number): Promise<Opened> {
    const kind = openOf(partition)
    const opened = await this.#one(host, kind, () => this.read(partition))
    if (opened !== undefined) return opened
    await this.#one(host, `begin ${partition} at ${logStart}`, () => this.begin(topicId, partition, logStart))
    return (await this.#one(host, kind, () => this.read(partition)))!
  }

  read(partition: number): Opened | undefined {
    const row = this.tables.current(partition)
    if (row === undefined) return undefined
    const { topicId, lineage, rulesVersion, next, clockMs, tail, halt, start } = row
    const of = { topicId, partition, lineage, rulesVersion }
    const ids = halt === undefined ? row.ids : []
    const rules = this.tables.rules.find(({ version }) => version === rulesVersion)!
    return { standing: { of, nextOffset: next, clockMs, tail, ids }, startOffset: start, halt, rules }
  }

  begin(topicId: string, partition: number, logStart: number): void {
    const rows = this.tables.currentRows
    // on conflict do nothing: the key, and one current lineage
    const key = keyOf({ topicId, partition, lineage: 1 })
    if (this.tables.ledger.has(key) || rows.some(row => row.partition === partition)) return
    const isRecreated =
      rows.some(row => row.topicId !== topicId) && !rows.some(row => row.topicId === topicId && row.state === 'open')
    const detail = 'the other partitions were counted under another topic id'
    this.tables.put({
      ...nothingCounted,
      topicId,
      partition,
      lineage: 1,
      start: logStart,
      next: logStart,
      rulesVersion: this.tables.rules.at(-1)!.version,
      ...(isRecreated && { state: 'halted', halt: { reason: 'recreated', from: logStart, to: logStart, detail } }),
    })
    this.onCommit([])
  }

  #places(partitions: readonly number[]) {
    return this.tables.currentRows
      .filter(row => row.state === 'open' && partitions.includes(row.partition))
      .map(row => ({ of: row, nextOffset: row.next }))
  }

  #origins({ of, nextOffset }: Pick<Standing, 'of' | 'nextOffset'>, origin: Position) {
    if (this.tables.ledger.get(keyOf(of))?.next !== nextOffset) return undefined
    const { topicId, lineage, offset } = origin
    const kept = this.tables.rejects.get(keyOf({ topicId, partition: of.partition, lineage })) ?? []
    const found = kept
      .filter(({ reject }) => reject.offset >= offset && reject.origin === undefined)
      .slice(0, originsMax)
      .map(({ reject, repair }) => [reject.offset, repair !== undefined] as const)
    const end = topicId === of.topicId && lineage === of.lineage ? nextOffset : Number.MAX_SAFE_INTEGER
    const to = found.length < originsMax ? end : found.at(-1)![0] + 1
    return { topicId, lineage, from: offset, to, repaired: new Map(found) }
  }

  /** A client is gone. What it sent last may still be done; the server sees the end of the connection sooner or later. */
  abandon(transaction: Transaction, isCommitSent: boolean): void {
    if (transaction.isOver) return
    const { dice } = this.#scheduler
    const mayLand = isCommitSent && dice.chance(0.5)
    const end = () => {
      if (transaction.isOver) return
      if (mayLand) this.land(transaction, 'a COMMIT whose sender had given up landed')
      else this.rollback(transaction)
    }
    if (dice.chance(0.5)) end()
    else void this.#scheduler.after(this.#self, dice.below(1_500), end)
  }

  land(transaction: Transaction, what?: string): void {
    this.tried(() => this.tables.commit(transaction))
    this.open.delete(transaction)
    this.#scheduler.unblock()
    this.onCommit(transaction.batches)
    for (const batch of transaction.batches) this.#sawSettled(batch)
    if (what !== undefined) this.#seen(what)
  }

  #sawSettled(batch: Batch): void {
    if (batch.duplicate > 0) this.#seen('a duplicate')
    if (batch.window.oldest !== undefined) this.#seen('ids left the window')
    if (batch.window.closed.length > 0) this.#seen('a segment closed')
    for (const { as } of batch.repairs) {
      this.#seen(as === 'counted' ? 'a repair counted' : 'a repair found its event counted')
    }
    for (const { reason } of batch.rejects) if (reason === 'unknown_origin') this.#seen('an origin that is none')
  }

  rollback(transaction: Transaction): void {
    this.tables.rollback(transaction)
    this.open.delete(transaction)
    this.#scheduler.unblock()
  }

  /** The server's own limit of a transaction. */
  limit(transaction: Transaction): void {
    const cancel = this.#scheduler.after(this.#self, transactionMsMax, () => {
      if (transaction.isOver) return
      this.#seen('a transaction ended by the server')
      this.rollback(transaction)
    })
    transaction.onEnd = cancel
  }
}

const nothingCounted = {
  counted: 0,
  duplicate: 0,
  rejected: 0,
  skipped: 0,
  lost: 0,
  clockMs: -1,
  tail: undefined,
  state: 'open',
  halt: undefined,
  ids: [],
} as const
