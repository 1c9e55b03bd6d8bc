/**
 * Connections that cannot hang and cannot surprise: every deadline is named, here and in client.ts, and what a
 * session depends on is set by ourselves, whatever the server, the database or the user has as default.
 */
import pg from 'pg'
import { clientClass, clientConfig, type PostgresAddress } from './client.ts'

/**
 * What a writer may hold up others for at most (G5): its statements, its whole transaction (a server before 17 knows
 * no such limit, there each pause and each statement has it), a pause in the middle of a transaction when it is stopped.
 */
const writerTimeoutMs = 5_000

/** Waiting for another's row lock: longer than any settle, shorter than the transaction may last. */
const writerLockTimeoutMs = 3_000

/** The client's own deadline; longer than the server's, so that the server's clearer answer comes first if any does. */
const writerQueryTimeoutMs = 7_000

/** Readers answer people: late is as bad as never, and the next one waits for the connection. */
const readerTimeoutMs = 2_000
const readerQueryTimeoutMs = 3_000
const readerAcquireTimeoutMs = 2_000
const readersMax = 8
const readerIdleMs = 30_000

/** Copying a large table out takes its time; a client that is gone is noticed by the connection check. */
const copierTimeoutMs = 3_600_000

/** How often a busy backend looks whether its client is still there: locks of a killed process go within a second. */
const connectionCheckMs = 1_000

/** Settings of every session, by name and value in the server's own units (milliseconds for times). */
const sessionSettings = {
  client_encoding: 'UTF8',
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  // Nobody can put a table of the same name before ours.
  search_path: 'public, pg_temp',
  client_connection_check_interval: String(connectionCheckMs),
  // Our statements are many and short; compiling one costs more than it saves.
  jit: 'off',
}

const writerSettings = {
  ...sessionSettings,
  // A commit that was answered survives a crash of the server, whatever the database's default is.
  synchronous_commit: 'on',
  // Consumers that share rows wait for each other's; under stricter isolation they would refuse each other instead.
  default_transaction_isolation: 'read committed',
  statement_timeout: String(writerTimeoutMs),
  lock_timeout: String(writerLockTimeoutMs),
  idle_in_transaction_session_timeout: String(writerTimeoutMs),
  transaction_timeout: String(writerTimeoutMs),
}

const readerSettings = {
  ...sessionSettings,
  // What is read is found by its key. A plan is kept from when it was made, and where tables were small by then it would
  // read all of what they have grown to, until they are analysed again.
  enable_seqscan: 'off',
  default_transaction_read_only: 'on',
  statement_timeout: String(readerTimeoutMs),
  lock_timeout: String(readerTimeoutMs),
  idle_in_transaction_session_timeout: String(readerTimeoutMs),
}

const copierSettings = {
  ...sessionSettings,
  default_transaction_read_only: 'on',
  statement_timeout: String(copierTimeoutMs),
  lock_timeout: String(readerTimeoutMs),
  idle_in_transaction_session_timeout: String(writerTimeoutMs),
  transaction_timeout: String(copierTimeoutMs),
}

/**
 * One connection of its own for a writer. It does not reconnect: after an error that `isConnectionLost` knows, `end()`
 * it, open another and reread what was committed. `end()` never takes longer than a second.
 * @param application shown in pg_stat_activity, as `footfall consumer`.
 * @throws what `faultKind` in fault.ts sorts.
 */
export async function connectWriter(config: PostgresAddress, application = 'footfall'): Promise<pg.Client> {
  return connectOne(config, application, writerSettings, writerQueryTimeoutMs)
}

/** One connection for copying tables out: read-only, and without a deadline for how long a copy takes, but of an hour. */
export async function connectCopier(config: PostgresAddress, application: string): Promise<pg.Client> {
  return connectOne(config, application, copierSettings, copierTimeoutMs)
}

async function connectOne(
  config: PostgresAddress,
  application: string,
  settings: Readonly<Record<string, string>>,
  queryTimeoutMs: number,
): Promise<pg.Client> {
  const Client = clientClass(config, application)
  const client = new Client({ ...clientConfig(config, application), query_timeout: queryTimeoutMs })
  // Without a listener the loss of an idle connection ends the process. The next query fails and says so.
  client.on('error', () => {})
  try {
    await client.connect()
    await applySettings(client, settings)
  } catch (error) {
    await client.end()
    throw error
  }
  return client
}

/** A bounded pool for reads: transactions are read-only, and a query waits neither long nor for ever. */
export function connectPool(config: PostgresAddress, application = 'footfall'): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(config, application),
    Client: clientClass(config, application),
    query_timeout: readerQueryTimeoutMs,
    connectionTimeoutMillis: readerAcquireTimeoutMs,
    max: readersMax,
    idleTimeoutMillis: readerIdleMs,
    onConnect: client => applySettings(client, readerSettings),
  })
  // The pool has thrown the lost connection away already and opens another for the next query.
  pool.on('error', () => {})
  return pool
}

/** By statement and not as start-up options, which poolers such as PgBouncer refuse. */
async function applySettings(client: pg.ClientBase, settings: Readonly<Record<string, string>>): Promise<void> {
  await client.query(
    `select set_config(name, value, false)
     from unnest($1::text[], $2::text[]) as wanted(name, value)
     where name <> 'transaction_timeout' or current_setting('server_version_num')::int >= 170000`,
    [Object.keys(settings), Object.values(settings)],
  )
}
