/** Produce to visible: probes among a steady load, each seen by a reader that knows nothing of the consumer. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { openWriter } from '../src/kafka/writer.ts'
import type { Config } from '../src/runtime/config.ts'
import type { Log } from '../src/runtime/log.ts'

const probeEveryMs = 20
/** How often the table is looked at: the resolution of the result. */
const lookEveryMs = 3
const missingAfterMs = 10_000

/** @returns milliseconds from handing an event to the writer until its row was read, sorted. */
export async function probe(
  config: Config,
  log: Log,
  client: pg.Client,
  partitions: number,
  seconds: number,
): Promise<number[]> {
  const writer = openWriter(config, log, 'bench', partitions)
  const user = randomUUID()
  const sentMs = new Map<string, number>()
  const took: number[] = []
  const endMs = performance.now() + seconds * 1_000
  const sending = (async () => {
    while (performance.now() < endMs) {
      const item = randomUUID()
      const event = { user_id: user, item_id: item, activity_type: 'view', timestamp: new Date().toISOString() }
      sentMs.set(item, performance.now())
      // The key decides the partition: another for each probe, so that all are measured.
      await writer.send([{ key: Buffer.from(item), value: Buffer.from(JSON.stringify(event)) }])
      await pause(probeEveryMs)
    }
  })()
  while (performance.now() < endMs || sentMs.size > 0) {
    if (performance.now() > endMs + missingAfterMs) throw new Error(`${sentMs.size} probes were never seen`)
    const { rows } = await client.query({
      name: 'probes',
      text: 'select item_id from daily_user_item_summary where user_id = $1 and item_id = any($2)',
      values: [user, [...sentMs.keys()]],
    })
    const nowMs = performance.now()
    for (const { item_id } of rows) {
      took.push(nowMs - sentMs.get(item_id)!)
      sentMs.delete(item_id)
    }
    await pause(lookEveryMs)
  }
  await sending
  await writer.close(5_000)
  return took.sort((a, b) => a - b)
}
