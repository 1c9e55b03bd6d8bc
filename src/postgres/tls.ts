/**
 * TLS to PostgreSQL, always verified: encryption to whoever answers would protect from nobody who can stand in between.
 * The words are libpq's. What goes wrong while connecting is told in one sentence, with the setting that mends it.
 */
import type { ConnectionOptions } from 'node:tls'
import type { Config } from '../runtime/config.ts'
import { isUnreachable, sqlState, TlsFault } from './fault.ts'

type Postgres = Config['postgres']

/** For pg: never undefined, which would let PGSSLMODE decide. */
export function tlsOptions({ tls }: Pick<Postgres, 'tls'>): false | ConnectionOptions {
  if (tls.mode === 'disable') return false
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.certificate !== undefined && { cert: tls.certificate, key: tls.key }),
    // Any host that has a certificate of this CA will do.
    ...(tls.mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
  }
}

/**
 * What a failed attempt to connect comes to: a TlsFault where TLS is why; the server's own answer, with what to do, where
 * it refuses the way we came; where it cannot be reached, what to do; else the error as it is.
 */
export function explained(error: Error, postgres: Postgres): Error {
  const { tls, host, port, user } = postgres
  const state = sqlState(error)
  // The server's words come in its own language, so what they are about is not looked for in them.
  if (state === '28000') error.message += `: ${whenRefused(postgres)}`
  if (state === '28P01' && tls.certificate !== undefined) error.message += `: check POSTGRES_PASSWORD; ${ownName(user)}`
  if (state !== undefined) return error
  const sentence = tls.mode === 'disable' ? undefined : tlsSentence(error, postgres)
  if (sentence !== undefined) return new TlsFault(`PostgreSQL at ${host}:${port} ${sentence}`, { cause: error })
  return isUnreachable(error) ? unreached(error, postgres) : error
}

/** The error as it is, whose code says what to do about it, with a message for people. */
function unreached(error: Error & { code?: string }, { host, port }: Postgres): Error {
  // A host with several addresses has an error of each, and no message of its own; a time that is up has no code.
  const why = error.message || error.code
  error.code ??= 'ETIMEDOUT'
  error.message = `PostgreSQL at ${host}:${port} cannot be reached (${why}): start it, or set POSTGRES_HOST and POSTGRES_PORT`
  return error
}

function whenRefused({ tls, user }: Postgres): string {
  const rule = 'what it allows stands in its pg_hba.conf'
  if (tls.mode === 'disable') return `${rule}; if that is encrypted connections only, set POSTGRES_TLS=verify-full`
  if (tls.certificate === undefined) {
    return `${rule}; if it asks for a client certificate, set POSTGRES_TLS_CERT_FILE and POSTGRES_TLS_KEY_FILE`
  }
  return `${rule}; ${ownName(user)}`
}

const ownName = (user: string): string =>
  `POSTGRES_TLS_CERT must have ${user} (POSTGRES_USER) as its common name, or be mapped to it in pg_ident.conf`

function tlsSentence(error: Error & { code?: string }, postgres: Postgres): string | undefined {
  const { code = '', message } = error
  if (message === 'The server does not support SSL connections') {
    return 'offers no TLS: switch it on there (ssl = on), or set POSTGRES_TLS=disable'
  }
  if (message === 'There was an error establishing an SSL connection') {
    return 'does not answer as a PostgreSQL: check POSTGRES_HOST and POSTGRES_PORT'
  }
  const known = byCode[code]
  if (known !== undefined) return `${known(postgres, error)} (${code})`
  const alert = alertOf(code, message)
  if (alert !== undefined) return `${aboutAlert(alert, postgres)} (${code})`
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO') {
    return `and we do not come to terms about TLS: ${message.split('\n')[0]} (${code})`
  }
  return undefined
}

const byCode: Readonly<Record<string, (postgres: Postgres, error: Error) => string>> = {
  ...Object.fromEntries(
    [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'CERT_SIGNATURE_FAILURE',
      'CERT_UNTRUSTED',
      'INVALID_CA',
      'INVALID_PURPOSE',
    ].map(code => [code, stranger]),
  ),
  CERT_HAS_EXPIRED: () => "shows a certificate that has expired, its own or its CA's: renew it on the server",
  CERT_NOT_YET_VALID: () => 'shows a certificate that is not valid yet: check the clocks of both machines',
  ERR_TLS_CERT_ALTNAME_INVALID: ({ host }, error) => {
    const names = (error as { cert?: { subjectaltname?: string } }).cert?.subjectaltname ?? 'no host at all'
    return (
      `shows a certificate for ${names}, not for ${host}: set POSTGRES_HOST to a name in it, or have one issued for ` +
      `${host}; POSTGRES_TLS=verify-ca takes any host that has a certificate of the CA`
    )
  },
}

function stranger({ tls }: Postgres): string {
  return tls.ca === undefined
    ? 'shows a certificate of a CA that is not publicly known: set POSTGRES_TLS_CA_FILE to the certificate of that CA'
    : 'shows a certificate that the CA in POSTGRES_TLS_CA has not issued: give the CA that has, or check the host'
}

/** What the server said, as `unknown ca`: TLS 1.3 lets it say so after the handshake, under another code than 1.2. */
function alertOf(code: string, message: string): string | undefined {
  const name = /_ALERT_([A-Z_]+)$/.exec(code)?.[1]?.toLowerCase().replaceAll('_', ' ')
  return name ?? (code === 'EPROTO' ? /\balert ([a-z ]+):/.exec(message)?.[1] : undefined)
}

function aboutAlert(alert: string, { tls }: Postgres): string {
  if (alert === 'certificate required' || (tls.certificate === undefined && alert === 'handshake failure')) {
    return 'asks for a client certificate: set POSTGRES_TLS_CERT_FILE and POSTGRES_TLS_KEY_FILE'
  }
  if (tls.certificate !== undefined) {
    return `refuses our certificate (${alert}): POSTGRES_TLS_CERT must be issued by a CA in its ssl_ca_file and be valid`
  }
  return `ends the handshake (${alert}): its log says why`
}
