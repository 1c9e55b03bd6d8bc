/** The Kafka and the PostgreSQL of a measurement: as `npm start` has them, in folders of their own. */
import { join } from 'node:path'
import { loadConfig } from '../src/runtime/config.ts'
import type { Embedded } from '../src/stack/embedded.ts'
import { fetchJars } from '../src/stack/jars.ts'
import { startKafka } from '../src/stack/kafka.ts'
import { startPostgres } from '../src/stack/postgres.ts'

export const credentials = { user: 'footfall', password: 'footfall', database: 'footfall' }

export interface Servers {
  readonly kafka: Embedded
  readonly postgres: Embedded
}

/** Starts both, or neither. The signal gives up. */
export async function startServers(
  folder: string,
  kafkaFolder: string,
  own: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Servers> {
  const jars = await fetchJars(loadConfig().dataFolder, { signal })
  const kafka = await startKafka({ folder: kafkaFolder, jars, logFile: join(folder, 'kafka.log'), signal })
  const logFile = join(folder, 'postgres.log')
  // When a row was committed is asked of PostgreSQL afterwards, instead of looking at it all the time.
  const settings = { track_commit_timestamp: 'on', ...own }
  try {
    const options = { folder: join(folder, 'postgres'), logFile, ...credentials, settings, signal }
    return { kafka, postgres: await startPostgres(options) }
  } catch (error) {
    await kafka.kill()
    throw error
  }
}
