/** PostgreSQL over TLS: whoever is not who was asked for hears nothing, and one sentence says what to do. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { connectPool, connectWriter } from '../../src/postgres/connect.ts'
import { faultKind, isConnectionLost, TlsFault } from '../../src/postgres/fault.ts'
import { freePort } from '../../src/stack/port.ts'
import { examineTls } from '../../src/upkeep/doctor/tls.ts'
import { createAuthority, type Identity } from '../support/certificates.ts'
import {
  type Address,
  closing,
  connect,
  type Database,
  freshDatabase,
  freshName,
  freshTopic,
  ownPostgres,
  type Role,
  roleProcess,
  settingsFor,
  sharedFolder,
  sharedKafka,
  until,
} from '../support/environment.ts'

const authority = createAuthority()
const stranger = createAuthority('Somebody else')
const hosts = ['localhost']

interface Server {
  readonly address: Address
  /** Encrypted connections only: by password, or with a client certificate besides. */
  readonly database: (user: 'encrypted' | 'certified', tls?: Partial<Database['tls']>) => Database
  /** From now on the server shows this one. */
  readonly show: (identity: Identity) => Promise<void>
  readonly admin: pg.Client
}

async function startServer(t: TestContext, identity: Identity): Promise<Server> {
  const folder = join(sharedFolder(), freshName('certificates'))
  mkdirSync(folder)
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const address = await ownPostgres(t, {
    ssl: 'on',
    ssl_cert_file: file('server.crt', identity.certificate),
    ssl_key_file: file('server.key', identity.key),
    ssl_ca_file: file('clients.crt', authority.certificate),
    hba_file: file(
      'pg_hba.conf',
      [
        'hostnossl all footfall  127.0.0.1/32 scram-sha-256',
        'hostssl   all encrypted 127.0.0.1/32 scram-sha-256',
        'hostssl   all certified 127.0.0.1/32 scram-sha-256 clientcert=verify-full',
      ].join('\n'),
    ),
  })
  const plain = await freshDatabase(address)
  const admin = await connect(t, plain)
  await admin.query(`create user encrypted password 'hush'; create user certified password 'hush';
                     grant create on schema public to encrypted`)
  return {
    address,
    admin,
    database: (user, tls = {}) => ({
      ...plain,
      host: 'localhost',
      user,
      password: 'hush',
      tls: { mode: 'verify-full', ca: authority.certificate, certificate: undefined, key: undefined, ...tls },
    }),
    show: async ({ certificate, key }) => {
      const { rows } = await admin.query('select pg_conf_load_time() as loaded')
      file('server.crt', certificate)
      file('server.key', key)
      await admin.query('select pg_reload_conf()')
      const isNew = async () =>
        (await admin.query('select pg_conf_load_time() > $1 as new', [rows[0].loaded])).rows[0].new
      await until(isNew, 5_000, 'the server has read its files again')
    },
  }
}

/** @returns whether the connection of a writer and that of a reader is encrypted. */
async function isEncrypted(postgres: Database): Promise<unknown[]> {
  const select = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
  const client = await connectWriter({ postgres })
  const pool = connectPool({ postgres })
  try {
    return [await client.query(select), await pool.query(select)].map(({ rows }) => rows[0].ssl)
  } finally {
    await Promise.all([client.end(), pool.end()])
  }
}

/** Why a writer is refused; a reader is for the same reason. */
async function refusal(postgres: Database): Promise<Error> {
  const failure = (connecting: Promise<unknown>) =>
    connecting.then(
      () => assert.fail('it was let in'),
      (error: Error) => error,
    )
  const error = await failure(connectWriter({ postgres }))
  const pool = connectPool({ postgres })
  const read = await failure(pool.query('select 1'))
  await pool.end()
  assert.equal(read.message, error.message)
  assert.doesNotMatch(error.message + error.stack, /hush|BEGIN/)
  assert.equal(isConnectionLost(error), true)
  return error
}

async function assertRefused(postgres: Database, expected: RegExp): Promise<void> {
  const error = await refusal(postgres)
  assert.ok(error instanceof TlsFault, String(error))
  assert.equal(faultKind(error), 'connection')
  assert.match(error.message, expected)
  assert.ok(error.message.startsWith(`PostgreSQL at ${postgres.host}:${postgres.port} `), error.message)
}

test('the server is taken for who it is only with the right CA, in its time, under its name', async t => {
  const { database, show } = await startServer(t, authority.issue({ name: 'db', hosts }))
  assert.deepEqual(await isEncrypted(database('encrypted')), [true, true])

  await assertRefused(database('encrypted', { ca: stranger.certificate }), /CA in POSTGRES_TLS_CA has not issued: give/)
  await assertRefused(database('encrypted', { ca: undefined }), /not publicly known: set POSTGRES_TLS_CA_FILE/)
  const byAddress = { ...database('encrypted'), host: '127.0.0.1' }
  await assertRefused(byAddress, /certificate for DNS:localhost, not for 127\.0\.0\.1: set POSTGRES_HOST .*verify-ca/)
  const anyHost = { ...byAddress, tls: { ...byAddress.tls, mode: 'verify-ca' as const } }
  assert.deepEqual(await isEncrypted(anyHost), [true, true])
  await assertRefused({ ...anyHost, tls: { ...anyHost.tls, ca: stranger.certificate } }, /has not issued/)

  await show(authority.issue({ name: 'db', hosts, fromDays: -9, untilDays: -1 }))
  await assertRefused(database('encrypted'), /has expired, .*: renew it on the server \(CERT_HAS_EXPIRED\)$/)
  await assertRefused(anyHost, /CERT_HAS_EXPIRED/)
  await show(authority.issue({ name: 'db', hosts, fromDays: 1 }))
  await assertRefused(database('encrypted'), /not valid yet: check the clocks/)
  await show(authority.issue({ name: 'db', hosts: ['127.0.0.1', 'elsewhere'] }))
  assert.deepEqual(await isEncrypted(byAddress), [true, true])
  await assertRefused(
    database('encrypted'),
    /certificate for IP Address:127\.0\.0\.1, DNS:elsewhere, not for localhost/,
  )
  await show(stranger.issue({ name: 'db', hosts }))
  await assertRefused(database('encrypted'), /has not issued/)
  const under = authority.issueAuthority('under')
  const leaf = under.issue({ name: 'db', hosts })
  await show({ ...leaf, certificate: leaf.certificate + under.certificate })
  assert.deepEqual(await isEncrypted(database('encrypted')), [true, true])
})

test('a server without TLS is refused when it was asked for, and the other way round', async t => {
  const plain = await freshDatabase()
  const { database } = await startServer(t, authority.issue({ name: 'db', hosts }))
  await assertRefused(
    { ...plain, tls: database('encrypted').tls },
    /offers no TLS: switch it on there \(ssl = on\), or set POSTGRES_TLS=disable$/,
  )
  const error = await refusal({ ...database('encrypted', { mode: 'disable', ca: undefined }) })
  assert.equal(faultKind(error), 'platform')
  assert.match(error.message, /no encryption: .*pg_hba\.conf; if that is encrypted connections only, set POSTGRES_TLS=/)
  const web = createServer(socket => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request'))).listen(0)
  closing(t, () => void web.close())
  const { port } = web.address() as { port: number }
  await assertRefused({ ...database('encrypted'), port }, /does not answer as a PostgreSQL: check POSTGRES_HOST/)
})

test('the doctor says how safe the way is, and how long it will be', async t => {
  const { database, show } = await startServer(t, authority.issue({ name: 'db', hosts, untilDays: 20 }))
  const look = async (postgres: Database) => {
    const client = await connectWriter({ postgres })
    try {
      return examineTls(client, postgres).map(({ verdict, detail }) => `${verdict}: ${detail}`)
    } finally {
      await client.end()
    }
  }
  const [fine, ...none] = await look(database('encrypted'))
  assert.match(fine!, /^fine: TLSv1\.3, certificate and host verified; valid until 20\d\d-\d\d-\d\d$/)
  assert.deepEqual(none, [])
  assert.match((await look(database('encrypted', { mode: 'verify-ca' })))[0]!, /certificate, but not host, verified/)
  await show(authority.issue({ name: 'db', hosts, untilDays: 13 }))
  const soon = await look(database('certified', authority.issue({ name: 'certified', untilDays: 1 })))
  assert.match(soon[1]!, /^note: the server's certificate expires on 20.*: renew it/)
  assert.match(soon[2]!, /^note: POSTGRES_TLS_CERT expires on 20.*: renew it/)

  const plain = await freshDatabase()
  assert.deepEqual(await look(plain), [])
  const elsewhere = { ...plain, host: hostname() }
  const client = await connectWriter({ postgres: plain })
  closing(t, () => client.end())
  assert.match(examineTls(client, elsewhere)[0]!.detail, /neither encrypted nor verified: set POSTGRES_TLS=verify-full/)
})

test('a client certificate lets in whom it names, and another does not', async t => {
  const identity = authority.issue({ name: 'db', hosts })
  const { database, admin, show } = await startServer(t, identity)
  const as = ({ certificate, key }: Identity) => database('certified', { certificate, key })
  assert.deepEqual(await isEncrypted(as(authority.issue({ name: 'certified' }))), [true, true])

  const missing = await refusal(database('certified'))
  assert.match(missing.message, /if it asks for a client certificate, set POSTGRES_TLS_CERT_FILE and POSTGRES_TLS_KEY/)
  const another = await refusal(as(authority.issue({ name: 'encrypted' })))
  assert.match(another.message, /POSTGRES_TLS_CERT must have certified \(POSTGRES_USER\) as its common name/)
  for (const error of [missing, another]) assert.equal(faultKind(error), 'platform')

  const refused = /refuses our certificate \(.+\): POSTGRES_TLS_CERT must be issued by a CA in its ssl_ca_file/
  await assertRefused(as(stranger.issue({ name: 'certified' })), refused)
  await assertRefused(as(authority.issue({ name: 'certified', fromDays: -9, untilDays: -1 })), refused)

  // TLS 1.2 tells it by other errors.
  await admin.query(`alter system set ssl_max_protocol_version = 'TLSv1.2'`)
  await show(identity)
  assert.deepEqual(await isEncrypted(as(authority.issue({ name: 'certified' }))), [true, true])
  await assertRefused(as(stranger.issue({ name: 'certified' })), refused)
})

test('roles say why once and go on when the server has renewed its certificate; tools say why and end', async t => {
  const server = await startServer(t, authority.issue({ name: 'db', hosts, fromDays: -9, untilDays: -1 }))
  const database = server.database('encrypted')
  const ca = join(sharedFolder(), freshName('ca'))
  const password = join(sharedFolder(), freshName('password'))
  writeFileSync(ca, authority.certificate)
  writeFileSync(password, 'hush\n', { mode: 0o644 })
  const { POSTGRES_PASSWORD: _, ...others } = settingsFor(sharedKafka(), database, await freshTopic())
  const settings = {
    ...others,
    POSTGRES_PASSWORD_FILE: password,
    POSTGRES_TLS: 'verify-full',
    POSTGRES_TLS_CA_FILE: ca,
  }
  const port = await freePort()
  const consumer = roleProcess(t, 'consumer', settings)
  const api = roleProcess(t, 'api', { ...settings, API_PORT: String(port) })
  const tools = ['setup', 'status', 'doctor'].map(verb => roleProcess(t, verb, settings))
  const why = /has expired, its own or its CA's: renew it on the server/
  for (const tool of tools) {
    assert.equal((await tool.ended).code, 1)
    const said = [...tool.output, ...tool.errors].filter(line => why.test(line))
    assert.equal(said.length, 1, [...tool.output, ...tool.errors].join('\n'))
  }
  const open = tools[2]!.output.filter(line => line.includes(`everybody on this machine may read ${password}`))
  assert.equal(open.length, 1, tools[2]!.output.join('\n'))
  const reasons = ({ output }: Role) => output.filter(line => line.includes('"tables_awaited"') && why.test(line))
  for (const role of [consumer, api]) {
    await until(() => reasons(role).length === 1, 10_000, 'the role says why it waits')
    assert.match(reasons(role)[0]!, why)
  }
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).text()
  assert.match(await ready(), why)

  await server.show(authority.issue({ name: 'db', hosts }))
  await until(() => consumer.output.some(line => line.includes('"partition_opened"')), 15_000, 'the consumer counts')
  await until(async () => /"ready"/.test(await ready()), 15_000, 'the API is ready')
  for (const role of [consumer, api]) assert.equal(reasons(role).length, 1, role.output.join('\n'))
  const { rows } = await server.admin.query(
    `select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'encrypted'`,
  )
  assert.deepEqual(rows, [{ ssl: true }])
  await Promise.all([consumer.stop(), api.stop()])
})
