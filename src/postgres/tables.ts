/** How a role that needs the tables gets them: make them where its rights allow, else wait for who may, and say so. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '../runtime/config.ts'
import type { Log } from '../runtime/log.ts'
import { connectWriter } from './connect.ts'
import { faultKind, sqlState } from './fault.ts'
import { migrate } from './migrate.ts'

const firstPauseMs = 200
const lastPauseMs = 3_000

/**
 * Returns when the tables are as this version needs them, or when `signal` aborts. Waits as long as it takes for a
 * PostgreSQL that is down or for somebody with the rights; logs each reason once.
 * @throws UnfitDatabase when waiting is of no use; anything else that is neither of Postgres nor of the way to it.
 */
export async function awaitTables(
  config: Pick<Config, 'postgres'>,
  application: string,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let said: string | undefined
  for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, lastPauseMs)) {
    try {
      return await migrateOnce(config, application, log)
    } catch (error) {
      if (faultKind(error) === undefined) throw error
      const reason = reasonOf(error)
      if (reason !== said) log('tables_awaited', { sqlState: sqlState(error), why: reason })
      said = reason
    }
    await pause(pauseMs, undefined, { signal }).catch(() => {})
  }
}

async function migrateOnce(config: Pick<Config, 'postgres'>, application: string, log: Log): Promise<void> {
  const client = await connectWriter(config, application)
  try {
    const { applied, notes } = await migrate(client)
    for (const note of notes) log('postgres_differs', { why: note })
    if (applied.length > 0) log('tables_made', { applied })
  } finally {
    await client.end()
  }
}

function reasonOf(error: unknown): string {
  const { message } = error as Error
  switch (sqlState(error)) {
    case '42501':
      return (
        `this user lacks a right (${message}): run ./footfall setup as the owner of the tables and, where each process ` +
        'has a role of its own, docs/postgres-grants.sql after it'
      )
    case '25006':
      return `this PostgreSQL is read-only (${message}); it may be a standby`
    default:
      return message === '' ? String((error as NodeJS.ErrnoException).code) : message
  }
}
