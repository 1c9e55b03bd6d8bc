/** What one schedule plays on: a fresh topic and database, consumers and an API as processes, a load, and watchers. */
import { mkdirSync } from 'node:fs'
import { ensureTopic } from '../../src/kafka/topic.ts'
import { awaitTables } from '../../src/postgres/tables.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { freePort } from '../../src/stack/port.ts'
import {
  closing,
  type Database,
  freshDatabase,
  freshName,
  type Lifetime,
  settingsFor,
  until,
} from '../support/environment.ts'
import { proxyPostgres } from '../support/proxy.ts'
import { startWatching, type Watch } from '../support/watch.ts'
import type { Brokers } from './brokers.ts'
import { someUsers } from './events.ts'
import { Member } from './member.ts'
import { type Reader, startReading } from './reader.ts'
import type { Schedule } from './schedule.ts'
import { Sender } from './sender.ts'
import type { Postgres, Servers } from './servers.ts'

export interface Stage {
  readonly lifetime: Lifetime
  readonly schedule: Schedule
  readonly kafka: Brokers
  readonly postgres: Postgres
  readonly topic: string
  readonly database: Database
  /** Of a tool that judges: past all wires and proxies. */
  readonly settings: Readonly<Record<string, string>>
  /** Of the API. */
  readonly url: string
  /** Takes the logs of the processes. */
  readonly folder: string
  /** The consumers of the schedule; a fault may add some for a while. */
  readonly consumers: readonly Member[]
  readonly api: Member
  readonly sender: Sender
  readonly watch: Watch
  readonly reader: Reader
  /** A consumer that is not one of the schedule's. @param settings besides the usual ones. */
  readonly another: (name: string, settings?: Readonly<Record<string, string>>) => Member
  /** All that ever took part. */
  readonly cast: readonly Member[]
}

/** Rows are many, and the machine is there for those that are watched. */
const watchMs = 40

/** Sets everything up, and begins to send, to count, to watch and to ask. */
export async function openStage(
  lifetime: Lifetime,
  schedule: Schedule,
  servers: Servers,
  folder: string,
  eventsPerSecond: number,
): Promise<Stage> {
  mkdirSync(folder, { recursive: true })
  const { postgres } = servers
  const kafka = await servers.kafka(schedule.brokers)
  const topic = freshName('chaos')
  const database = await freshDatabase(postgres)
  const partitions = { KAFKA_TOPIC_PARTITIONS: String(schedule.partitions) }
  const settings = { ...settingsFor(kafka.direct, database, topic), ...partitions }
  const wired = { ...settings, KAFKA_BOOTSTRAP_SERVERS: kafka.wired.address }
  const config = parseConfig(settings)
  const quiet = createLog('chaos', 'silent')
  await Promise.all([ensureTopic(config), awaitTables(config, 'chaos', quiet, new AbortController().signal)])

  const cast: Member[] = []
  const another = (name: string, more: Readonly<Record<string, string>> = {}) => {
    const member = new Member(lifetime, { verb: 'consumer', name, folder, settings: { ...wired, ...more } })
    cast.push(member)
    return member
  }
  const consumers: Member[] = []
  for (let i = 1; i <= schedule.consumers; i++) {
    const name = `consumer-${i}`
    const member = another(name, schedule.areStatic ? { KAFKA_GROUP_INSTANCE_ID: name } : {})
    member.proxy = await proxyPostgres(lifetime, database, member.decide)
    member.start()
    consumers.push(member)
  }
  const port = await freePort()
  const api = new Member(lifetime, { verb: 'api', name: 'api', folder, settings: { ...wired, API_PORT: String(port) } })
  cast.push(api)
  api.start()
  const url = `http://127.0.0.1:${port}`
  await until(() => fetch(`${url}/livez`), 20_000, 'the API listens')
  const sender = new Sender(config, quiet, schedule.seed, schedule.partitions, eventsPerSecond)
  closing(lifetime, () => sender.giveUp())
  sender.start()
  const watch = startWatching(lifetime, database, watchMs)
  const reader = startReading(lifetime, url, someUsers, () => api.isAway)
  const place = { lifetime, schedule, kafka, postgres, topic, database, settings, folder, url }
  return { ...place, consumers, api, sender, watch, reader, another, cast }
}
