/** Fills a topic before anything is measured. */
import { createHash } from 'node:crypto'
import { openWriter } from '../src/kafka/writer.ts'
import type { Config } from '../src/runtime/config.ts'
import type { Log } from '../src/runtime/log.ts'

export interface Load {
  readonly events: number
  /** Distinct user/item pairs, all on one day; each occurs. */
  readonly pairs: number
}

const chunk = 2_000

/** Sends the load without keys, spread evenly, each event with an id of its own. */
export async function preload(config: Config, log: Log, load: Load, partitions: number): Promise<void> {
  const writer = openWriter(config, log, 'bench', partitions)
  const users = Array.from({ length: 1_000 }, (_, n) => uuid(`user ${n}`))
  const items = Array.from({ length: Math.ceil(load.pairs / users.length) }, (_, n) => uuid(`item ${n}`))
  const timestamp = `${new Date().toISOString().slice(0, 10)}T00:00:00.000Z`
  const value = (n: number) => {
    const pair = n % load.pairs
    const type = n % 10 < 7 ? 'view' : n % 10 < 9 ? 'click' : 'purchase'
    return Buffer.from(
      `{"event_id":"${n.toString(36).padStart(20, '0')}","user_id":"${users[pair % users.length]}",` +
        `"item_id":"${items[Math.floor(pair / users.length)]}","activity_type":"${type}","timestamp":"${timestamp}"}`,
    )
  }
  const sends = new Set<Promise<void>>()
  for (let from = 0; from < load.events; from += chunk) {
    const length = Math.min(chunk, load.events - from)
    const partition = (from / chunk) % partitions
    const records = Array.from({ length }, (_, i) => ({ key: null, value: value(from + i), partition }))
    const send: Promise<void> = writer.send(records).then(() => void sends.delete(send))
    sends.add(send)
    if (sends.size >= 16) await Promise.race(sends)
  }
  await Promise.all(sends)
  await writer.close(30_000)
}

function uuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
