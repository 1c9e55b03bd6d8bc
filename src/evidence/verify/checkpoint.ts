/**
 * Checkpoints: how far a lineage was proven by its log, and what had to be known to go on from there. What a checkpoint
 * says is what the recount found, never what the tables say.
 */
import type { Client } from 'pg'
import { faultKind, sqlState } from '../../postgres/fault.ts'
import { type FateName, fateNames } from '../books/ledger.ts'
import { keyText, type LineageKey } from '../recount/record-place.ts'
import type { Remembered } from '../recount/remembered.ts'
import type { StoredSegment } from './segment-file.ts'

export interface Checkpoint {
  readonly nextOffset: number
  readonly fates: Readonly<Record<FateName, number>>
  readonly clockMs: number
  readonly rejectsDigest: bigint
  /** By day, in days since 1970-01-01. */
  readonly days: ReadonlyMap<number, bigint>
  readonly recordedAt: string
}

/** By {@link keyText}. */
export async function readCheckpoints(client: Client): Promise<Map<string, Checkpoint>> {
  const { rows: days } = await client.query<LineageKey & { readonly day: number; readonly digest: Buffer }>(
    `select topic_id as "topicId", partition, lineage, date - date '1970-01-01' as day, digest from checkpoint_days`,
  )
  const { rows } = await client.query<CheckpointRow>(
    `select topic_id as "topicId", partition, lineage, next_offset::float8 as "nextOffset",
            ${fateNames.map(fate => `${fate}::float8`).join(', ')}, clock_ms::float8 as "clockMs",
            rejects_digest as "rejectsDigest",
            to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "recordedAt" from checkpoints`,
  )
  const byKey = new Map<string, Map<number, bigint>>()
  for (const row of days) {
    const known = byKey.get(keyText(row)) ?? new Map<number, bigint>()
    byKey.set(keyText(row), known.set(row.day, digestFrom(row.digest)))
  }
  return new Map(
    rows.map(({ counted, duplicate, rejected, skipped, lost, rejectsDigest, ...row }) => {
      const fates = { counted, duplicate, rejected, skipped, lost }
      const days = byKey.get(keyText(row)) ?? new Map<number, bigint>()
      return [keyText(row), { ...row, fates, rejectsDigest: digestFrom(rejectsDigest), days }]
    }),
  )
}

type CheckpointRow = LineageKey &
  Omit<Checkpoint, 'fates' | 'days' | 'rejectsDigest'> &
  Checkpoint['fates'] & { readonly rejectsDigest: Buffer }

/** Fills a window with the ids that a checkpoint remembers. @returns false when it was replaced meanwhile. */
export async function restoreWindow(
  client: Client,
  of: LineageKey,
  nextOffset: number,
  window: Remembered,
): Promise<boolean> {
  const key = [of.topicId, of.partition, of.lineage]
  await client.query('begin isolation level repeatable read read only')
  try {
    const same = 'select from checkpoints where (topic_id, partition, lineage, next_offset) = ($1, $2, $3, $4)'
    if ((await client.query(same, [...key, nextOffset])).rowCount === 0) return false
    const { rows: segments } = await client.query<{ segment: string }>(
      'select segment from checkpoint_ids where (topic_id, partition, lineage) = ($1, $2, $3) order by segment',
      key,
    )
    for (const { segment } of segments) {
      const { rows } = await client.query<{ first_ms: string; newest_ms: string; ids: Buffer }>(
        `select first_ms, newest_ms, ids from checkpoint_ids
          where (topic_id, partition, lineage, segment) = ($1, $2, $3, $4)`,
        [...key, segment],
      )
      const { first_ms, newest_ms, ids } = rows[0]!
      window.open(Number(segment), Number(first_ms))
      const words = new Uint32Array(4)
      for (let at = 0; at < ids.length; at += 16) {
        for (let i = 0; i < 4; i++) words[i] = ids.readUInt32LE(at + 4 * i)
        window.add(words, -1, Number(newest_ms), 0)
      }
    }
    return true
  } finally {
    await client.query('commit')
  }
}

export interface NewCheckpoint extends LineageKey, Omit<Checkpoint, 'recordedAt'> {
  readonly segments: Iterable<StoredSegment>
}

/**
 * Replaces the lineage's checkpoint, unless there is one that reaches further.
 * @returns undefined when it stands; else why it cannot be written.
 */
export async function recordCheckpoint(client: Client, one: NewCheckpoint): Promise<string | undefined> {
  const key = [one.topicId, one.partition, one.lineage]
  try {
    await client.query('begin')
    const { rowCount } = await client.query(
      `insert into checkpoints as c (topic_id, partition, lineage, next_offset, ${fateNames.join(', ')}, clock_ms, rejects_digest)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           on conflict (topic_id, partition, lineage) do update
          set next_offset = excluded.next_offset, ${fateNames.map(fate => `${fate} = excluded.${fate}`).join(', ')},
              clock_ms = excluded.clock_ms, rejects_digest = excluded.rejects_digest, recorded_at = now()
        where c.next_offset <= excluded.next_offset`,
      [
        ...[...key, one.nextOffset, ...fateNames.map(fate => one.fates[fate]), one.clockMs],
        digestBytes(one.rejectsDigest),
      ],
    )
    if (rowCount === 1) await replaceParts(client, key, one)
    await client.query('commit')
    return undefined
  } catch (error) {
    await client.query('rollback').catch(() => {})
    if (sqlState(error) === '42501') return 'this user may not write checkpoints'
    if (faultKind(error) === undefined) throw error
    return (error as Error).message
  }
}

async function replaceParts(client: Client, key: readonly unknown[], one: NewCheckpoint): Promise<void> {
  const ofKey = 'where (topic_id, partition, lineage) = ($1, $2, $3)'
  await client.query(`delete from checkpoint_days ${ofKey}`, [...key])
  await client.query(`delete from checkpoint_ids ${ofKey}`, [...key])
  await client.query(
    `insert into checkpoint_days (topic_id, partition, lineage, date, digest)
     select $1, $2, $3, date '1970-01-01' + day, digest from unnest($4::int[], $5::bytea[]) as d(day, digest)`,
    [...key, [...one.days.keys()], [...one.days.values()].map(digestBytes)],
  )
  for (const { name, firstMs, newestMs, ids } of one.segments) {
    await client.query('insert into checkpoint_ids values ($1, $2, $3, $4, $5, $6, $7)', [
      ...[...key, name, firstMs, newestMs, ids],
    ])
  }
}

const digestBytes = (digest: bigint): Buffer => Buffer.from(digest.toString(16).padStart(32, '0'), 'hex')
const digestFrom = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`)
