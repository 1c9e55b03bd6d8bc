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
    const state = sqlState(error)
    if (state === '55P03') throw new Error(heldLedger, { cause: error })
    if (state === '42501') throw new Error(`${(error as Error).message}: ${notAllowed(config)}`, { cause: error })
    throw error
  } finally {
    await client.end()
  }
}

const notAllowed = ({ postgres }: Pick<Config, 'postgres'>): string =>
  `nothing was changed; ${postgres.user} may not do this, set POSTGRES_USER to one who may`

const heldLedger =
  'nothing was changed: another session has held the ledger for 3 s, as a consumer does that was stopped in the ' +
  'middle of a transaction. PostgreSQL ends such a transaction after 5 s: try again'
