/** The tables, for as long as one question or deed takes. */
import type { Client } from 'pg'
import { connectCopier } from '../../postgres/connect.ts'
import { sqlState } from '../../postgres/fault.ts'
import { refuseOtherTopic } from '../../postgres/installation.ts'
import { checkMigrated } from '../../postgres/migrate.ts'
import { UnfitDatabase } from '../../postgres/unfit-database.ts'
import type { Config } from '../../runtime/config.ts'

export interface Rejects extends AsyncDisposable {
  /** Reads, without a deadline for how long a statement takes but of an hour. */
  readonly client: Client
}

/**
 * @throws UnfitDatabase when the tables are not there, of another version, or of another topic; what PostgreSQL says,
 * with the way out where a right is missing.
 */
export async function connectRejects(config: Config): Promise<Rejects> {
  const client = await connectCopier(config, 'footfall rejects')
  try {
    const missing = await checkMigrated(client)
    if (missing[0]?.startsWith('0001-')) throw new UnfitDatabase('there are no tables yet; ./footfall setup makes them')
    if (missing.length > 0)
      throw new UnfitDatabase(`the tables lack ${missing.join(', ')}; ./footfall setup applies it`)
    await refuseOtherTopic(client, config.kafka.topic)
  } catch (error) {
    await client.end()
    throw orForbidden(error, config)
  }
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

/** The same for as long as `use` takes. */
export async function withRejects<T>(config: Config, use: (client: Client) => Promise<T>): Promise<T> {
  await using tables = await connectRejects(config)
  try {
    return await use(tables.client)
  } catch (error) {
    throw orForbidden(error, config)
  }
}

/** A right of PostgreSQL is missing; the message says what to do. */
export class RejectsForbidden extends Error {}

export function orForbidden(error: unknown, { postgres }: Pick<Config, 'postgres'>): unknown {
  if (sqlState(error) !== '42501') return error
  const mend = `${postgres.user} may not do this, set POSTGRES_USER to the owner of the tables (docs/security.md)`
  return new RejectsForbidden(`${(error as Error).message}: ${mend}`, { cause: error })
}
