/** What `start` prints when everything answers. */
import { isIP } from 'node:net'
import { relative } from 'node:path'
import type { Config } from '../runtime/config.ts'
import type { HealthPorts } from './roles.ts'

export const seededUser = '11111111-1111-1111-1111-111111111111'

export interface Facts {
  /** Its `postgres` is the one in use. */
  readonly config: Config
  /** The brokers in use. */
  readonly kafka: string
  readonly seeded: boolean
  readonly healthPorts: HealthPorts
  /** Made for this run: shown, so that the page can show rejects and send events. */
  readonly token: string | undefined
  readonly simulatedUser: string | undefined
  readonly seconds: number
  /** Paths are shown from here. */
  readonly folder: string
}

/** A role's HTTP server as this machine reaches it. */
export function localUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`
}

export function readyScreen(facts: Facts): string {
  const { config, kafka, seeded, healthPorts, token, simulatedUser, seconds, folder } = facts
  const url = localUrl(config.api)
  const metrics = (role: keyof HealthPorts) =>
    `${localUrl({ host: config.health.host, port: healthPorts[role] })}/metrics (${role})`
  const inside = relative(folder, config.dataFolder)
  const data = inside.startsWith('..') ? config.dataFolder : inside || '.'
  const curl = (user: string) => `  curl ${url}/api/user-activity-summary/${user}`
  const { host, port, user, database } = config.postgres
  return [
    '',
    `Footfall is ready after ${seconds.toFixed(1)} s. Ctrl-C stops everything.`,
    '',
    `  Dashboard   ${url}/${token === undefined ? '' : `#token=${token}`}`,
    `  API         ${url}/docs  ${url}/openapi.json`,
    `  Kafka       ${kafka}, topic ${config.kafka.topic}`,
    `  PostgreSQL  postgresql://${user}@${host}:${port}/${database}`,
    `  Data, logs  ${data}, ${data}/logs`,
    `  Metrics     ${[`${url}/metrics (api)`, metrics('consumer'), ...(seeded ? [metrics('producer')] : [])].join('  ')}`,
    ...(seeded ? ['', "Today's counts of the seeded user:", curl(seededUser)] : []),
    ...(simulatedUser === undefined ? [] : ['', 'and of a simulated one:', curl(simulatedUser)]),
    '',
  ].join('\n')
}
