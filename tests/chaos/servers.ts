/** The servers of one or more schedules: brokers, and a PostgreSQL on a small disk. Every fault leaves their data whole. */
import { join } from 'node:path'
import { startPostgres } from '../../src/stack/postgres.ts'
import { childrenOf, signalProcess } from '../../src/stack/processes.ts'
import { type Address, closing, credentials, type Lifetime, noTls } from '../support/environment.ts'
import { asked, useAdmin } from './ask.ts'
import { type Brokers, startBrokers } from './brokers.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'

export interface Postgres extends Address {
  /** undefined: this machine lets us mount none. */
  readonly disk: SmallDisk | undefined
  /** Every backend quits at once, in the middle of whatever it does. */
  readonly stopImmediately: () => Promise<void>
  readonly kill: () => Promise<void>
  /** Over the same data, on the same port. Nothing, if it runs. */
  readonly start: () => Promise<void>
  /** To the server and all that it has started. */
  readonly signalAll: (signal: NodeJS.Signals) => void
}

export interface Servers {
  readonly postgres: Postgres
  /** Started when they are first asked for. */
  readonly kafka: (brokers: 1 | 3) => Promise<Brokers>
  /** Removes what schedules have left, which would slow the later ones down. */
  readonly clear: () => Promise<void>
}

const diskBytes = 1_500 << 20

/** @param folder takes data and logs. @param wantsDisk a small one for PostgreSQL, where that is possible. */
export async function startServers(
  lifetime: Lifetime,
  folder: string,
  jars: string,
  wantsDisk: boolean,
): Promise<Servers> {
  const postgres = await openPostgres(lifetime, folder, wantsDisk)
  const started = new Map<1 | 3, Promise<Brokers>>()
  return {
    postgres,
    kafka: brokers => {
      const starting = started.get(brokers) ?? startBrokers(lifetime, brokers, join(folder, `kafka-${brokers}`), jars)
      started.set(brokers, starting)
      return starting
    },
    clear: async () => {
      await dropDatabases(postgres)
      for (const starting of started.values()) await deleteTopics(await starting)
    },
  }
}

async function dropDatabases({ host, port }: Address): Promise<void> {
  await asked({ host, port, database: 'postgres', ...credentials, tls: noTls }, async client => {
    const { rows } = await client.query<{ name: string }>(
      `select datname as name from pg_database where datname like 'footfall_%'`,
    )
    for (const { name } of rows) await client.query(`drop database ${name} with (force)`)
  })
}

function deleteTopics(brokers: Brokers): Promise<void> {
  return useAdmin(brokers, async admin => {
    const topics = (await admin.listTopics()).filter(name => name.startsWith('chaos_'))
    if (topics.length > 0) await admin.deleteTopics({ topics })
  })
}

async function openPostgres(lifetime: Lifetime, folder: string, wantsDisk: boolean): Promise<Postgres> {
  const disk = wantsDisk ? mountSmallDisk(lifetime, join(folder, 'disk'), diskBytes) : undefined
  const options = {
    folder: join(disk?.folder ?? folder, 'postgres'),
    logFile: join(folder, 'postgres.log'),
    // The disk is to be full of what we put there, not of its log.
    settings: { max_wal_size: '256MB', shared_buffers: '128MB', log_lock_waits: 'on' },
    database: 'postgres',
    ...credentials,
  }
  let running = await startPostgres(options)
  let isRunning = true
  const { host, port, address } = running
  const watch = () =>
    void running.ended.then(() => {
      isRunning = false
    })
  watch()
  closing(lifetime, () => running.kill())
  return {
    host,
    port,
    address,
    disk,
    stopImmediately: async () => {
      if (isRunning) signalProcess(running.pid, 'SIGQUIT')
      await running.ended
    },
    kill: () => running.kill(),
    start: async () => {
      if (isRunning) return
      running = await startPostgres({ ...options, port })
      isRunning = true
      watch()
    },
    signalAll: signal => {
      // The server first when it stops, so that it starts no others; last when it goes on.
      const pids = [running.pid, ...childrenOf(running.pid).map(({ pid }) => pid)]
      for (const pid of signal === 'SIGSTOP' ? pids : pids.reverse()) signalProcess(pid, signal)
    },
  }
}
