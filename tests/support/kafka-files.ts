/** A Kafka whose files a test changes while it is down, as a broken disk or an older copy of it would. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startKafka } from '../../src/stack/kafka.ts'
import { closing, freshName, type Lifetime, type Own, sharedFolder, sharedJars } from './environment.ts'

export interface Files extends Pick<Own, 'host' | 'port' | 'address' | 'stop' | 'start'> {
  /** The one segment file of a partition, to be changed while Kafka is down. */
  readonly segment: (topic: string, partition: number) => { bytes: Buffer; write: (bytes: Buffer) => void }
}

/** Starts a Kafka over files that the test reaches. */
export async function kafkaOverFiles(test: Lifetime): Promise<Files> {
  const folder = join(sharedFolder(), freshName('kafka'))
  // Compaction looks for work all the time instead of every 15 s.
  const settings = { 'log.cleaner.backoff.ms': '100' }
  const start = (port?: number) =>
    startKafka({ folder, jars: sharedJars(), logFile: `${folder}.log`, port, settings, isShort: true })
  let running = await start()
  closing(test, () => running.kill())
  const { host, port, address } = running
  return {
    host,
    port,
    address,
    stop: () => running.stop(),
    start: async () => {
      running = await start(port)
    },
    segment: (topic, partition) => {
      const part = join(folder, 'data', `${topic}-${partition}`)
      const file = join(part, '00000000000000000000.log')
      return {
        bytes: readFileSync(file),
        write: bytes => {
          const isCut = bytes.length < statSync(file).size
          writeFileSync(file, bytes)
          // They point beyond the end now; Kafka makes them anew.
          if (isCut) for (const name of readdirSync(part)) if (/index$|snapshot$/.test(name)) rmSync(join(part, name))
        },
      }
    },
  }
}

/** The record batches of a segment file, as views of it. */
export function batchesOf(segment: Buffer): Buffer[] {
  const batches: Buffer[] = []
  for (let at = 0; at < segment.length; ) {
    const end = at + 12 + segment.readInt32BE(at + 8)
    batches.push(segment.subarray(at, end))
    at = end
  }
  return batches
}
