/**
 * Copies what there is to prove out of PostgreSQL, in one snapshot that is let go at once: a snapshot that is held keeps
 * the server from clearing up after hot rows, which slows live counting down. The copies lie in temporary files.
 */
import type { Client } from 'pg'
import { connectCopier } from '../../postgres/connect.ts'
import { copyOut, Fields } from '../../postgres/copy-out.ts'
import type { Config } from '../../runtime/config.ts'
import { beginBooks } from '../books/books.ts'
import type { Place } from '../recount/record-place.ts'
import { type Repair, RepairBook } from '../recount/repair-book.ts'
import { Spill } from '../recount/spill.ts'
import { type Lineage, withCheckpoints } from './ledger.ts'
import { RowFile } from './row-file.ts'
import type { Scope } from './scope.ts'
import { writeSegment } from './segment-file.ts'

/** Rows of lineages that the ledger does not know. */
export interface Stray {
  readonly table: 'rejects' | 'event_ids'
  readonly topicId: string
  readonly partition: number
  readonly lineage: number
  readonly rows: number
}

export interface Snapshot {
  readonly topic: string
  readonly idKey: Buffer
  readonly lineages: readonly Lineage[]
  /** The summary's rows, as far as the scope wants them; the recount adds its own. */
  readonly rows: RowFile
  readonly rowCount: number
  /** Buckets by the index of a lineage. */
  readonly rejects: Spill
  /** Has the repairs that the rejects name. */
  readonly book: RepairBook
  readonly ids: Spill
  readonly strays: readonly Stray[]
  readonly takenAt: string
  /** How long the snapshot was held. */
  readonly heldMs: number
}

/** @throws when the tables are not as this version needs them, or belong to another topic. */
export async function takeSnapshot(config: Config, scope: Scope): Promise<Snapshot> {
  const client = await connectCopier(config, 'footfall verify')
  const rows = new RowFile()
  const rejects = new Spill()
  const book = new RepairBook(new Spill())
  const ids = new Spill()
  try {
    const began = performance.now()
    const books = await beginBooks(client, config.kafka.topic, scope.partition)
    const lineages = await withCheckpoints(client, books.lineages)
    for (const lineage of lineages) {
      // What counts depends on rejects, too: they say what a repair may stand for where the log does not reach back.
      await copyRejects(client, lineage, rejects, book)
      if (scope.isOfPartitions) await copyIds(client, lineage, ids)
    }
    const strays = scope.isOfPartitions ? await readStrays(client, scope.partition) : []
    const rowCount = scope.isOfRows ? await copyRows(client, scope, rows) : 0
    await client.query('commit')
    return {
      topic: config.kafka.topic,
      idKey: books.idKey,
      lineages,
      rows,
      rowCount,
      rejects,
      book,
      ids,
      strays,
      takenAt: books.asOf,
      heldMs: performance.now() - began,
    }
  } finally {
    await client.end()
  }
}

/** The where of one lineage, written out: COPY takes no parameters. Its parts come from the database, not from people. */
function of({ topicId, partition, lineage }: Lineage): string {
  return `where topic_id = '${topicId}' and partition = ${partition} and lineage = ${lineage}`
}

/** As `digestOf` in recount.ts makes it of a record. */
const rejectDigest = `sha256(int8send(append_ms) || int4send(coalesce(length(key), -1)) || int4send(length(value))
  || int4send(length(headers)) || coalesce(key, ''::bytea) || value || headers)`

const placeColumns = (of: 'origin' | 'repaired') =>
  `coalesce(${of}_topic_id || '/' || partition || '/' || ${of}_lineage || '/' || ${of}_offset, '')`

async function copyRejects(client: Client, lineage: Lineage, into: Spill, book: RepairBook): Promise<void> {
  const select = `select "offset", ${rejectDigest}, reason, pointer, ${placeColumns('origin')},
                         ${placeColumns('repaired')}, coalesce(repaired_as, '')
                    from rejects ${of(lineage)} order by "offset"`
  await copyOut(client, select, (bytes, at) => {
    const fields = new Fields(bytes, at)
    const offset = fields.bigint()
    const head = Buffer.alloc(8)
    head.writeDoubleLE(offset)
    const digest = fields.bytes()
    const words = Buffer.from([fields.text(), fields.text(), fields.text()].join('\n'))
    into.writeFrame(lineage.index, Buffer.concat([head, digest, words]))
    const by = fields.text()
    if (by === '') return
    const { topicId, partition } = lineage
    const origin = { topicId, partition, lineage: lineage.lineage, offset }
    book.addStored(origin, repairOf(by, fields.text() as Repair['as'], origin))
  })
}

function repairOf(text: string, as: Repair['as'], origin: Place): Repair {
  const [topicId, ...numbers] = text.split('/') as [string, ...string[]]
  const [partition, lineage, offset] = numbers.map(Number) as [number, number, number]
  // One string for all: there may be a million.
  return { topicId: topicId === origin.topicId ? origin.topicId : topicId, partition, lineage, offset, as }
}

async function copyIds(client: Client, lineage: Lineage, into: Spill): Promise<void> {
  const select = `select segment, first_ms, newest_ms, ids from event_ids ${of(lineage)} order by segment, first_offset`
  await copyOut(client, select, (bytes, at) => {
    const fields = new Fields(bytes, at)
    const [name, firstMs, newestMs] = [fields.bigint(), fields.bigint(), fields.bigint()]
    writeSegment(into, lineage.index, { name, firstMs, newestMs, ids: fields.bytes() })
  })
}

async function copyRows(client: Client, { date, user }: Scope, into: RowFile): Promise<number> {
  // Both were checked to be what they are called.
  const where = [date && `date = '${date}'`, user && `user_id = '${user}'`].filter(Boolean).join(' and ') || 'true'
  const select = `select user_id, date, item_id, view_count, click_count, purchase_count from daily_user_item_summary`
  return copyOut(client, `${select} where ${where}`, (bytes, at) => into.addStored(bytes, at))
}

async function readStrays(client: Client, partition: number | undefined): Promise<Stray[]> {
  const strays: Stray[] = []
  for (const table of ['rejects', 'event_ids'] as const) {
    const { rows } = await client.query<Stray>(
      `select '${table}' as table, topic_id as "topicId", partition, lineage, count(*)::int as rows from ${table} t
        where ($1::int is null or partition = $1) and not exists (
          select from partition_ledger l
           where (l.topic_id, l.partition, l.lineage) = (t.topic_id, t.partition, t.lineage))
        group by topic_id, partition, lineage order by topic_id, partition, lineage limit 100`,
      [partition ?? null],
    )
    strays.push(...rows)
  }
  return strays
}
