/** What a question about the log needs: opened, and closed after the answer. */
import { connectPool } from '../../postgres/connect.ts'
import { sqlState } from '../../postgres/fault.ts'
import type { Config } from '../../runtime/config.ts'
import { openLog } from './log-access.ts'
import type { Tools, TraceOptions } from './trace-report.ts'
import type { Looking } from './user-records.ts'

/** @throws LogAway, UnfitDatabase; what PostgreSQL says, with the way out where a right is missing. */
export async function withTools<T>(config: Config, verb: string, use: (tools: Tools) => Promise<T>): Promise<T> {
  const pool = connectPool(config, `footfall ${verb}`)
  try {
    await using log = await openLog(config, verb)
    return await use({ config, pool, log })
  } catch (error) {
    if (sqlState(error) !== '42501') throw error
    const mend = `${config.postgres.user} may not do this, set POSTGRES_USER to the owner of the tables (docs/security.md)`
    throw new Error(`${(error as Error).message}: ${mend}`, { cause: error })
  } finally {
    await pool.end()
  }
}

/** How `all` records are looked at until `deadlineMs`, by performance.now(). */
export function lookingAt({ log, config }: Tools, options: TraceOptions, all: number, deadlineMs: number): Looking {
  let done = 0
  const progress = (records: number) => {
    done += records
    options.progress?.(done, all)
  }
  const { batchBytesMax } = config.consumer
  return { log: log.reader, batchBytesMax, deadlineMs, signal: options.signal, progress }
}
