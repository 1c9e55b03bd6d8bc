/** How the chaos itself talks to the servers: as an administrator, patiently where a fault has just taken one away. */
import { Admin } from '@platformatic/kafka'
import pg from 'pg'
import { type Database, until } from '../support/environment.ts'
import type { Brokers } from './brokers.ts'

const timeoutMs = 3_000
const patienceMs = 60_000

/** @throws what pg throws: the server may be away. */
export async function asked<T>(database: Database, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...database, connectionTimeoutMillis: timeoutMs })
  client.on('error', () => {}) // the query in flight rejects as well
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Asks again and again until there is an answer other than false. @param what is waited for, for the error. */
export function insisted<T extends object>(
  database: Database,
  what: string,
  work: (client: pg.Client) => Promise<T | false>,
): Promise<T> {
  return until<T | false>(() => asked(database, work), patienceMs, what) as Promise<T>
}

/** Past all wires. */
export async function useAdmin<T>({ direct }: Pick<Brokers, 'direct'>, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId: 'chaos', bootstrapBrokers: direct.address.split(',') })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}
