/** A connection sets its own session, outlives nobody's locks and never hangs longer than its deadlines. */
import assert from 'node:assert/strict'
import { createServer, connect as dial, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { connectPool, connectWriter } from '../../src/postgres/connect.ts'
import { faultKind, isConnectionLost, sqlState } from '../../src/postgres/fault.ts'
import { type Address, closing, connect, freshDatabase, ownPostgres, until } from '../support/environment.ts'

interface Line {
  readonly port: number
  /** From now on bytes go neither way, and nobody is told: what a lost route does. */
  readonly cut: () => void
}

async function lineTo(t: TestContext, { host, port }: Omit<Address, 'address'>): Promise<Line> {
  const sockets = new Set<Socket>()
  let isCut = false
  const cut = () => {
    isCut = true
  }
  const server = createServer({ allowHalfOpen: true }, near => {
    const far = dial(port, host)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', bytes => isCut || to.write(bytes))
      from.on('error', () => {})
      from.on('close', () => isCut || to.destroy())
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing(t, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, cut }
}

const failureOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => assert.fail('it did not fail'),
    (error: Error) => error,
  )

test('a writer sets what its promises depend on, whatever the database and the user have as default', async t => {
  const database = await freshDatabase()
  const admin = await connect(t, database)
  for (const setting of [
    'synchronous_commit = off',
    `timezone = 'Asia/Kathmandu'`,
    `datestyle = 'German'`,
    'search_path = pg_temp',
  ]) {
    await admin.query(`alter database ${database.database} set ${setting}`)
  }
  const client = await connectWriter({ postgres: database }, 'footfall tests')
  closing(t, () => client.end())
  const show = async (name: string) => (await client.query(`show ${name}`)).rows[0] as Record<string, string>
  const expected = {
    synchronous_commit: 'on',
    TimeZone: 'UTC',
    search_path: 'public, pg_temp',
    statement_timeout: '5s',
    idle_in_transaction_session_timeout: '5s',
    transaction_timeout: '5s',
    client_connection_check_interval: '1s',
    application_name: 'footfall tests',
  }
  for (const [name, value] of Object.entries(expected)) assert.equal((await show(name))[name], value)
})

test('a bigint keeps its digits and a date its day', async t => {
  const pool = connectPool({ postgres: await freshDatabase() })
  closing(t, () => pool.end())
  const { rows } = await pool.query(`select 9223372036854775807 as count, date '2026-03-01' as day`)
  assert.deepEqual(rows, [{ count: '9223372036854775807', day: '2026-03-01' }])
})

test('the pool reads and does not write', async t => {
  const pool = connectPool({ postgres: await freshDatabase() })
  closing(t, () => pool.end())
  await assert.rejects(pool.query('create table a (b integer)'), { code: '25006' })
})

test('a transaction left open is ended by the server, and its lock with it', { timeout: 20_000 }, async t => {
  const database = await freshDatabase()
  const [stuck, other] = [await connectWriter({ postgres: database }), await connectWriter({ postgres: database })]
  closing(t, () => Promise.all([stuck.end(), other.end()]))
  await other.query('create table hot (id integer primary key, n integer); insert into hot values (1, 0)')
  await stuck.query('begin; update hot set n = 1')

  await assert.rejects(other.query('update hot set n = 2'), error => faultKind(error) === 'platform')
  await until(() => other.query('update hot set n = 2').then(() => true), 10_000, 'the row is free again')

  const error = await failureOf(stuck.query('commit'))
  assert.equal(isConnectionLost(error), true)
  assert.equal((await other.query('select n from hot')).rows[0].n, 2)
})

test('a query on a half-open connection ends at its deadline, and so does the end', { timeout: 30_000 }, async t => {
  const database = await freshDatabase()
  const line = await lineTo(t, database)
  const far = { postgres: { ...database, port: line.port } }
  const pool = connectPool(far)
  const client = await connectWriter(far)
  await pool.query('select 1')
  line.cut()

  const lost = async (query: Promise<unknown>) => {
    const error = await failureOf(query)
    assert.equal(faultKind(error), 'connection', String(error))
    return performance.now()
  }
  const start = performance.now()
  const [written, read, connected] = await Promise.all([
    lost(client.query('select 1')),
    lost(pool.query('select 1')),
    lost(connectWriter(far)),
  ])
  assert.ok(written - start < 8_000 && read - start < 4_000 && connected - start < 5_000)

  const ending = performance.now()
  await Promise.all([client.end(), pool.end()])
  assert.ok(performance.now() - ending < 2_000)
})

test('an idle half-open connection is closed within its deadline', { timeout: 30_000 }, async t => {
  const database = await freshDatabase()
  const line = await lineTo(t, database)
  const client = await connectWriter({ postgres: { ...database, port: line.port } })
  line.cut()
  const ending = performance.now()
  await client.end()
  assert.ok(performance.now() - ending < 2_000)
})

test('losing an idle connection ends no process, and the next query says so', async t => {
  const server = await ownPostgres(t)
  const client = await connectWriter({ postgres: await freshDatabase(server) })
  const pool = connectPool({ postgres: await freshDatabase(server) })
  closing(t, () => Promise.all([client.end(), pool.end()]))
  await pool.query('select 1')
  const gone = new Promise<void>(resolve => client.once('end', () => resolve()))
  await server.kill()
  await gone

  for (const each of [client, pool] as const) {
    const error = await failureOf((each as pg.Client).query('select 1'))
    assert.equal(faultKind(error), 'connection', String(error))
  }
  await server.start()
  await pool.query('select 1')
})

test('a wrong password and an unknown database are faults with a state, and no secret is in them', async () => {
  const database = await freshDatabase()
  const refused = async (postgres: typeof database) => failureOf(connectWriter({ postgres }))
  const password = await refused({ ...database, password: 'a-wrong-secret' })
  assert.equal(sqlState(password), '28P01')
  assert.doesNotMatch(JSON.stringify(password) + password.stack, /a-wrong-secret/)
  assert.equal(sqlState(await refused({ ...database, database: 'nowhere' })), '3D000')
})

test('no PG* variable has a say in a connection', async t => {
  const database = await freshDatabase()
  const others = {
    PGSSLMODE: 'require',
    PGSSLNEGOTIATION: 'direct',
    PGOPTIONS: '-c default_transaction_read_only=on',
    PGREPLICATION: 'database',
    PGCLIENT_ENCODING: 'LATIN1',
    PGHOST: 'elsewhere',
    PGPORT: '1',
    PGUSER: 'nobody',
    PGPASSWORD: 'wrong',
    PGDATABASE: 'nowhere',
    PGAPPNAME: 'something',
  }
  Object.assign(process.env, others)
  closing(t, () => {
    for (const name of Object.keys(others)) delete process.env[name]
  })
  const client = await connectWriter({ postgres: database }, 'footfall tests')
  const pool = connectPool({ postgres: database }, 'footfall tests')
  closing(t, () => Promise.all([client.end(), pool.end()]))
  for (const each of [client, pool] as const) {
    const { rows } = await (each as pg.Client).query(
      `select current_user as user, current_database() as database, current_setting('application_name') as application,
              (select reset_val from pg_settings where name = 'default_transaction_read_only') as options,
              current_setting('client_encoding') as encoding, ssl
         from pg_stat_ssl where pid = pg_backend_pid()`,
    )
    const { user } = database
    const plain = { user, database: database.database, application: 'footfall tests' }
    assert.deepEqual(rows, [{ ...plain, options: 'off', encoding: 'UTF8', ssl: false }])
  }
})
