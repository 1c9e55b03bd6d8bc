/** The tables, for a tool that works on them. */
import type { Client } from 'pg'
import { connectWriter } from '../postgres/connect.ts'
import { sqlState } from '../postgres/fault.ts'
import { checkMigrated } from '../postgres/migrate.ts'
import type { Config } from '../runtime/config.ts'

/**
 * Lends a connection to tables that are as this version needs them.
 * @throws when they are not there, or of another version, saying what to do; what `work` throws.
 */
export async function withTables<T>(
  config: Pick<Config, 'postgres'>,
  application: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connectWriter(config, application)
  try {
    const missing = await checkMigrated(client)
    if (missing[0]?.startsWith('0001-')) throw new Error('there are no tables yet; ./footfall setup makes them')
    if (missing.length > 0) throw new Error(`the tables lack ${missing.join(', ')}; ./footfall setup applies it`)
    return await work(client)
  } catch (error) {
    if (sqlState(error) === '55P03') throw new Error(heldLedger, { cause: error })
    throw orNotAllowed(error, config)
  } finally {
    await client.end()
  }
}

/** The error, with the way out where it says that this user lacks a right. */
export function orNotAllowed(error: unknown, { postgres }: Pick<Config, 'postgres'>): unknown {
  if (sqlState(error) !== '42501') return error
  const mend = `${postgres.user} may not do this, set POSTGRES_USER to the owner of the tables (docs/security.md)`
  return new Error(`${(error as Error).message}: ${mend}`, { cause: error })
}

const heldLedger =
  'nothing was changed: another session has held the ledger for 3 s, as a consumer does that was stopped in the ' +
  'middle of a transaction. PostgreSQL ends such a transaction after 5 s: try again'
