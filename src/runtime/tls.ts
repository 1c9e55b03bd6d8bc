/** What settings of TLS say, and where they are right one by one but not together. */
import { isKeyOf } from './pem.ts'

/** PEM. */
export interface TlsTexts {
  /** Whom we trust; undefined: the CAs that Node knows. */
  readonly ca: string | undefined
  /** Who we are; undefined: nobody in particular. */
  readonly certificate: string | undefined
  readonly key: string | undefined
}

/** libpq's words: `verify-full` checks the server's certificate and its host, `verify-ca` not the host. */
export interface PostgresTls extends TlsTexts {
  readonly mode: 'disable' | 'verify-ca' | 'verify-full'
}

/**
 * @param isGiven somebody named this PostgreSQL; else it is the embedded one.
 * @returns complete sentences without secrets.
 */
export function postgresTlsContradictions(host: string, isGiven: boolean, tls: PostgresTls): string[] {
  const isOn = tls.mode !== 'disable'
  const problems = tlsContradictions('POSTGRES', isOn, 'POSTGRES_TLS=verify-full', tls)
  if (isOn && !isGiven) {
    problems.push(
      `POSTGRES_TLS is ${tls.mode}, but POSTGRES_HOST is not set, and the embedded PostgreSQL speaks no TLS: ` +
        'set POSTGRES_HOST, or POSTGRES_TLS=disable',
    )
  } else if (isOn && host.startsWith('/')) {
    problems.push(
      `POSTGRES_TLS is ${tls.mode}, but POSTGRES_HOST is the folder of a socket, on which PostgreSQL speaks no TLS: ` +
        'set POSTGRES_TLS=disable',
    )
  }
  return problems
}

/**
 * What holds for every TLS connection that is set by `PREFIX_TLS_CA`, `PREFIX_TLS_CERT` and `PREFIX_TLS_KEY`. A
 * certificate that is given and not used would let somebody believe that the connection is safe.
 * @param on what switches it on.
 */
export function tlsContradictions(prefix: string, isOn: boolean, on: string, tls: TlsTexts): string[] {
  const name = (part: string) => `${prefix}_TLS_${part}`
  const given = [tls.ca && 'CA', tls.certificate && 'CERT', tls.key && 'KEY'].filter(part => part !== undefined)
  if (!isOn) {
    return given.map(
      part => `${name(part)} is set, but the connection would not be encrypted: set ${on}, or leave it out`,
    )
  }
  const { certificate, key } = tls
  if (certificate === undefined && key === undefined) return []
  if (key === undefined) return [`${name('CERT')} is set without its key: set ${name('KEY')} too`]
  if (certificate === undefined) return [`${name('KEY')} is set without its certificate: set ${name('CERT')} too`]
  if (isKeyOf(key, certificate)) return []
  return [`${name('KEY')} is not the key of the first certificate in ${name('CERT')}: they come in pairs`]
}
