/** Events for tests, drawn from a small population so that they meet in the same rows. */
import { createHash } from 'node:crypto'
import type { Sent } from './counting.ts'

/** A UUID that is always the same for a name. */
export function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** One moment for all, so that an event made again for a recount is the same also after midnight. */
const startedMs = Date.now()

/** Event number `n`: 50 users, 20 items, three days, all kinds. Without an id unless a prefix is given. */
export function eventOf(n: number, idPrefix?: string): Sent {
  const event = {
    user_id: uuidOf(`user ${(n * 7919) % 50}`),
    item_id: uuidOf(`item ${(n * 104_729) % 20}`),
    activity_type: ['view', 'view', 'view', 'click', 'purchase'][n % 5]!,
    timestamp: new Date(startedMs - (n % 3) * 86_400_000).toISOString(),
  }
  return idPrefix === undefined ? event : { ...event, event_id: `${idPrefix}${n}` }
}

export const bytesOf = (event: object): Buffer => Buffer.from(JSON.stringify(event))
