/**
 * The tables over PostgreSQL. Two connections: one settles and nothing else, the other reads, so that opening a
 * partition with a large window never holds up the counting.
 */
import type { Client } from 'pg'
import type { Position } from '../event/origin.ts'
import { connectWriter } from '../postgres/connect.ts'
import { faultKind, sqlState } from '../postgres/fault.ts'
import { checkMigrated } from '../postgres/migrate.ts'
import { grantsMend } from '../postgres/rights.ts'
import { NewerDatabase } from '../postgres/unfit-database.ts'
import type { Config } from '../runtime/config.ts'
import type { Batch } from './batch.ts'
import type { Busy } from './busiest.ts'
import type { Standing } from './fold.ts'
import { install } from './install.ts'
import { NewRows } from './new-rows.ts'
import { noteBusiest } from './note-busiest.ts'
import { halt, haltGone, moveStart, open, places } from './open.ts'
import type { KnownOrigins } from './origins.ts'
import { readOrigins } from './read-origins.ts'
import { settle } from './settle.ts'
import { statementsOf } from './settle-statements.ts'
import { type Halt, type Installation, type Opened, type Outcome, type Seen, type Store, StoreFault } from './store.ts'

export class PostgresStore implements Store {
  readonly #writer: Line
  readonly #reader: Line
  readonly #newRows = new NewRows()
  #idKey: Buffer | undefined

  constructor(config: Pick<Config, 'postgres'>) {
    this.#writer = new Line(config, 'footfall consumer')
    this.#reader = new Line(config, 'footfall consumer, reading')
  }

  async install(topic: string, rules: Config['rules']): Promise<Installation> {
    const installation = await this.#reader.use(client => install(client, topic, rules))
    this.#idKey = installation.idKey
    return installation
  }

  open(topicId: string, partition: number, logStart: number): Promise<Opened> {
    return this.#reader.use(client => open(client, this.#idKey!, topicId, partition, logStart))
  }

  places(partitions: readonly number[]): Promise<Pick<Standing, 'of' | 'nextOffset'>[]> {
    return this.#reader.use(client => places(client, partitions))
  }

  origins(fold: Pick<Standing, 'of' | 'nextOffset'>, origin: Position): Promise<KnownOrigins | undefined> {
    return this.#reader.use(client => readOrigins(client, fold, origin))
  }

  settle(batches: readonly Batch[]): Promise<ReadonlyMap<Batch, Outcome>> {
    return this.#writer.use(client => settle(statementsOf(client, this.#newRows), batches))
  }

  moveStart(standing: Standing, logStart: number): Promise<boolean> {
    return this.#reader.use(client => moveStart(client, standing, logStart))
  }

  halt(standing: Pick<Standing, 'of' | 'nextOffset'>, why: Halt): Promise<boolean> {
    return this.#reader.use(client => halt(client, standing, why))
  }

  haltGone(topicId: string, partitions: number): Promise<void> {
    return this.#reader.use(client => haltGone(client, topicId, partitions))
  }

  watch(owner: string, seen: readonly Seen[]): Promise<void> {
    const column = (name: keyof Seen) => seen.map(one => one[name])
    return this.#reader.use(async client => {
      await client.query(
        `insert into partition_watch as w (partition, owner, log_start, log_end, seen_at)
         select partition, $1, log_start, log_end, now() - make_interval(secs => ms_ago / 1000.0)
           from unnest($2::int[], $3::bigint[], $4::bigint[], $5::int[]) as s(partition, log_start, log_end, ms_ago)
          order by 1
             on conflict (partition) do update
            set (owner, log_start, log_end, seen_at)
              = (excluded.owner, excluded.log_start, excluded.log_end, excluded.seen_at)`,
        [owner, column('partition'), column('logStart'), column('logEnd'), column('msAgo')],
      )
    })
  }

  noteBusiest(owner: string, busiest: readonly Busy[]): Promise<void> {
    return this.#reader.use(client => noteBusiest(client, owner, busiest))
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#reader.close()])
  }
}

/** SQLSTATEs of a table, a column or a function that is not there. */
const absences: ReadonlySet<string | undefined> = new Set(['42P01', '42703', '42883'])

/**
 * A newer version may have taken away what this one needs, and will not bring it back. Tables that are being put back
 * from a dump, on the other hand, are worth waiting for.
 */
async function refuseNewerTables(client: Client): Promise<void> {
  try {
    await client.query('rollback')
    await checkMigrated(client)
  } catch (error) {
    if (!(error instanceof NewerDatabase)) return // the first error says it better
    await client.end()
    throw error
  }
}

/** A right is missing: as likely as not since an upgrade that needs another one. */
function withMend(error: Error): Error {
  return new Error(`${error.message}: ${grantsMend}`, { cause: error })
}

/** One connection, opened when needed, used by one caller at a time, replaced after any failure. */
class Line {
  readonly #config: Pick<Config, 'postgres'>
  readonly #application: string
  #client: Client | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(config: Pick<Config, 'postgres'>, application: string) {
    this.#config = config
    this.#application = application
  }

  use<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#attempt(work))
    this.#last = turn.catch(() => {})
    return turn
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#last
    await this.#client?.end()
  }

  async #attempt<T>(work: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreFault('connection', undefined, 'the store is closed')
    try {
      this.#client ??= await connectWriter(this.#config, this.#application)
      return await work(this.#client)
    } catch (error) {
      const kind = faultKind(error)
      const client = this.#client
      this.#client = undefined
      if (client !== undefined && absences.has(sqlState(error))) await refuseNewerTables(client)
      await client?.end().catch(() => {})
      if (kind === undefined) throw error
      const state = sqlState(error)
      throw new StoreFault(kind, state, state === '42501' ? withMend(error as Error) : error)
    }
  }
}
