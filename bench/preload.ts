/** Fills a topic before anything is measured. */
import { setTimeout as pause } from 'node:timers/promises'
import { openWriter, type Writer } from '../src/kafka/writer.ts'
import { type Config, parseConfig } from '../src/runtime/config.ts'
import { createLog, type Log } from '../src/runtime/log.ts'
import { eventBatches, type Load } from './event-batches.ts'
import type { Lab } from './lab.ts'
import type { Shape } from './shapes.ts'

/** Some 64 KiB: what a producer sends that waits a little for its batches to fill. */
const batchRecords = 300
const requestsMax = 16
/** Of a topic that was just made: unknown, without a leader, led by another. They say that nothing was written. */
const notYet = [3, 5, 6]
const notYetMax = 50

/** Makes the topic of a shape and fills it. @returns the seconds it took. */
export async function preloadTopic(lab: Lab, shape: Shape): Promise<number> {
  const startMs = performance.now()
  await lab.createTopic(shape.name, shape.codec)
  const config = parseConfig(lab.settings(shape.name, 'none'))
  await preload(config, createLog('bench', 'warn'), shape, config.kafka.partitions)
  return (performance.now() - startMs) / 1_000
}

/** Sends the load without keys, spread evenly. @throws when Kafka does not take it: then the topic is of no use. */
export async function preload(config: Config, log: Log, load: Load, partitions: number): Promise<void> {
  const writer = openWriter(config, log, 'bench', partitions)
  const next = eventBatches(load, Date.now())
  const sends = new Set<Promise<void>>()
  try {
    for (let made = 0, batch = 0; made < load.events; made += batchRecords, batch++) {
      const bytes = next(Math.min(batchRecords, load.events - made))
      const send: Promise<void> = write(writer, batch % partitions, bytes).finally(() => sends.delete(send))
      sends.add(send)
      if (sends.size >= requestsMax) await Promise.race(sends)
    }
    await Promise.all(sends)
  } finally {
    await Promise.allSettled(sends)
    await writer.close(0)
  }
}

/** Writes one record batch, encoded already. */
export async function write(writer: Writer, partition: number, batch: Buffer): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const code = await writer.produce(partition, batch, attempt, () => {})
    if (code === 0) return
    if (!notYet.includes(code) || attempt === notYetMax) throw new Error(`Kafka refused a batch with error ${code}`)
    await pause(100)
  }
}
