/** `start`: the whole system on this machine, as one supervisor and its child processes. */
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, loadConfig, runFile, type Source } from '../runtime/config.ts'
import { awaitAnswer, findSimulatedUser } from './answers.ts'
import type { Child } from './child.ts'
import type { Embedded } from './embedded.ts'
import { type Kept, keep, type Part } from './keep.ts'
import { takeLock } from './lock.ts'
import { claimPort } from './port.ts'
import { checkPrerequisites } from './prerequisites.ts'
import { lastWord } from './ready.ts'
import { readyScreen } from './ready-screen.ts'
import { endLeftOverRoles, findHealthPorts, type RoleName, roleNames, type Surroundings, startRole } from './roles.ts'
import { createScreen, type Screen } from './screen.ts'
import { type Servers, startServers } from './servers.ts'
import { type Stopping, untilAsked } from './stopping.ts'

export interface StartOptions {
  /** Send seeded and simulated events also to a Kafka that somebody gave. */
  readonly simulate: boolean
}

/** Something a person must mend before the stack can start; the message says how. */
export class CannotStart extends Error {}

/**
 * Runs the stack until Ctrl-C or SIGTERM; when it returns, nothing of it runs any more.
 * @throws CannotStart, AlreadyRunning, or the failure of a part that did not start.
 */
export async function start(config: Config, options: StartOptions): Promise<void> {
  refuseWithoutPrerequisites(config)
  const lock = await takeLock(config.dataFolder)
  const screen = createScreen(process.stdout)
  const stopping = untilAsked(screen)
  try {
    rmSync(runFile(config.dataFolder), { force: true }) // where a killed stack listened is no setting for this one
    await run(loadConfig(), options, screen, stopping)
    await stopping.whenAsked
  } catch (error) {
    if (!stopping.asked.aborted) throw error
  } finally {
    await stopping.stopAll()
    rmSync(runFile(config.dataFolder), { force: true })
    lock.release()
  }
  screen.say('Stopped. Nothing of it runs any more; the data stays.')
}

function refuseWithoutPrerequisites(config: Config): void {
  const missing = checkPrerequisites(config).filter(({ ok }) => !ok)
  if (missing.length === 0) return
  throw new CannotStart(`cannot start:\n${missing.map(({ name, detail }) => `  ${name}: ${detail}`).join('\n')}`)
}

async function run(config: Config, options: StartOptions, screen: Screen, stopping: Stopping): Promise<void> {
  const startedMs = performance.now()
  await endLeftOverRoles(config.dataFolder)
  await refuseTakenPort(config.api)
  const seeded = !config.given.kafka || options.simulate
  const servers = await startServers(config, { screen, started: stopping.started, signal: stopping.asked })
  const addresses = settingsOf(servers, config)
  writeFileSync(runFile(config.dataFolder), `${JSON.stringify(addresses, null, 2)}\n`, { mode: 0o600 })
  const step = screen.step('Footfall')
  const healthPorts = await findHealthPorts(config)
  // Of this run and for a Kafka of our own only. One that somebody has set is a secret, and is not shown.
  const isOurs = !config.given.kafka && config.api.adminToken === undefined
  const token = isOurs ? randomBytes(18).toString('base64url') : undefined
  try {
    for (const role of roleNames) {
      if (role === 'producer' && !seeded) continue
      stopping.started(keepRole(role, { config, addresses, seeded, healthPorts, token }, screen))
    }
    await awaitAnswer({ api: config.api, seeded, signal: stopping.asked, missing: step.doing })
    step.done(seeded ? 'producer, consumer and api run; the seeded user answers' : 'consumer and api run')
  } finally {
    step.gone()
  }
  const postgres = { ...config.postgres, ...addressOf(servers.postgres) }
  const simulates = seeded && config.producer.eventsPerSecond > 0
  screen.say(
    readyScreen({
      config: { ...config, postgres },
      kafka: servers.kafka?.address ?? config.kafka.bootstrapServers.join(','),
      seeded,
      healthPorts,
      token,
      simulatedUser: simulates ? await findSimulatedUser(postgres) : undefined,
      seconds: (performance.now() - startedMs) / 1_000,
      folder: process.cwd(),
    }),
  )
}

/** Where the embedded parts listen, for the roles and for tools that are run meanwhile. */
function settingsOf({ kafka, postgres }: Servers, { postgres: { database, user, password } }: Config): Source {
  return {
    ...(kafka && { KAFKA_BOOTSTRAP_SERVERS: kafka.address }),
    ...(postgres && {
      POSTGRES_HOST: postgres.host,
      POSTGRES_PORT: String(postgres.port),
      POSTGRES_DB: database,
      POSTGRES_USER: user,
      POSTGRES_PASSWORD: password,
    }),
  }
}

const addressOf = (server: Embedded | undefined) => server && { host: server.host, port: server.port }

async function refuseTakenPort({ host, port }: Config['api']): Promise<void> {
  if (await claimPort(port, host)) return
  const other = port < 65_535 ? port + 1 : port - 1
  throw new CannotStart(
    `port ${port} of ${host} is taken, and the API needs it. End what listens there, or take another port: ` +
      `API_PORT=${other} npm start`,
  )
}

function keepRole(role: RoleName, surroundings: Surroundings, screen: Screen): Kept {
  const again = () => partOf(startRole(role, surroundings))
  const logFile = join(surroundings.config.dataFolder, 'logs', `${role}.log`)
  const tell = (what: string) => screen.say(`! ${role} ${what}. Its last word: ${lastWord(logFile)}`)
  return keep({ part: again(), again: async () => again(), tell })
}

function partOf(child: Child): Part {
  return {
    ended: child.ended,
    stop: deadlineMs => child.stop('SIGTERM', deadlineMs),
    kill: () => child.stop('SIGKILL', 0),
  }
}
