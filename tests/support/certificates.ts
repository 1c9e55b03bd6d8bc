/**
 * Certificates for tests of TLS, made here: no openssl is needed. X.509 v3 (RFC 5280) over ECDSA P-256 as PEM text, keys
 * as PKCS #8, which Node, PostgreSQL and Kafka (`ssl.keystore.type=PEM`) all read.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate and its key, both PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

export interface Wishes {
  /** The common name: who it is. */
  readonly name: string
  /** The host names and addresses it is good for; none for a client. */
  readonly hosts?: readonly string[]
  /** Counted from now; negative is past. By default it began a day ago and ends in 30 days. */
  readonly fromDays?: number
  readonly untilDays?: number
}

export interface Authority extends Identity {
  readonly issue: (wishes: Wishes) => Identity
  /** An authority under this one: its certificate goes behind those that it issues. */
  readonly issueAuthority: (name: string) => Authority
}

/** A certificate authority of its own, which nobody trusts unless told to. */
export function createAuthority(name = 'Footfall test CA'): Authority {
  const keys = newKeys()
  return authority(name, keys, certificate({ name }, keys.publicKey, { name, key: keys.privateKey }, true))
}

interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

interface Issuer {
  readonly name: string
  readonly key: KeyObject
}

function authority(name: string, { privateKey }: Keys, own: string): Authority {
  const issuer = { name, key: privateKey }
  return {
    certificate: own,
    key: pemKey(privateKey),
    issue: wishes => {
      const keys = newKeys()
      return { certificate: certificate(wishes, keys.publicKey, issuer, false), key: pemKey(keys.privateKey) }
    },
    issueAuthority: under => {
      const keys = newKeys()
      return authority(under, keys, certificate({ name: under }, keys.publicKey, issuer, true))
    },
  }
}

const newKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pemKey = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string

function certificate(wishes: Wishes, publicKey: KeyObject, issuer: Issuer, isAuthority: boolean): string {
  const { name, hosts = [], fromDays = -1, untilDays = 30 } = wishes
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')) // ecdsa-with-SHA256
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' })
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])), // serial number, positive
    algorithm,
    distinguishedName(issuer.name),
    sequence(time(fromDays), time(untilDays)),
    distinguishedName(name),
    publicInfo,
    der(0xa3, sequence(...extensions(hosts, publicInfo, isAuthority))),
  )
  const signature = sign('sha256', toBeSigned, issuer.key)
  return pem('CERTIFICATE', sequence(toBeSigned, algorithm, bits(signature)))
}

function extensions(hosts: readonly string[], publicInfo: Buffer, isAuthority: boolean): Buffer[] {
  const subjectKey = createHash('sha256').update(publicInfo).digest().subarray(0, 20)
  const common = [extension('2.5.29.14', der(0x04, subjectKey))]
  if (isAuthority) {
    const signsCertificates = der(0x03, Buffer.from([1, 0x06])) // keyCertSign, cRLSign
    return [...common, extension('2.5.29.19', sequence(yes), true), extension('2.5.29.15', signsCertificates, true)]
  }
  const purposes = extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))) // server, client
  const names = hosts.map(host => (isIP(host) === 0 ? der(0x82, Buffer.from(host)) : der(0x87, addressBytes(host))))
  return [...common, purposes, ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))])]
}

const yes = der(0x01, Buffer.from([0xff]))

const extension = (id: string, value: Buffer, isCritical = false): Buffer =>
  sequence(oid(id), ...(isCritical ? [yes] : []), der(0x04, value))

function addressBytes(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from(host.split('.').map(Number))
  if (host === '::1') return Buffer.concat([Buffer.alloc(15), Buffer.from([1])])
  throw new Error(`${host}: of IPv6 the tests know ::1 only`)
}

/** CN alone. */
function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name)))))
}

function time(days: number): Buffer {
  const digits = new Date(Date.now() + days * 86_400_000).toISOString().replace(/\D/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}

function oid(id: string): Buffer {
  const [first, second, ...rest] = id.split('.').map(Number)
  const bytes = rest.flatMap(number => {
    const groups = [number & 0x7f]
    for (let more = number >>> 7; more > 0; more >>>= 7) groups.unshift((more & 0x7f) | 0x80)
    return groups
  })
  return der(0x06, Buffer.from([first! * 40 + second!, ...bytes]))
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts)
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content)

/** Tag, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g)!
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
