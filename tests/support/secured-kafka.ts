/**
 * A Kafka of a test's own with every kind of listener on one broker, users for SASL, certificates, and an authorizer
 * that forbids what no ACL allows. Its PLAINTEXT listener is for the test itself, which may do everything there.
 */
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  alterUserScramCredentialsV0,
  Connection,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka'
import { freePort } from '../../src/stack/port.ts'
import { type Authority, createAuthority, type Identity } from './certificates.ts'
import { type Address, freshName, ownKafka, sharedFolder, until } from './environment.ts'

/** What listens there: the protocol, and how it differs from the plainest of its kind. */
const listeners = {
  sasl: { protocol: 'SASL_PLAINTEXT' },
  saslShort: { protocol: 'SASL_PLAINTEXT', sessionMs: 10_000 },
  saslBrief: { protocol: 'SASL_PLAINTEXT', sessionMs: 3_000 },
  saslLong: { protocol: 'SASL_PLAINTEXT', sessionMs: 100 * 86_400_000 },
  saslScramOnly: { protocol: 'SASL_PLAINTEXT', mechanisms: ['SCRAM-SHA-512'] },
  saslTls: { protocol: 'SASL_SSL' },
  tls: { protocol: 'SSL' },
  tlsClients: { protocol: 'SSL', clients: 'required' },
  tlsExpired: { protocol: 'SSL', certificate: 'expired' },
  tlsElsewhere: { protocol: 'SSL', certificate: 'elsewhere' },
} as const satisfies Readonly<Record<string, Listener>>

interface Listener {
  readonly protocol: 'SASL_PLAINTEXT' | 'SASL_SSL' | 'SSL'
  readonly mechanisms?: readonly string[]
  /** How long a session lives without authenticating again. */
  readonly sessionMs?: number
  readonly clients?: 'required'
  readonly certificate?: 'expired' | 'elsewhere'
}

export type ListenerName = keyof typeof listeners

type Operation = keyof typeof AclOperations

export interface SecuredKafka {
  /** Where the test may do everything. */
  readonly plain: Address
  readonly at: (listener: ListenerName) => Address
  /** Of the brokers' certificates and of those of clients. */
  readonly authority: Authority
  /** Makes a user for SCRAM, or gives it another password. Its password is its name with "-secret" unless given. */
  readonly addUser: (name: string, password?: string) => Promise<void>
  readonly removeUser: (name: string) => Promise<void>
  /** @param rights as in `topic NAME: READ, DESCRIBE` */
  readonly allow: (principal: string, ...rights: string[]) => Promise<void>
}

/** The one user of PLAIN. */
export const plainUser = { name: 'paula', password: 'paula-secret' } as const

const login = 'org.apache.kafka.common.security'
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']

export async function securedKafka(test: TestContext): Promise<SecuredKafka> {
  const authority = createAuthority()
  const folder = join(sharedFolder(), freshName('certificates'))
  mkdirSync(folder, { recursive: true })
  const hosts = ['localhost', '127.0.0.1']
  const certificates = {
    good: authority.issue({ name: 'broker', hosts }),
    expired: authority.issue({ name: 'broker', hosts, fromDays: -9, untilDays: -2 }),
    elsewhere: authority.issue({ name: 'broker', hosts: ['kafka.example.com'] }),
  }
  for (const [name, { certificate, key }] of Object.entries(certificates)) {
    writeFileSync(join(folder, `${name}.pem`), `${key}${certificate}`)
  }
  writeFileSync(join(folder, 'ca.pem'), authority.certificate)
  const names = Object.keys(listeners) as ListenerName[]
  const ports = new Map<string, number>()
  for (const name of ['plain', 'controller', ...names]) ports.set(name, await freePort())
  const plain = await ownKafka(test, properties(folder, ports), ports.get('plain'))
  return {
    plain,
    at: listener => {
      const port = ports.get(listener)!
      return { host: '127.0.0.1', port, address: `127.0.0.1:${port}` }
    },
    authority,
    addUser: (name, password = `${name}-secret`) => changeUser(plain, name, password),
    removeUser: name => changeUser(plain, name, undefined),
    allow: (principal, ...rights) => allow(plain, principal, rights),
  }
}

function properties(folder: string, ports: ReadonlyMap<string, number>): Record<string, string> {
  const names = Object.keys(listeners) as ListenerName[]
  const at = (name: string) => `${name.toUpperCase()}://127.0.0.1:${ports.get(name)}`
  const isPlainOr = names.map(name => `${name.toUpperCase()}:${listeners[name].protocol}`)
  const settings: Record<string, string> = {
    listeners: ['plain', 'controller', ...names].map(at).join(','),
    'advertised.listeners': ['plain', ...names].map(at).join(','),
    'controller.quorum.bootstrap.servers': `127.0.0.1:${ports.get('controller')}`,
    'listener.security.protocol.map': ['CONTROLLER:PLAINTEXT', 'PLAIN:PLAINTEXT', ...isPlainOr].join(','),
    'inter.broker.listener.name': 'PLAIN',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(folder, 'ca.pem'),
  }
  for (const name of names) {
    const listener: Listener = listeners[name]
    const prefix = `listener.name.${name.toLowerCase()}`
    if (listener.protocol !== 'SASL_PLAINTEXT') {
      settings[`${prefix}.ssl.keystore.type`] = 'PEM'
      settings[`${prefix}.ssl.keystore.location`] = join(folder, `${listener.certificate ?? 'good'}.pem`)
      if (listener.clients !== undefined) settings[`${prefix}.ssl.client.auth`] = listener.clients
    }
    if (listener.protocol === 'SSL') continue
    settings[`${prefix}.sasl.enabled.mechanisms`] = (listener.mechanisms ?? mechanisms).join(',')
    for (const mechanism of mechanisms) {
      const mine = `${prefix}.${mechanism.toLowerCase()}`
      settings[`${mine}.sasl.jaas.config`] =
        mechanism === 'PLAIN'
          ? `${login}.plain.PlainLoginModule required user_${plainUser.name}="${plainUser.password}";`
          : `${login}.scram.ScramLoginModule required;`
      if (listener.sessionMs !== undefined) settings[`${mine}.connections.max.reauth.ms`] = String(listener.sessionMs)
    }
  }
  return settings
}

/** One request per mechanism: Kafka refuses a user twice in one. */
async function changeUser({ host, port }: Address, name: string, password: string | undefined): Promise<void> {
  const connection = new Connection('tests')
  await connection.connect(host, port)
  try {
    for (const [mechanism, digest, bytes] of [
      [1, 'sha256', 32],
      [2, 'sha512', 64],
    ] as const) {
      const salt = randomBytes(16)
      const iterations = 4_096
      const credential = (password: string) => ({
        name,
        mechanism,
        iterations,
        salt,
        saltedPassword: pbkdf2Sync(password, salt, iterations, bytes, digest),
      })
      const [gone, made] = password === undefined ? [[{ name, mechanism }], []] : [[], [credential(password)]]
      await alterUserScramCredentialsV0.api.async(connection, gone, made)
    }
  } finally {
    await connection.close()
  }
}

async function allow(plain: Address, principal: string, rights: readonly string[]): Promise<void> {
  const creations = rights.flatMap(right => {
    const [, kind, resourceName, operations] = /^(\w+) (\S+): (.+)$/.exec(right)!
    return operations!.split(', ').map(operation => ({
      resourceType: ResourceTypes[kind!.toUpperCase() as keyof typeof ResourceTypes],
      resourceName: resourceName!,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal,
      host: '*',
      operation: AclOperations[operation as Operation],
      permissionType: AclPermissionTypes.ALLOW,
    }))
  })
  const admin = new Admin({ clientId: 'tests', bootstrapBrokers: [plain.address] })
  try {
    await admin.createAcls({ creations })
    await until(
      async () => {
        const filter = {
          principal,
          host: null,
          resourceName: null,
          permissionType: AclPermissionTypes.ALLOW,
          operation: AclOperations.ANY,
        }
        const pattern = { resourceType: ResourceTypes.ANY, resourcePatternType: ResourcePatternTypes.ANY }
        const known = await admin.describeAcls({ filter: { ...filter, ...pattern } })
        return known.flatMap(({ acls }) => acls).length >= creations.length
      },
      10_000,
      `the broker knows what ${principal} may do`,
    )
  } finally {
    await admin.close()
  }
}

/** The settings of a client of a listener, as an operator writes them. */
export function securitySettings(
  { authority }: Pick<SecuredKafka, 'authority'>,
  listener: ListenerName,
  who: {
    readonly user?: string
    readonly password?: string
    readonly mechanism?: string
    readonly client?: Identity
  } = {},
): Record<string, string> {
  const { protocol }: Listener = listeners[listener]
  const { user, password = `${user}-secret`, mechanism = 'SCRAM-SHA-512', client } = who
  const sasl = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: user ?? '', KAFKA_SASL_PASSWORD: password }
  return {
    KAFKA_SECURITY_PROTOCOL: protocol,
    ...(protocol.startsWith('SASL') ? sasl : {}),
    ...(protocol.endsWith('SSL') ? { KAFKA_SSL_CA: authority.certificate } : {}),
    ...(client && { KAFKA_SSL_CERT: client.certificate, KAFKA_SSL_KEY: client.key }),
  }
}
