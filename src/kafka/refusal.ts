/** Why brokers do not let us in: what the library throws, as a sentence that names broker, setting and way out. */
import type { Config } from '../runtime/config.ts'
import type { KafkaSecurity } from '../runtime/kafka-security.ts'

/** The brokers do not let us in, or not do our work, and a person has to mend that; the message says what and how. */
export class Refused extends Error {}

/** What errors of the library, of Node and of OpenSSL have in common, as far as it is looked at here. */
interface Link {
  readonly message: string
  readonly code?: string
  readonly apiId?: string
  readonly reason?: string
  readonly response?: { readonly mechanisms?: readonly string[] }
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

/**
 * @param broker who said so, where the error does not tell.
 * @returns undefined when it is something else, such as a broker that is down: that passes by itself.
 */
export function refusal(
  config: Config,
  error: unknown,
  broker: string = config.kafka.bootstrapServers.join(', '),
): string | undefined {
  const links = [...chain(error)]
  const told = links.map(({ message }) => /^Connection to (\S+) failed/.exec(message)?.[1]).find(Boolean)
  const place: Place = { config, broker: told ?? broker }
  for (const link of links) {
    const sentence = credentials(link, place) ?? certificate(link, place) ?? otherProtocol(link, place)
    if (sentence !== undefined) return sentence
  }
  return undefined
}

export const isRefusedCredentials = (error: unknown): boolean =>
  [...chain(error)].some(({ apiId }) => apiId === 'SASL_AUTHENTICATION_FAILED')

/** The connection ended without a word: `explain` of explain.ts can tell more. */
export function isSilentEnd(error: unknown): boolean {
  return [...chain(error)].some(({ message }) => message === 'Connection closed')
}

/** An error and everything that led to it, outermost first. */
function* chain(error: unknown): Generator<Link> {
  if (!(error instanceof Error)) return
  const link = error as Link
  yield link
  for (const each of link.errors ?? []) yield* chain(each)
  yield* chain(link.cause)
}

interface Place {
  readonly config: Config
  readonly broker: string
}

function credentials(
  { apiId, response }: Link,
  {
    broker,
    config: {
      kafka: { security },
    },
  }: Place,
): string | undefined {
  const { mechanism, username } = security.sasl ?? {}
  if (apiId === 'SASL_AUTHENTICATION_FAILED') {
    const check = 'check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, and that the broker knows the user'
    return `${broker} refuses user ${username} or its password: ${check} for ${mechanism}`
  }
  const offered = response?.mechanisms ?? []
  if (offered.length > 0) {
    if (mechanism === undefined) return asksForSasl(broker, offered, security)
    return `${broker} does not take ${mechanism}: set KAFKA_SASL_MECHANISM to what it takes, ${offered.join(' or ')}`
  }
  // Asked for SASL where there is none: in the middle of its ordinary work, a broker calls that an illegal state.
  if (apiId === 'ILLEGAL_SASL_STATE') {
    const other = security.tls === undefined ? 'PLAINTEXT' : 'SSL'
    return `${broker} takes no user and password: set KAFKA_SECURITY_PROTOCOL to ${other}, or name its port with SASL`
  }
  return undefined
}

/** What a broker asks for that closes the connections of those who show no user and password. */
export function asksForSasl(broker: string, mechanisms: readonly string[], { tls }: KafkaSecurity): string {
  const protocol = tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'
  const set = `set KAFKA_SECURITY_PROTOCOL to ${protocol}, and KAFKA_SASL_MECHANISM and the others with it`
  return `${broker} asks for user and password (${mechanisms.join(', ')}): ${set}`
}

const untrusted = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]

/** The broker's certificate, which we refuse, or ours, which the broker refuses. */
function certificate({ code = '', reason = '' }: Link, { broker, config }: Place): string | undefined {
  const { ca, certificate: own } = config.kafka.security.tls ?? {}
  if (untrusted.includes(code)) {
    return ca === undefined
      ? `the certificate of ${broker} is of no CA that Node knows: set KAFKA_SSL_CA_FILE to its CA's certificate`
      : `the certificate of ${broker} is of none of the CAs in KAFKA_SSL_CA: add its CA, or see who answers there`
  }
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${broker} has expired: the broker needs a new one`
  if (code === 'CERT_NOT_YET_VALID') {
    return `the certificate of ${broker} is not valid yet: set the clock of this machine, or renew the certificate`
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = reason.trim().replace(/[.:]$/, '')
    const mend = 'connect by a name that it holds (KAFKA_BOOTSTRAP_SERVERS, advertised.listeners), or renew it'
    return `the certificate of ${broker} is for another host (${names}): ${mend}`
  }
  if (!/ALERT/.test(code)) return undefined
  if (!/CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED/.test(code)) {
    const why = 'it takes no protocol version or cipher of ours, or wants a client certificate (KAFKA_SSL_CERT)'
    return `${broker} ends the TLS handshake (${reason}): ${why}`
  }
  return own === undefined
    ? `${broker} asks for a client certificate (${reason}): set KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE`
    : `${broker} refuses the certificate in KAFKA_SSL_CERT (${reason}): it has to be valid, of a CA that the broker trusts`
}

function otherProtocol({ message }: Link, { broker, config }: Place): string | undefined {
  const hasSasl = config.kafka.security.sasl !== undefined
  if (message === 'Broker requires TLS.') {
    return `${broker} speaks TLS: set KAFKA_SECURITY_PROTOCOL to ${hasSasl ? 'SASL_SSL' : 'SSL or SASL_SSL'}`
  }
  if (message.startsWith('TLS handshake failed.')) {
    const other = hasSasl ? 'SASL_PLAINTEXT' : 'PLAINTEXT or SASL_PLAINTEXT'
    return `${broker} does not speak TLS: name its TLS port, or set KAFKA_SECURITY_PROTOCOL to ${other}`
  }
  return undefined
}
