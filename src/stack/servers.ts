/** Starts the embedded Kafka and PostgreSQL side by side, where nobody gave others. */
import { join } from 'node:path'
import type { Config } from '../runtime/config.ts'
import type { Embedded } from './embedded.ts'
import { fetchJars } from './jars.ts'
import { startKafka } from './kafka.ts'
import { type Kept, keep } from './keep.ts'
import { startPostgres } from './postgres.ts'
import type { Screen, Step } from './screen.ts'

export interface Servers {
  /** undefined: somebody gave one. */
  readonly kafka: Embedded | undefined
  readonly postgres: Embedded | undefined
}

export interface Circumstances {
  readonly screen: Screen
  /** Gives up the start. */
  readonly signal: AbortSignal
  /** Hears of each part that must be stopped later, in the order of their start. */
  readonly started: (kept: Kept) => void
}

export const usualKafkaPort = 9_092

/** @throws the first failure; what had been started by then was told to `started`. */
export async function startServers(config: Config, circumstances: Circumstances): Promise<Servers> {
  const failed = new AbortController()
  const both = { ...circumstances, signal: AbortSignal.any([circumstances.signal, failed.signal]) }
  const giveUp = (error: unknown) => {
    failed.abort(error) // the other need not go on
    throw error
  }
  const starts = [
    config.given.kafka ? undefined : startPart(kafka(config), both).catch(giveUp),
    config.given.postgres ? undefined : startPart(postgres(config), both).catch(giveUp),
  ] as const
  await Promise.allSettled(starts)
  failed.signal.throwIfAborted()
  return { kafka: await starts[0], postgres: await starts[1] }
}

/** One of the two, with what differs between them. */
interface Server {
  readonly name: string
  readonly usualPort: number
  /** What must be there before the first start; its result goes to each start. */
  readonly prepare: (step: Step, signal: AbortSignal) => Promise<string>
  readonly start: (prepared: string, how: How) => Promise<Embedded>
}

interface How {
  readonly usualPort?: number
  readonly port?: number
  readonly signal: AbortSignal
}

async function startPart(server: Server, { screen, signal, started }: Circumstances): Promise<Embedded> {
  const step = screen.step(server.name)
  try {
    const prepared = await server.prepare(step, signal)
    step.doing('starting')
    const embedded = await server.start(prepared, { usualPort: server.usualPort, signal })
    // The roles know its port, so it comes back there or not at all.
    const again = (stopping: AbortSignal) => server.start(prepared, { port: embedded.port, signal: stopping })
    started(keep({ part: embedded, again, tell: what => screen.say(`! ${server.name} ${what}`) }))
    step.done(`${embedded.address}${embedded.port === server.usualPort ? '' : ` (${server.usualPort} is taken)`}`)
    return embedded
  } finally {
    step.gone()
  }
}

function kafka({ dataFolder }: Config): Server {
  return {
    name: 'Kafka',
    usualPort: usualKafkaPort,
    prepare: (step, signal) =>
      fetchJars(dataFolder, { signal, onProgress: jars => step.doing(`Maven fetches it, this once: ${jars} jars`) }),
    start: (jars, how) => startKafka({ ...places(dataFolder, 'kafka'), ...how, jars }),
  }
}

function postgres({ dataFolder, postgres: { port, database, user, password } }: Config): Server {
  return {
    name: 'PostgreSQL',
    usualPort: port,
    prepare: async () => '',
    start: (_, how) => startPostgres({ ...places(dataFolder, 'postgres'), ...how, database, user, password }),
  }
}

const places = (dataFolder: string, name: string) => ({
  folder: join(dataFolder, name),
  logFile: join(dataFolder, 'logs', `${name}.log`),
})
