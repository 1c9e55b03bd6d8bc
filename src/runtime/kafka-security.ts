/** How brokers are reached: encrypted or not, with which credentials; and which of its settings contradict each other. */
import { isKeyOf } from './pem.ts'

export const protocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const
export const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

export interface KafkaSecurity {
  readonly protocol: (typeof protocols)[number]
  /** There when the protocol has SASL. */
  readonly sasl:
    | { readonly mechanism: (typeof mechanisms)[number]; readonly username: string; readonly password: string }
    | undefined
  /** There when the protocol has TLS; all PEM. Certificate and key are both there or both not. */
  readonly tls:
    | { readonly ca: string | undefined; readonly certificate: string | undefined; readonly key: string | undefined }
    | undefined
}

/** The settings as they were read; undefined is one that was not given, or is wrong by itself. */
export interface KafkaSecurityValues {
  readonly KAFKA_SECURITY_PROTOCOL: KafkaSecurity['protocol'] | undefined
  readonly KAFKA_SASL_MECHANISM: (typeof mechanisms)[number] | undefined
  readonly KAFKA_SASL_USERNAME: string | undefined
  readonly KAFKA_SASL_PASSWORD: string | undefined
  readonly KAFKA_SSL_CA: string | undefined
  readonly KAFKA_SSL_CERT: string | undefined
  readonly KAFKA_SSL_KEY: string | undefined
}

const saslNames = ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const
const tlsNames = ['KAFKA_SSL_CA', 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'] as const

/** Puts the settings together; call `securityProblems` first. */
export function kafkaSecurity(values: KafkaSecurityValues): KafkaSecurity {
  const protocol = values.KAFKA_SECURITY_PROTOCOL!
  const credentials = {
    mechanism: values.KAFKA_SASL_MECHANISM!,
    username: values.KAFKA_SASL_USERNAME!,
    password: values.KAFKA_SASL_PASSWORD!,
  }
  const certificates = { ca: values.KAFKA_SSL_CA, certificate: values.KAFKA_SSL_CERT, key: values.KAFKA_SSL_KEY }
  return {
    protocol,
    sasl: hasSasl(protocol) ? credentials : undefined,
    tls: hasTls(protocol) ? certificates : undefined,
  }
}

/**
 * @param isGiven whether somebody gave it, right or wrong: what is wrong by itself is not missing besides.
 * @returns whole sentences about settings that do not go together, without any secret.
 */
export function securityProblems(
  values: KafkaSecurityValues,
  isGiven: (name: keyof KafkaSecurityValues | 'KAFKA_BOOTSTRAP_SERVERS') => boolean,
): string[] {
  const protocol = values.KAFKA_SECURITY_PROTOCOL
  if (protocol === undefined) return []
  const is = `KAFKA_SECURITY_PROTOCOL is ${protocol}`
  const problems: string[] = []
  if (protocol !== 'PLAINTEXT' && !isGiven('KAFKA_BOOTSTRAP_SERVERS')) {
    problems.push(`${is}, but the embedded Kafka speaks PLAINTEXT only; set KAFKA_BOOTSTRAP_SERVERS, or leave it out`)
  }
  const sasl = saslNames.filter(isGiven)
  const missing = saslNames.filter(name => !isGiven(name))
  if (!hasSasl(protocol) && sasl.length > 0) {
    const withSasl = hasTls(protocol) ? 'SASL_SSL' : 'SASL_SSL (or SASL_PLAINTEXT)'
    problems.push(`${sasl.join(', ')} given, but ${is}; set that to ${withSasl}, or leave these out`)
  }
  if (hasSasl(protocol) && missing.length > 0) problems.push(`${is}, which needs ${missing.join(', ')} as well`)
  const tls = tlsNames.filter(isGiven)
  if (!hasTls(protocol) && tls.length > 0) {
    const withTls = hasSasl(protocol) ? 'SASL_SSL' : 'SSL'
    problems.push(`${tls.join(', ')} given, but ${is}; set that to ${withTls}, or leave these out`)
  }
  return [...problems, ...pairProblems(values, isGiven)]
}

function pairProblems(
  { KAFKA_SSL_CERT: certificate, KAFKA_SSL_KEY: key }: KafkaSecurityValues,
  isGiven: (name: keyof KafkaSecurityValues) => boolean,
): string[] {
  if (isGiven('KAFKA_SSL_CERT') && !isGiven('KAFKA_SSL_KEY')) {
    return ['KAFKA_SSL_CERT is given without KAFKA_SSL_KEY; a client certificate needs its key']
  }
  if (isGiven('KAFKA_SSL_KEY') && !isGiven('KAFKA_SSL_CERT')) {
    return ['KAFKA_SSL_KEY is given without KAFKA_SSL_CERT; a key needs its certificate']
  }
  if (certificate === undefined || key === undefined || isKeyOf(key, certificate)) return []
  return ['KAFKA_SSL_KEY is not the key of the first certificate in KAFKA_SSL_CERT; give the two that belong together']
}

const hasSasl = (protocol: KafkaSecurity['protocol']): boolean => protocol.startsWith('SASL_')
const hasTls = (protocol: KafkaSecurity['protocol']): boolean => protocol.endsWith('SSL')
