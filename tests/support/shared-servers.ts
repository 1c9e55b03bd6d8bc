/** The Kafka and the PostgreSQL that a run of tests, or of a tool beside them, shares: on free ports, gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/runtime/config.ts'
import type { Embedded } from '../../src/stack/embedded.ts'
import { fetchJars } from '../../src/stack/jars.ts'
import { startKafka } from '../../src/stack/kafka.ts'
import { startPostgres } from '../../src/stack/postgres.ts'
import { credentials, type Shared } from './environment.ts'

/**
 * Starts one of each, does `work`, and stops both whatever happens.
 * @param work gets a signal that is aborted when somebody ends this process.
 */
export async function withSharedServers<T>(work: (shared: Shared, aborted: AbortSignal) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-tests-'))
  const aborted = new AbortController()
  const { signal } = aborted
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => aborted.abort(new Error(name)))
  const starting: Promise<Embedded>[] = []
  try {
    const jars = await fetchJars(loadConfig().dataFolder, { signal })
    const at = (name: string) => ({ folder: join(folder, name), logFile: join(folder, `${name}.log`), signal })
    starting.push(startKafka({ ...at('kafka'), jars, isShort: true }))
    starting.push(startPostgres({ ...at('postgres'), database: 'postgres', ...credentials }))
    const [kafka, postgres] = (await Promise.all(starting)) as [Embedded, Embedded]
    return await work({ folder, jars, kafka: addressOf(kafka), postgres: addressOf(postgres) }, signal)
  } finally {
    // Their folders go next: there is nothing to put in order.
    for (const server of await Promise.allSettled(starting)) {
      if (server.status === 'fulfilled') await server.value.kill()
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

function addressOf({ host, port, address }: Embedded): Shared['kafka'] {
  return { host, port, address }
}
