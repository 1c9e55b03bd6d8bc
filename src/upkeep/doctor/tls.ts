/** What the doctor says of the way to PostgreSQL: whether it is encrypted and verified, and for how long. */
import { isIPv4 } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Client } from 'pg'
import type { Config } from '../../runtime/config.ts'
import { certificatesOf } from '../../runtime/pem.ts'
import type { Finding } from './finding.ts'

/** Time enough to have a certificate renewed. */
const soonMs = 14 * 86_400_000

/** @param client a connection that stands. */
export function examineTls(client: Client, { host, tls }: Config['postgres'], nowMs = Date.now()): Finding[] {
  const { stream } = client.connection
  if (!(stream instanceof TLSSocket)) {
    if (isLocal(host)) return []
    const detail = `the connection to ${host} is neither encrypted nor verified: set POSTGRES_TLS=verify-full`
    return [{ about: 'Postgres TLS', verdict: 'note', detail }]
  }
  const verified = tls.mode === 'verify-full' ? 'certificate and host' : 'certificate, but not host,'
  const theirs = new Date(stream.getPeerCertificate().valid_to)
  const findings: Finding[] = [
    {
      about: 'Postgres TLS',
      verdict: 'fine',
      detail: `${stream.getProtocol()}, ${verified} verified; valid until ${theirs.toISOString().slice(0, 10)}`,
    },
  ]
  const ours = tls.certificate === undefined ? undefined : certificatesOf(tls.certificate)[0]!.validToDate
  for (const [whose, until] of [
    ["the server's certificate", theirs],
    ['POSTGRES_TLS_CERT', ours],
  ] as const) {
    if (until === undefined || until.getTime() - nowMs > soonMs) continue
    const detail = `${whose} expires on ${until.toISOString()}: renew it, or nobody connects after that`
    findings.push({ about: 'Postgres TLS', verdict: 'note', detail })
  }
  return findings
}

function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
