/**
 * Events as record batches, fast: bytes are copied into a template instead of objects into JSON, so that filling a
 * topic never takes longer than reading it. Repeatable: the same load and seed give the same bytes.
 */
import { crc32c } from '@platformatic/kafka'

export interface Load {
  readonly events: number
  /** Distinct user/item pairs, all on one day; each occurs. */
  readonly pairs: number
  /** Whether each event has an id of its own. */
  readonly ids: boolean
}

const headerBytes = 61
const uuidBytes = 36
const idBytes = 20
const recordBytesMax = 260
const activities = ['view', 'click', 'purchase']
const dayMs = 86_400_000
const pairsPerUser = 10
const hex = Buffer.from('0123456789abcdef')

/** @returns the next record batch of so many events of the load; its times are spread over the day before `nowMs`. */
export function eventBatches(load: Load, nowMs: number, seed = 1): (records: number) => Buffer {
  const random = generator(seed)
  const pairs = makePairs(load, random)
  const templates = activities.map(activity => template(activity, load.ids, new Date(nowMs - dayMs)))
  let made = 0

  function event(out: Buffer, at: number): number {
    const { bytes, id, user, item, time } = templates[random() % activities.length]!
    bytes.copy(out, at)
    if (load.ids) writeHex(out, at + id, idBytes, random)
    pairs.write(made++, out, at + user, at + item)
    writeTime(out, at + time, random() % dayMs)
    return bytes.length
  }

  return records => {
    const out = Buffer.allocUnsafe(headerBytes + records * recordBytesMax)
    let at = headerBytes
    for (let index = 0; index < records; index++) {
      // The record's length is two bytes, and its value's as well: all of them are between 64 and 8,191.
      const start = at
      at += 2
      out[at++] = 0 // attributes
      out[at++] = 0 // timestamp delta
      at = writeVarint(out, at, index)
      out[at++] = 1 // no key: a length of -1
      const length = event(out, at + 2)
      writeVarint(out, at, length)
      at += 2 + length
      out[at++] = 0 // no headers
      writeVarint(out, start, at - start - 2)
    }
    return finish(out.subarray(0, at), records, nowMs)
  }
}

function finish(batch: Buffer, records: number, nowMs: number): Buffer {
  batch.fill(0, 0, headerBytes)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12) // the leader epoch is the broker's to say
  batch[16] = 2
  batch.writeInt32BE(records - 1, 23)
  batch.writeBigInt64BE(BigInt(nowMs), 27)
  batch.writeBigInt64BE(BigInt(nowMs), 35)
  batch.fill(0xff, 43, 57) // no producer id, epoch and sequence
  batch.writeInt32BE(records, 57)
  batch.writeUInt32BE(crc32c(batch.subarray(21)) >>> 0, 17)
  return batch
}

function template(activity: string, ids: boolean, day: Date) {
  const uuid = '_'.repeat(uuidBytes)
  const text =
    `{${ids ? `"event_id":"${'_'.repeat(idBytes)}",` : ''}"user_id":"${uuid}","item_id":"${uuid}",` +
    `"activity_type":"${activity}","timestamp":"${day.toISOString().slice(0, 10)}T00:00:00.000Z"}`
  const after = (name: string) => text.indexOf(`"${name}":"`) + name.length + 4
  const time = after('timestamp') + 'YYYY-MM-DDT'.length
  return { bytes: Buffer.from(text), id: after('event_id'), user: after('user_id'), item: after('item_id'), time }
}

/** The first events are one of each pair, the rest drawn at random. Where none recurs, items are made as they come. */
function makePairs({ events, pairs }: Load, random: () => number) {
  const users = uuids(Math.max(1, Math.ceil(pairs / pairsPerUser)), random)
  const items = pairs < events ? uuids(pairs, random) : undefined
  return {
    write(n: number, out: Buffer, user: number, item: number) {
      const pair = n < pairs ? n : random() % pairs
      const from = (pair % (users.length / uuidBytes)) * uuidBytes
      users.copy(out, user, from, from + uuidBytes)
      if (items === undefined) writeUuid(out, item, random)
      else items.copy(out, item, pair * uuidBytes, (pair + 1) * uuidBytes)
    },
  }
}

function uuids(count: number, random: () => number): Buffer {
  const out = Buffer.allocUnsafe(count * uuidBytes)
  for (let at = 0; at < out.length; at += uuidBytes) writeUuid(out, at, random)
  return out
}

function writeUuid(out: Buffer, at: number, random: () => number): void {
  writeHex(out, at, uuidBytes, random)
  for (const dash of [8, 13, 18, 23]) out[at + dash] = 0x2d
  out[at + 14] = 0x34 // version 4
  out[at + 19] = 0x61 // of the usual variant
}

function writeHex(out: Buffer, at: number, length: number, random: () => number): void {
  for (let i = 0, bits = 0; i < length; i++, bits >>>= 4) {
    if ((i & 7) === 0) bits = random()
    out[at + i] = hex[bits & 15]!
  }
}

/** HH:MM:SS.mmm */
function writeTime(out: Buffer, at: number, ms: number): void {
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1_000) % 60]
  for (let i = 0; i < 3; i++) {
    out[at + i * 3] = 48 + Math.floor(parts[i]! / 10)
    out[at + i * 3 + 1] = 48 + (parts[i]! % 10)
  }
  out[at + 9] = 48 + (Math.floor(ms / 100) % 10)
  out[at + 10] = 48 + (Math.floor(ms / 10) % 10)
  out[at + 11] = 48 + (ms % 10)
}

/** Kafka's signed varint, for numbers from 0. */
function writeVarint(out: Buffer, from: number, value: number): number {
  let at = from
  for (let rest = value << 1; ; rest >>>= 7) {
    if (rest < 0x80) {
      out[at++] = rest
      return at
    }
    out[at++] = (rest & 0x7f) | 0x80
  }
}

/** Xorshift with 128 bits of state (Marsaglia): 32 bits a call, without a period that a load could reach. */
function generator(seed: number): () => number {
  let [x, y, z, w] = [123_456_789 ^ seed, 362_436_069, 521_288_629, 88_675_123]
  const next = () => {
    const t = x ^ (x << 11)
    x = y
    y = z
    z = w
    w = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) | 0
    return w >>> 0
  }
  for (let i = 0; i < 64; i++) next() // until the seed is in all of the state
  return next
}
