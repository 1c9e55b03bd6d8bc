/**
 * The records that simulated logs are made of: few users, items and ids, so that they meet. Each comes with what the
 * contract says of it, found once by the plain judge.
 */
import { crc32c } from '@node-rs/crc32'
import { encodeBatch, encodeMarker, type LogRecord } from '../support/encode-log.ts'
import { plainInstant, plainJudge } from '../support/plain-judge.ts'
import { Dice } from './dice.ts'
import { wallStartMs } from './scheduler.ts'

/** What a value is, but for its age, which depends on when it was appended. */
export type Meaning =
  | { readonly is: 'null' }
  | { readonly is: 'bad'; readonly reason: string; readonly pointer: string }
  | {
      readonly is: 'event'
      /** user|date|item, as the counts are kept */
      readonly row: string
      readonly activity: 0 | 1 | 2
      /** user and id; undefined: without one */
      readonly id: string | undefined
      readonly instant: number
    }

export interface Word {
  readonly value: Buffer | null
  readonly meaning: Meaning
}

export interface Template {
  readonly words: readonly Word[]
  /** Sender's times, relative to the first record's. */
  readonly deltas: readonly number[]
  readonly brokerTime: boolean
  /** Its sender gave no time. */
  readonly timeless: boolean
  readonly transactional: boolean
  readonly bytes: Buffer
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
export const activities = ['view', 'click', 'purchase'] as const
const users = ['550e8400-e29b-41d4-a716-446655440000', 'AAAAAAAA-e29b-41d4-a716-446655440000']
const items = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']
const idsPerUser = 8

function wordOf(value: Buffer | null): Word {
  if (value === null) return { value, meaning: { is: 'null' } }
  const verdict = plainJudge(value, -1, { maxAgeDays: 0, maxAheadMinutes: 0 })
  if ('reason' in verdict) return { value, meaning: { is: 'bad', ...verdict } }
  const { userId, itemId, activity, date, eventId } = verdict
  const { timestamp } = JSON.parse(value.toString()) as { timestamp: string }
  return {
    value,
    meaning: {
      is: 'event',
      row: `${userId}|${date}|${itemId}`,
      activity: activities.indexOf(activity as 'view') as 0 | 1 | 2,
      id: eventId === undefined ? undefined : userId + eventId,
      instant: plainInstant(timestamp)!,
    },
  }
}

/** The id of an event, undefined: none. */
type DrawId = (dice: Dice) => string | undefined
const fromFew: DrawId = dice => (dice.chance(0.15) ? undefined : `id-${dice.below(idsPerUser)}`)

function event(dice: Dice, aheadMs: number, drawId: DrawId): Word {
  const event_id = drawId(dice)
  const activity_type = dice.pick(activities)
  const timestamp = new Date(wallStartMs + aheadMs).toISOString()
  const text = JSON.stringify({
    user_id: dice.pick(users),
    item_id: dice.pick(items),
    activity_type,
    timestamp,
    event_id,
  })
  return wordOf(Buffer.from(text))
}

function drawWord(dice: Dice, drawId: DrawId): Word {
  const kind = dice.below(20)
  if (kind < 1) return wordOf(null)
  if (kind < 3) return wordOf(dice.pick([Buffer.alloc(0), Buffer.from('{}'), Buffer.from([0xff]), Buffer.from('[1]')]))
  if (kind < 4) return event(dice, -dice.between(23, 30) * hourMs, drawId) // at the edge of what is too old
  if (kind < 5) return event(dice, dice.between(1, 8) * hourMs, drawId) // too far ahead, or just not
  return event(dice, dice.between(-120, 60) * minuteMs, drawId)
}

function drawTemplate(dice: Dice, drawId: DrawId, transactional = dice.chance(0.3)): Template {
  const words = Array.from({ length: dice.between(1, 5) }, () => drawWord(dice, drawId))
  const brokerTime = dice.chance(0.6)
  const timeless = !brokerTime && dice.chance(0.15)
  const deltas = words.map((_, at) => (at === 0 || timeless ? 0 : dice.between(-5, 20) * minuteMs))
  const records = words.map(({ value }, at): LogRecord => {
    const headers = dice.chance(0.3) ? ([['h', Buffer.from('1')]] as const) : []
    const key = dice.chance(0.5) ? Buffer.from('k') : null
    return { key, value, headers, timestampMs: wallStartMs + deltas[at]! }
  })
  const bytes = encodeBatch({
    baseOffset: 0,
    records,
    codec: dice.chance(0.02) ? 'snappy' : 'none', // zstd takes longer than all the rest of a schedule's reading
    transactional,
    producerId: transactional ? 1n : -1n,
    ...(brokerTime && { logAppendMs: wallStartMs }),
  })
  return { words, deltas, brokerTime, timeless, transactional, bytes }
}

const drawn = new Dice('vocabulary')
const all = Array.from({ length: 600 }, () => drawTemplate(drawn, fromFew))
export const plain = all.filter(({ transactional }) => !transactional)
export const inTransactions = all.filter(({ transactional }) => transactional)

/** What is appended next, within a transaction or not. */
export type Source = (dice: Dice, isTransactional: boolean) => Template

/** The same again and again, so that ids meet. */
export const fewIds: Source = (dice, isTransactional) => dice.pick(isTransactional ? inTransactions : plain)

/** Every event has an id, and none has that of another. */
export function ownIds(): Source {
  let ids = 0
  const drawId = () => `own-${++ids}`
  return (dice, isTransactional) => drawTemplate(dice, drawId, isTransactional)
}

export const markers = { abort: encodeMarker(0, 1n, 'abort'), commit: encodeMarker(0, 1n, 'commit') }

export interface Stamp {
  readonly first: number
  readonly epoch: number
  /** Of the batch as a whole: no two batches have the same, so that no two are the same. */
  readonly ms: number
  /** Of its first record; -1 where its sender gave none. */
  readonly firstMs: number
  /** Undefined: no idempotent one. */
  readonly producerId: number | undefined
}

/** A template's bytes at a place in the log and in time, with a checksum that is right. */
export function stamped(template: Buffer, { first, epoch, ms, firstMs, producerId }: Stamp): Buffer {
  const bytes = Buffer.allocUnsafe(template.length)
  template.copy(bytes)
  bytes.writeUInt32BE(first, 4)
  bytes.writeInt32BE(epoch, 12)
  writeMs(bytes, 27, firstMs)
  writeMs(bytes, 35, ms)
  if (producerId !== undefined) bytes.writeUInt32BE(producerId, 47)
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  return bytes
}

/** @param ms -1: unknown. */
function writeMs(bytes: Buffer, at: number, ms: number): void {
  bytes.writeInt32BE(Math.floor(ms / 2 ** 32), at)
  bytes.writeUInt32BE(ms >>> 0, at + 4)
}
