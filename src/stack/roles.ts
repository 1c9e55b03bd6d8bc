/** Our own programs as child processes of the supervisor. */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Config, projectRoot, type Source } from '../runtime/config.ts'
import { fileName } from '../runtime/setting-files.ts'
import { type Child, startChild } from './child.ts'
import { claimFreePort } from './port.ts'
import { gone, processesWith, signalProcess } from './processes.ts'

export type RoleName = 'producer' | 'consumer' | 'api'

/** In the order of their start. */
export const roleNames: readonly RoleName[] = ['producer', 'consumer', 'api']

/** A role ends by itself when its supervisor dies; the lifecycle gives it 8 s for that. */
const leftOverDeadlineMs = 9_000

export interface Surroundings {
  readonly config: Config
  /** Where the embedded parts listen. */
  readonly addresses: Source
  /** The seeded events are sent, so the API is ready only when they are counted. */
  readonly seeded: boolean
  readonly healthPorts: HealthPorts
  /** Made for this run, as ADMIN_TOKEN of the API; undefined: as it is set, or there is none. */
  readonly token: string | undefined
}

/** Where a role serves its health and metrics; the API does so on its own port. */
export type HealthPorts = Readonly<Record<Exclude<RoleName, 'api'>, number>>

/** HEALTH_PORT, else the port after the API's, and the one after that; where they are taken, free ones. */
export async function findHealthPorts({ api, health }: Config): Promise<HealthPorts> {
  const usual = health.port ?? api.port + 1
  const consumer = await claimFreePort(Math.min(usual, 65_535))
  return { consumer, producer: await claimFreePort(Math.min(consumer + 1, 65_535)) }
}

/** Starts one role; its log is in the folder `logs`. It ends when its standard input closes, at the latest when we die. */
export function startRole(role: RoleName, { config, addresses, seeded, healthPorts, token }: Surroundings): Child {
  return startChild({
    name: role,
    title: title(role, config.dataFolder),
    command: process.execPath,
    args: [...process.execArgv, join(projectRoot, 'src/cli.ts'), role],
    folder: projectRoot,
    logFile: join(config.dataFolder, 'logs', `${role}.log`),
    environment: {
      ...addresses,
      // What the embedded parts take a value from may be a file; the role has the value.
      ...Object.fromEntries(Object.keys(addresses).map(name => [fileName(name), ''])),
      FOOTFALL_DATA: config.dataFolder,
      FOOTFALL_SUPERVISED: 'true',
      FOOTFALL_AWAIT_SEED: String(seeded),
      ...(role === 'api' ? apiSettings(config, token) : { HEALTH_PORT: String(healthPorts[role]) }),
      ...(role === 'consumer' ? { KAFKA_GROUP_INSTANCE_ID: config.kafka.groupInstanceId ?? memberId(config) } : {}),
    },
  })
}

/** Events are sent by hand into a Kafka of our own only. */
function apiSettings(config: Config, token: string | undefined): Record<string, string> {
  return { ...(token !== undefined && { ADMIN_TOKEN: token }), ...(!config.given.kafka && { TRY_IT: 'true' }) }
}

/** Waits for the roles of a supervisor that was killed: they are ending already. */
export async function endLeftOverRoles(dataFolder: string): Promise<void> {
  const pids = roleNames.flatMap(role => processesWith(title(role, dataFolder))).map(({ pid }) => pid)
  if (await gone(pids, leftOverDeadlineMs)) return
  for (const pid of pids) signalProcess(pid, 'SIGKILL')
  await gone(pids, leftOverDeadlineMs)
}

/** What `ps` shows first, and by which a role that outlived its supervisor is found. */
const title = (role: RoleName, dataFolder: string): string => `footfall ${role} of ${realpathSync(dataFolder)}`

/** The same after every start, so that a consumer that was killed takes over at once; another folder has another. */
function memberId({ dataFolder }: Config): string {
  const id = createHash('sha256')
    .update(`${hostname()} ${realpathSync(dataFolder)}`)
    .digest('hex')
    .slice(0, 12)
  return `footfall-${id}`
}
