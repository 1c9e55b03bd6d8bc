/** The only file that reads the environment: settings from there, then `.env`, then the running stack, then defaults. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { type KafkaSecurity, type KafkaSecurityValues, kafkaSecurity, securityProblems } from './kafka-security.ts'
import { misspelt } from './misspelt.ts'
import { gatherSettings } from './setting-files.ts'
import { parseValue, refusal, type Value } from './setting-value.ts'
import { type Setting, settings } from './settings.ts'
import { type PostgresTls, postgresTlsContradictions } from './tls.ts'

export interface Config {
  readonly kafka: {
    readonly bootstrapServers: readonly string[]
    readonly topic: string
    readonly group: string
    readonly groupInstanceId: string | undefined
    readonly partitions: number
    /** undefined: the broker's default. */
    readonly replication: number | undefined
    readonly retentionDays: number
    readonly security: KafkaSecurity
  }
  readonly postgres: {
    readonly host: string
    readonly port: number
    readonly database: string
    readonly user: string
    readonly password: string
    readonly tls: PostgresTls
  }
  readonly producer: { readonly eventsPerSecond: number; readonly users: number; readonly items: number }
  /** What a fate depends on besides the log. */
  readonly rules: {
    readonly maxAgeDays: number
    readonly maxAheadMinutes: number
    readonly windowHours: number
    readonly windowIdsMax: number
  }
  readonly consumer: { readonly batchBytesMax: number; readonly pendingRecordsMax: number }
  readonly api: {
    readonly host: string
    readonly port: number
    readonly awaitSeed: boolean
    /** undefined: rejects are not served. */
    readonly adminToken?: string | undefined
    /** Whoever has the token may send an event by hand. */
    readonly tryIt?: boolean
  }
  /** Of a consumer or producer. port undefined: not served. */
  readonly health: { readonly host: string; readonly port: number | undefined }
  readonly logLevel: string
  readonly dataFolder: string
  readonly supervised: boolean
  /** The paths that secrets were read from. */
  readonly secretFiles: readonly string[]
  /** Which of the two somebody named, in the environment or in `.env`: the embedded one is not started then. */
  readonly given: { readonly kafka: boolean; readonly postgres: boolean }
}

/** All wrong settings at once; `problems` are complete sentences without secrets. */
export class WrongSettings extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`wrong settings:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

export const projectRoot = resolve(import.meta.dirname, '../..')

export type Source = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks every setting.
 * @param overrides settings given as flags; they come before the environment.
 * @throws WrongSettings naming each wrong value and what is allowed.
 */
export function loadConfig(overrides: Source = {}): Config {
  const dotenvPath = join(projectRoot, '.env')
  const dotenv = existsSync(dotenvPath) ? parseEnv(readFileSync(dotenvPath, 'utf8')) : {}
  const { named, files, problems } = gatherSettings(
    [
      { called: 'the flags', values: filled(overrides) },
      { called: 'the environment', values: filled(process.env) },
      { called: '.env', values: filled(dotenv) },
    ],
    projectRoot,
  )
  const dataFolder = resolve(projectRoot, named['FOOTFALL_DATA'] ?? '.footfall')
  return parseConfig(named, runningStack(dataFolder), [...misspelt(dotenv), ...problems], files)
}

/**
 * Checks settings that were read already.
 * @param named what somebody wrote; @param running where the embedded stack listens; @param problems found before;
 * @param files where values were read that are not in a setting itself, by the name of the setting.
 */
export function parseConfig(
  named: Source,
  running: Source = {},
  problems: readonly string[] = [],
  files: ReadonlyMap<string, string> = new Map(),
): Config {
  const wrong = [...problems]
  // POSTGRES_PORT in a copied .env.example must not lead away from an embedded PostgreSQL that found 5432 taken.
  const embedded = (name: string) => name.startsWith('POSTGRES_') && named['POSTGRES_HOST'] === undefined
  const values = new Map<string, Value>()
  for (const setting of settings as readonly Setting[]) {
    const raw =
      (embedded(setting.name) ? running : named)[setting.name] ??
      named[setting.name] ??
      running[setting.name] ??
      setting.fallback
    if (raw === undefined) continue
    const parsed = parseValue(setting.type, raw)
    if (parsed !== undefined) values.set(setting.name, parsed)
    else wrong.push(refusal(setting, raw, files.get(setting.name)))
  }
  const security = Object.fromEntries(values) as unknown as KafkaSecurityValues
  // A file that could not be read was given all the same.
  const isGiven = (name: string) => named[name] !== undefined || problems.some(problem => problem.startsWith(name))
  wrong.push(...securityProblems(security, isGiven))
  if (wrong.length > 0) throw new WrongSettings(wrong)
  const is = <T>(name: (typeof settings)[number]['name']): T => values.get(name) as T
  const config: Config = {
    kafka: {
      bootstrapServers: is('KAFKA_BOOTSTRAP_SERVERS'),
      topic: is('KAFKA_TOPIC_USER_ACTIVITIES'),
      group: is('KAFKA_CONSUMER_GROUP'),
      groupInstanceId: is('KAFKA_GROUP_INSTANCE_ID'),
      partitions: is('KAFKA_TOPIC_PARTITIONS'),
      replication: is('KAFKA_TOPIC_REPLICATION'),
      retentionDays: is('KAFKA_TOPIC_RETENTION_DAYS'),
      security: kafkaSecurity(security),
    },
    postgres: {
      host: is('POSTGRES_HOST'),
      port: is('POSTGRES_PORT'),
      database: is('POSTGRES_DB'),
      user: is('POSTGRES_USER'),
      password: is('POSTGRES_PASSWORD'),
      tls: {
        mode: is('POSTGRES_TLS'),
        ca: is('POSTGRES_TLS_CA'),
        certificate: is('POSTGRES_TLS_CERT'),
        key: is('POSTGRES_TLS_KEY'),
      },
    },
    producer: {
      eventsPerSecond: is('PRODUCER_EVENT_RATE'),
      users: is('PRODUCER_USERS'),
      items: is('PRODUCER_ITEMS'),
    },
    rules: {
      maxAgeDays: is('MAX_EVENT_AGE_DAYS'),
      maxAheadMinutes: is('MAX_EVENT_AHEAD_MINUTES'),
      windowHours: is('DEDUPE_WINDOW_HOURS'),
      windowIdsMax: is('DEDUPE_MAX_IDS'),
    },
    consumer: {
      batchBytesMax: is('CONSUMER_MAX_BATCH_BYTES'),
      pendingRecordsMax: is('CONSUMER_MAX_PENDING_RECORDS'),
    },
    api: {
      host: is('API_HOST'),
      port: is('API_PORT'),
      awaitSeed: is('FOOTFALL_AWAIT_SEED'),
      adminToken: is('ADMIN_TOKEN'),
      tryIt: is('TRY_IT'),
    },
    health: { host: is('HEALTH_HOST'), port: is('HEALTH_PORT') },
    logLevel: is('LOG_LEVEL'),
    dataFolder: resolve(projectRoot, is<string>('FOOTFALL_DATA')),
    supervised: is('FOOTFALL_SUPERVISED'),
    secretFiles: (settings as readonly Setting[]).flatMap(({ name, secret }) => (secret && files.get(name)) || []),
    given: {
      kafka: named['KAFKA_BOOTSTRAP_SERVERS'] !== undefined,
      postgres: named['POSTGRES_HOST'] !== undefined,
    },
  }
  const { postgres, given } = config
  const contradicting = postgresTlsContradictions(postgres.host, given.postgres, postgres.tls)
  if (contradicting.length > 0) throw new WrongSettings(contradicting)
  return config
}

/** Where `start` wrote the addresses of the embedded stack, as settings. */
export const runFile = (dataFolder: string): string => join(dataFolder, 'run.json')

function runningStack(dataFolder: string): Source {
  try {
    return JSON.parse(readFileSync(runFile(dataFolder), 'utf8')) as Source
  } catch {
    return {} // no stack was started here, or its file is from a crash; the defaults say where one would listen
  }
}

/** A setting that is there but empty, as `NAME=` in `.env`, counts as not set. */
function filled(source: Source): Source {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value.trim() !== ''))
}
