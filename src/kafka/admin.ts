/** Questions to the brokers about topics and offsets, one client for each occasion. */
import { Admin } from '@platformatic/kafka'
import type { Config } from '../runtime/config.ts'
import { clusterOptions, openClient } from './cluster.ts'
import { explain } from './explain.ts'

/** @param role see clusterOptions. @throws Refused when the brokers do not let us in; else what `use` throws. */
export async function useAdmin<T>(config: Config, role: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = openClient(clusterOptions(config, role), options => new Admin({ ...options, retries: 1 }))
  try {
    return await use(admin)
  } catch (error) {
    throw await explain(config, error)
  } finally {
    await admin.close()
  }
}
