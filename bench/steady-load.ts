/**
 * A steady load, as a process of its own so that it does not wait for those who measure: `steady-load.ts RATE PAIRS`,
 * events per second over so many pairs, without ids, into the topic of the settings, until it is stopped.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { openWriter } from '../src/kafka/writer.ts'
import { createPace } from '../src/producer/pace.ts'
import { loadConfig } from '../src/runtime/config.ts'
import { createLog } from '../src/runtime/log.ts'
import { eventBatches } from './event-batches.ts'
import { write } from './preload.ts'

const reportMs = 1_000
/** More on the way means that Kafka does not keep up; the report shows it. */
const requestsMax = 64

const [rate, pairs] = process.argv.slice(2).map(Number) as [number, number]
const config = loadConfig()
const { partitions } = config.kafka
const writer = openWriter(config, createLog('bench', 'warn'), 'bench', partitions)
// More events than pairs, so that pairs recur; how many more has no meaning here.
const next = eventBatches({ events: Number.MAX_SAFE_INTEGER, pairs, ids: false }, Date.now())
const pace = createPace(rate, performance.now())
const sends = new Set<Promise<void>>()
let sent = 0
setInterval(() => process.stdout.write(`SENT ${sent} in ${performance.now().toFixed(0)} ms\n`), reportMs)
for (let batch = 0; ; ) {
  const due = pace.due(performance.now())
  pace.made(due)
  for (let left = due; left > 0; batch++) {
    // A part for each partition, as if a producer served each in every tick.
    const records = Math.min(left, Math.max(1, Math.ceil(due / partitions)))
    left -= records
    const send: Promise<void> = write(writer, batch % partitions, next(records)).finally(() => sends.delete(send))
    send.then(() => {
      sent += records
    })
    sends.add(send)
  }
  while (sends.size > requestsMax) await Promise.race(sends)
  await pause(pace.waitMs(performance.now()))
}
