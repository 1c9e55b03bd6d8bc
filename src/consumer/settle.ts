/**
 * The heart. Keeps G1 and G2: counts, fates, ids, rejects and the next offset of a batch move in one transaction, which
 * the ledger's next offset fences by compare-and-set. Whoever comes late finds another offset there and writes nothing.
 */
import type { Client } from 'pg'
import type { Batch } from './batch.ts'
import { sumOf } from './delta.ts'
import type { Outcome } from './store.ts'

/**
 * Settles batches of different partitions. COMMIT is not sent before every statement was answered as expected.
 * @returns what became of each. After an error nothing was written, or the answer to COMMIT was lost; the connection
 * is of no more use then, and closing it rolls back.
 */
export async function settle(client: Client, batches: readonly Batch[]): Promise<Map<Batch, Outcome>> {
  await client.query('begin')
  const outcomes = await fence(client, batches)
  const ours = batches.filter(batch => !outcomes.has(batch))
  if (ours.length > 0) {
    await advance(client, ours)
    await addCounts(client, ours)
    await keepIds(client, ours)
    await keepRejects(client, ours)
  }
  await client.query('commit')
  for (const batch of ours) outcomes.set(batch, 'settled')
  return outcomes
}

/**
 * Locks the ledger rows in partition order. A row that another transaction holds is skipped, so that no process waits
 * for a stopped one; a row that stands elsewhere than the batch begins belongs to a faster owner.
 * @returns the batches that are not to be written; `settled` where an earlier COMMIT, whose answer was lost, landed.
 */
async function fence(client: Client, batches: readonly Batch[]): Promise<Map<Batch, Outcome>> {
  const { rows } = await client.query<LedgerRow>(
    `select topic_id, partition, lineage, next_offset, rules_version, tail_epoch, tail_crc, state
       from partition_ledger
      where (topic_id, partition, lineage) in (select * from unnest($1::uuid[], $2::int[], $3::int[]))
      order by partition
        for update skip locked`,
    keyArrays(batches),
  )
  const outcomes = new Map<Batch, Outcome>()
  const rowOf = (batch: Batch) => rows.find(row => row.partition === batch.of.partition)
  const held = await whichExist(
    client,
    batches.filter(batch => rowOf(batch) === undefined),
  )
  for (const batch of batches) {
    const row = rowOf(batch)
    if (row === undefined) outcomes.set(batch, held.has(batch.of.partition) ? 'busy' : 'overtaken')
    else if (row.state !== 'open' || row.rules_version !== batch.of.rulesVersion) outcomes.set(batch, 'overtaken')
    else if (Number(row.next_offset) === batch.from) continue
    else outcomes.set(batch, isSame(row, batch) ? 'settled' : 'overtaken')
  }
  return outcomes
}

/** A row that was skipped is held by another, or is not there any more, as in a database that was put back. */
async function whichExist(client: Client, batches: readonly Batch[]): Promise<ReadonlySet<number>> {
  if (batches.length === 0) return new Set()
  const { rows } = await client.query<{ partition: number }>(
    `select partition from partition_ledger
      where (topic_id, partition, lineage) in (select * from unnest($1::uuid[], $2::int[], $3::int[]))`,
    keyArrays(batches),
  )
  return new Set(rows.map(({ partition }) => partition))
}

interface LedgerRow {
  readonly partition: number
  readonly next_offset: string
  readonly rules_version: number
  readonly tail_epoch: number | null
  readonly tail_crc: string | null
  readonly state: string
}

/** Partitions are pure folds: a ledger that stands where the batch ends, on the same log, holds the same batch. */
function isSame(row: LedgerRow, batch: Batch): boolean {
  const { epoch, crc } = batch.tail
  return Number(row.next_offset) === batch.to && row.tail_epoch === epoch && Number(row.tail_crc) === crc
}

async function advance(client: Client, batches: readonly Batch[]): Promise<void> {
  const { rowCount } = await client.query(
    `update partition_ledger as l
        set next_offset = b.next, counted = l.counted + b.counted, duplicate = l.duplicate + b.duplicate,
            rejected = l.rejected + b.rejected, skipped = l.skipped + b.skipped,
            clock_ms = b.clock_ms, tail_epoch = b.tail_epoch, tail_crc = b.tail_crc
       from unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                   $8::bigint[], $9::bigint[], $10::bigint[], $11::int[], $12::bigint[])
         as b(topic_id, partition, lineage, previous, next, counted, duplicate, rejected, skipped, clock_ms,
              tail_epoch, tail_crc)
      where l.topic_id = b.topic_id and l.partition = b.partition and l.lineage = b.lineage
        and l.next_offset = b.previous and l.state = 'open'`,
    [
      ...keyArrays(batches),
      batches.map(batch => batch.from),
      batches.map(batch => batch.to),
      batches.map(batch => batch.counted),
      batches.map(batch => batch.duplicate),
      batches.map(batch => batch.rejected),
      batches.map(batch => batch.skipped),
      batches.map(batch => batch.clockMs),
      batches.map(batch => batch.tail.epoch),
      batches.map(batch => batch.tail.crc),
    ],
  )
  if (rowCount !== batches.length) throw new Error(`advanced ${rowCount} of ${batches.length} locked ledger rows`)
}

/** In key order, so that two consumers that count into the same rows wait for each other but never in a circle. */
async function addCounts(client: Client, batches: readonly Batch[]): Promise<void> {
  const columns: (string | number)[][] = [[], [], [], [], [], []]
  for (const [day, users] of sumOf(batches.map(batch => batch.delta))) {
    for (const [userId, items] of users) {
      for (const [itemId, { view, click, purchase }] of items) {
        columns[0]!.push(userId)
        columns[1]!.push(day)
        columns[2]!.push(itemId)
        columns[3]!.push(view)
        columns[4]!.push(click)
        columns[5]!.push(purchase)
      }
    }
  }
  const rows = columns[0]!.length
  if (rows === 0) return
  const { rowCount } = await client.query(
    `insert into daily_user_item_summary as s (user_id, date, item_id, view_count, click_count, purchase_count)
     select user_id, date '1970-01-01' + day, item_id, views, clicks, purchases
       from unnest($1::uuid[], $2::int[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[])
         as d(user_id, day, item_id, views, clicks, purchases)
      order by 1, 2, 3
         on conflict (user_id, date, item_id) do update
        set view_count = s.view_count + excluded.view_count,
            click_count = s.click_count + excluded.click_count,
            purchase_count = s.purchase_count + excluded.purchase_count`,
    // Written as array literals: neither ids nor numbers need quotes, which the client's own encoding would look for.
    columns.map(column => `{${column.join(',')}}`),
  )
  if (rowCount !== rows) throw new Error(`wrote ${rowCount} of ${rows} count rows`)
}

/** New ids go in, closed segments become one row each, segments that left the window go. */
async function keepIds(client: Client, batches: readonly Batch[]): Promise<void> {
  const pieces = batches.flatMap(batch => batch.window.pieces.map(piece => ({ batch, piece })))
  if (pieces.length > 0) {
    await client.query(
      `insert into event_ids (topic_id, partition, lineage, segment, first_offset, first_ms, newest_ms, ids)
       select * from unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                            $8::bytea[])`,
      [
        ...keyArrays(pieces.map(({ batch }) => batch)),
        pieces.map(({ piece }) => piece.segment),
        pieces.map(({ piece }) => piece.firstOffset),
        pieces.map(({ piece }) => piece.firstMs),
        pieces.map(({ piece }) => piece.newestMs),
        pieces.map(({ piece }) => piece.ids),
      ],
    )
  }
  for (const { of, window } of batches) {
    const key = [of.topicId, of.partition, of.lineage]
    if (window.oldest !== undefined) {
      const leave = 'delete from event_ids where topic_id = $1 and partition = $2 and lineage = $3 and segment < $4'
      await client.query(leave, [...key, window.oldest])
    }
    if (window.closed.length > 0) {
      await client.query(
        `with pieces as (
           delete from event_ids
            where topic_id = $1 and partition = $2 and lineage = $3 and segment = any($4::bigint[]) returning *)
         insert into event_ids
         select topic_id, partition, lineage, segment, min(first_offset), min(first_ms), max(newest_ms),
                string_agg(ids, ''::bytea order by first_offset)
           from pieces group by topic_id, partition, lineage, segment`,
        [...key, window.closed],
      )
    }
  }
}

/** Keeps G4: a bad record lies here, byte for byte, from the moment its offset is passed. */
async function keepRejects(client: Client, batches: readonly Batch[]): Promise<void> {
  const rejects = batches.flatMap(batch => batch.rejects.map(reject => ({ batch, reject })))
  if (rejects.length === 0) return
  const { rowCount } = await client.query(
    `insert into rejects (topic_id, partition, lineage, "offset", reason, pointer, detail, key, value, headers, append_ms)
     select * from unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                          $8::bytea[], $9::bytea[], $10::bytea[], $11::bigint[])`,
    [
      ...keyArrays(rejects.map(({ batch }) => batch)),
      rejects.map(({ reject }) => reject.offset),
      rejects.map(({ reject }) => reject.reason),
      rejects.map(({ reject }) => reject.pointer),
      rejects.map(({ reject }) => reject.detail),
      rejects.map(({ reject }) => reject.key),
      rejects.map(({ reject }) => reject.value),
      rejects.map(({ reject }) => reject.headers),
      rejects.map(({ reject }) => reject.appendMs),
    ],
  )
  if (rowCount !== rejects.length) throw new Error(`kept ${rowCount} of ${rejects.length} rejects`)
}

function keyArrays(batches: readonly Batch[]): [string[], number[], number[]] {
  return [
    batches.map(({ of }) => of.topicId),
    batches.map(({ of }) => of.partition),
    batches.map(({ of }) => of.lineage),
  ]
}
