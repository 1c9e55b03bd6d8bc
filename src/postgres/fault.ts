/** Keeps G5: an error of Postgres is sorted here, once, into what the caller can do about it. */
import pg from 'pg'

/**
 * - `connection`: no answer came, so the outcome is unknown; reread on a new connection, it says what was committed.
 * - `data`: Postgres refuses what was sent and always will; the judge let something through that it should not.
 * - `platform`: full, read-only, locked, too slow, forbidden; the same again later may succeed.
 */
export type FaultKind = 'connection' | 'data' | 'platform'

/**
 * The way to PostgreSQL is not as it was asked for: not encrypted, not verified, or our certificate is refused. Waiting may
 * mend it, as when the server's certificate is renewed, and nothing is sent meanwhile. The message is one sentence.
 */
export class TlsFault extends Error {}

/** SQLSTATEs by their first characters; the longest that fits wins. What is not here is `platform`. */
const kindBySqlState: Readonly<Record<string, FaultKind>> = {
  '08': 'connection', // connection exception
  '57P': 'connection', // shut down by an administrator, crashed, starting up, database dropped, idle for too long
  '22': 'data', // data exception: out of range, invalid text, NUL in text
  '23': 'data', // integrity constraint violation
  '54': 'data', // program limit exceeded: row or index entry too large
}

/** What the operating system says when the other side is gone, unreachable or not there yet. */
const socketErrors: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTCONN', 'ENOENT', 'EACCES'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'],
])

/** pg's own errors have no code; these are their messages in pg 8.23 and pg-pool 3. */
const clientMessages =
  /^(Connection terminated|Query read timeout|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/

/** @returns the five characters of an error that the server answered, else undefined. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}

/** Nobody answers there at all. */
export function isUnreachable(error: Error & { code?: string }): boolean {
  return socketErrors.has(error.code) || error.message === 'timeout expired'
}

/** @returns undefined for what is neither Postgres nor the way to it: a bug of ours, to be thrown on. */
export function faultKind(error: unknown): FaultKind | undefined {
  const state = sqlState(error)
  if (state !== undefined) return kindBySqlState[state.slice(0, 3)] ?? kindBySqlState[state.slice(0, 2)] ?? 'platform'
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  const isTls = error instanceof TlsFault || (code !== undefined && /^(ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code))
  const isLost = socketErrors.has(code) || clientMessages.test(error.message)
  return isTls || isLost ? 'connection' : undefined
}

/**
 * Whether the connection is of no more use: it is lost, or the server ended it with its answer, as it does when a
 * transaction took too long (25P04, 25P03), the password is wrong or there are too many connections.
 */
export function isConnectionLost(error: unknown): boolean {
  const isEnded = error instanceof pg.DatabaseError && (error.severity === 'FATAL' || error.severity === 'PANIC')
  return isEnded || faultKind(error) === 'connection'
}
