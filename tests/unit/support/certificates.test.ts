/** The certificates of the tests are such as Node takes, and the wrong ones are wrong in one way only. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { createAuthority, type Identity } from '../../support/certificates.ts'
import { closing } from '../../support/environment.ts'

const authority = createAuthority()

test('a certificate names who it is, its hosts, its issuer and its time', () => {
  const { certificate } = authority.issue({ name: 'db', hosts: ['localhost', '127.0.0.1', '::1'], untilDays: 2 })
  const read = new X509Certificate(certificate)
  assert.equal(read.subject, 'CN=db')
  assert.equal(read.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
  assert.equal(read.checkIssued(new X509Certificate(authority.certificate)), true)
  assert.ok(Math.abs(read.validToDate.getTime() - Date.now() - 2 * 86_400_000) < 60_000)
  assert.equal(read.ca, false)
})

/** What a client makes of a server with this identity: undefined, or why it refuses. */
async function refusalOf(t: TestContext, server: Identity, ca: string, host = 'localhost'): Promise<unknown> {
  const listening = createServer({ cert: server.certificate, key: server.key }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  closing(t, () => void listening.close())
  const socket: TLSSocket = connect({
    port: (listening.address() as { port: number }).port,
    host: '127.0.0.1',
    servername: host,
    ca,
  })
  closing(t, () => void socket.destroy())
  return once(socket, 'secureConnect').then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  )
}

test('a client takes the right one and refuses an expired one, a stranger and another host', async t => {
  const server = { name: 'db', hosts: ['localhost'] }
  const { certificate: ca } = authority
  const refusal = (identity: Identity, host?: string) => refusalOf(t, identity, ca, host)
  assert.equal(await refusal(authority.issue(server)), undefined)
  assert.equal(await refusal(authority.issue({ ...server, fromDays: -9, untilDays: -1 })), 'CERT_HAS_EXPIRED')
  assert.equal(await refusal(authority.issue({ ...server, fromDays: 1 })), 'CERT_NOT_YET_VALID')
  assert.equal(await refusal(createAuthority('Somebody else').issue(server)), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  assert.equal(await refusal(authority.issue(server), 'elsewhere'), 'ERR_TLS_CERT_ALTNAME_INVALID')
  const under = authority.issueAuthority('under')
  const leaf = under.issue(server)
  assert.equal(await refusal({ ...leaf, certificate: leaf.certificate + under.certificate }), undefined)
})
