/**
 * User and password for the brokers. A process has several clients that try on at their own pace; credentials that were
 * refused would be offered several times a second, and many a directory locks an account for less. So all of them wait
 * here for the next attempt.
 */
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Connection,
  type SASLCustomAuthenticator,
  type SASLOptions,
  saslPlain,
  saslScramSha,
} from '@platformatic/kafka'
import type { KafkaSecurity } from '../runtime/kafka-security.ts'
import { isRefusedCredentials } from './refusal.ts'

type Credentials = NonNullable<KafkaSecurity['sasl']>
type Ask = Parameters<SASLCustomAuthenticator>[2]

interface Refused {
  readonly error: Error
  readonly times: number
  /** By performance.now(). */
  readonly untilMs: number
}

/** After the first refusal, which may be a user that was made a moment ago; doubles up to the last. */
const delayFirstMs = 1_000
const delayLastMs = 30_000
/** A connection waits so long, within its connectTimeout, before it fails by what was said last time. */
const holdMs = 2_500
const sessionMsMax = 2_000_000_000n

/** What each broker said, per credentials of this process. */
const refusals = new WeakMap<Credentials, Map<string, Refused>>()

export function saslOptions(credentials: Credentials): SASLOptions {
  const authenticate: SASLCustomAuthenticator = (_mechanism, connection, ask, _user, _password, _token, callback) => {
    offer(credentials, connection, ask).then(
      answer => callback(null, { ...answer, sessionLifetimeMs: shorter(answer.sessionLifetimeMs) }),
      (error: Error) => callback(error),
    )
  }
  return { ...credentials, authenticate }
}

/** A timer runs out at once when it is set to more than 31 bits of ms, and the library would authenticate without end. */
const shorter = (sessionMs: bigint): bigint => (sessionMs > sessionMsMax ? sessionMsMax : sessionMs)

async function offer(credentials: Credentials, connection: Connection, ask: Ask) {
  const byBroker = refusals.get(credentials) ?? new Map<string, Refused>()
  refusals.set(credentials, byBroker)
  const broker = `${connection.host}:${connection.port}`
  const waitMs = (byBroker.get(broker)?.untilMs ?? 0) - performance.now()
  if (waitMs > 0) await pause(Math.min(waitMs, holdMs), undefined, { ref: false })
  const last = byBroker.get(broker)
  if (last !== undefined) {
    if (last.untilMs > performance.now()) throw last.error
    byBroker.set(broker, refused(last.error, last.times)) // this is the attempt, whoever waited as well is late
  }
  try {
    const answer = await authenticate(credentials, connection, ask)
    byBroker.delete(broker)
    return answer
  } catch (error) {
    if (isRefusedCredentials(error)) byBroker.set(broker, refused(error as Error, (last?.times ?? 0) + 1))
    throw error
  }
}

function refused(error: Error, times: number): Refused {
  const untilMs = performance.now() + Math.min(delayLastMs, delayFirstMs * 2 ** Math.min(times - 1, 10))
  return { error, times, untilMs }
}

function authenticate({ mechanism, username, password }: Credentials, connection: Connection, ask: Ask) {
  switch (mechanism) {
    case 'PLAIN':
      return saslPlain.authenticate(ask, connection, username, password)
    case 'SCRAM-SHA-256':
      return saslScramSha.authenticate(ask, connection, 'SHA-256', username, password)
    case 'SCRAM-SHA-512':
      return saslScramSha.authenticate(ask, connection, 'SHA-512', username, password)
  }
}
