/** Produce to visible: probes among a steady load, each seen by a reader that knows nothing of the consumer. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Writer } from '../src/kafka/writer.ts'

const probeEveryMs = 20
/** How often the table is looked at: the resolution of the result. */
const lookEveryMs = 2

export interface Probed {
  /** Milliseconds from handing an event to the writer until its row was read, sorted. */
  readonly tookMs: readonly number[]
  /** Not seen within the deadline: the consumer is behind. */
  readonly missing: number
}

/** Sends probes at their times, whether those before were answered or not, and looks for them until the deadline. */
export async function probe(
  writer: Writer,
  client: pg.Client,
  options: { readonly seconds: number; readonly deadlineMs: number; readonly countMax?: number },
): Promise<Probed> {
  const user = randomUUID()
  const sentMs = new Map<string, number>()
  const tookMs: number[] = []
  const startMs = performance.now()
  const endMs = startMs + options.seconds * 1_000
  let sent = 0
  let refused: unknown
  const send = () => {
    const item = randomUUID()
    const event = { user_id: user, item_id: item, activity_type: 'view', timestamp: new Date().toISOString() }
    sentMs.set(item, performance.now())
    // The key decides the partition: another for each probe, so that all are measured.
    writer.send([{ key: Buffer.from(item), value: Buffer.from(JSON.stringify(event)) }]).catch(error => {
      refused = error
    })
    sent += 1
  }
  const isDue = () => sent < (options.countMax ?? Number.POSITIVE_INFINITY) && performance.now() < endMs
  while (isDue() || sentMs.size > 0) {
    if (refused !== undefined) throw refused
    if (isDue() && performance.now() >= startMs + sent * probeEveryMs) send()
    if (performance.now() > endMs + options.deadlineMs) break
    for (const item of await visible(client, user, sentMs)) {
      tookMs.push(performance.now() - sentMs.get(item)!)
      sentMs.delete(item)
    }
    await pause(lookEveryMs)
  }
  return { tookMs: tookMs.sort((a, b) => a - b), missing: sentMs.size }
}

async function visible(client: pg.Client, user: string, sought: ReadonlyMap<string, number>): Promise<string[]> {
  if (sought.size === 0) return []
  const { rows } = await client.query<{ item_id: string }>({
    name: 'probes',
    text: 'select item_id from daily_user_item_summary where user_id = $1 and item_id = any($2)',
    values: [user, [...sought.keys()]],
  })
  return rows.map(row => row.item_id)
}
