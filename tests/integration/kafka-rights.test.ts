/**
 * The rights of docs/security.md, given by the very commands that stand there: each role does its work with them, as a
 * process of its own, and is refused everything else.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  Base,
  ConfigResourceTypes,
  Consumer,
  findErrorBy,
  IncrementalAlterConfigOperationTypes,
  initProducerIdV4,
  Producer,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka'
import { sendRepairs } from '../../src/evidence/rejects/send-repairs.ts'
import { clusterOptions } from '../../src/kafka/cluster.ts'
import { LogReader } from '../../src/kafka/reader.ts'
import { Refused } from '../../src/kafka/refusal.ts'
import { describeTopic, TopicForbidden } from '../../src/kafka/topic.ts'
import { startProducer } from '../../src/producer/producer.ts'
import { type Config, parseConfig, projectRoot } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { examineKafka } from '../../src/upkeep/doctor/kafka.ts'
import { fates, untilRead } from '../support/counting.ts'
import {
  closing,
  connect,
  type Database,
  freshDatabase,
  freshName,
  freshTopic,
  type Role,
  roleProcess,
  settingsFor,
  until,
} from '../support/environment.ts'
import { bytesOf, eventOf } from '../support/events.ts'
import { startHeard } from '../support/heard.ts'
import { securedKafka, securitySettings } from '../support/secured-kafka.ts'

const roles = ['footfall_owner', 'footfall_producer', 'footfall_consumer', 'footfall_operator'] as const
type RoleName = (typeof roles)[number]

/** From the document, for another topic and group than those that stand there. */
function documented(topic: string, group: string): { principal: string; rights: string[] }[] {
  const document = readFileSync(join(projectRoot, 'docs/security.md'), 'utf8')
  const commands = [...document.matchAll(/^kafka-acls\.sh .*--add .*$/gm)].map(([command]) => command)
  return commands.map(command => {
    const principal = /--allow-principal (\S+)/.exec(command)![1]!
    const operations = [...command.matchAll(/--operation (\S+)/g)].map(([, word]) =>
      word!.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase(),
    )
    const [, kind, name] = /--(topic|group) (\S+)/.exec(command)!
    assert.equal(name, { topic: 'user_activities', group: 'footfall' }[kind!])
    return { principal, rights: [`${kind} ${kind === 'topic' ? topic : group}: ${operations.join(', ')}`] }
  })
}

/** What somebody with ill intent, or a mistake, would try. */
const deeds: Readonly<Record<string, (config: Config, admin: Admin, other: string) => Promise<unknown>>> = {
  'see the topic': config => describeTopic(config),
  'see another topic': (config, _, other) => describeTopic(toTopic(config, other)),
  'read the topic': config => read(config, config.kafka.topic),
  'read another topic': (config, _, other) => read(config, other),
  'write to the topic': config => write(config, config.kafka.topic),
  'write to another topic': (config, _, other) => write(config, other),
  'write in a transaction': config =>
    using(new Base(clusterOptions(config, 'test')), async client => {
      const { brokers } = await client.metadata({ topics: [] })
      const connection = await client.connections.getFirstAvailable([...brokers.values()])
      await initProducerIdV4.api.async(connection, 'a-transaction', 10_000)
    }),
  'create a topic': (_, admin) => admin.createTopics({ topics: [freshName('more')], partitions: 1, replicas: 1 }),
  'delete the topic': ({ kafka }, admin) => admin.deleteTopics({ topics: [kafka.topic] }),
  'add partitions': ({ kafka }, admin) =>
    admin.createPartitions({ topics: [{ name: kafka.topic, count: 50, assignments: [] }] }),
  'delete records': ({ kafka }, admin) =>
    admin.deleteRecords({ topics: [{ name: kafka.topic, partitions: [{ partition: 0, offset: 1n }] }] }),
  'change the settings of the topic': ({ kafka }, admin) =>
    alter(admin, ConfigResourceTypes.TOPIC, kafka.topic, 'retention.ms', '1000'),
  'change the settings of the broker': (_, admin) =>
    alter(admin, ConfigResourceTypes.BROKER, '1', 'log.cleaner.threads', '2'),
  'see the group': ({ kafka }, admin) => admin.describeGroups({ groups: [kafka.group] }),
  'see another group': (_, admin) => admin.describeGroups({ groups: ['another'] }),
  'join the group': config => joinGroup(config, config.kafka.group),
  'join another group': config => joinGroup(config, 'another'),
  'change the offsets of another group': ({ kafka }, admin) =>
    admin.alterConsumerGroupOffsets({
      groupId: 'another',
      topics: [{ name: kafka.topic, partitionOffsets: [{ partition: 0, offset: 0n }] }],
    }),
  'delete the group': ({ kafka }, admin) => admin.deleteGroups({ groups: [kafka.group] }),
  'read the rights': (_, admin) =>
    admin.describeAcls({
      filter: {
        principal: null,
        host: null,
        resourceName: null,
        permissionType: AclPermissionTypes.ANY,
        operation: AclOperations.ANY,
        resourceType: ResourceTypes.ANY,
        resourcePatternType: ResourcePatternTypes.ANY,
      },
    }),
  'give itself rights': ({ kafka }, admin) =>
    admin.createAcls({
      creations: [
        {
          principal: 'User:*',
          host: '*',
          resourceType: ResourceTypes.TOPIC,
          resourceName: kafka.topic,
          resourcePatternType: ResourcePatternTypes.LITERAL,
          operation: AclOperations.ALL,
          permissionType: AclPermissionTypes.ALLOW,
        },
      ],
    }),
}

const mayDo: Readonly<Record<RoleName, readonly string[]>> = {
  footfall_owner: ['see the topic'],
  footfall_producer: ['see the topic', 'write to the topic'],
  footfall_consumer: ['see the topic', 'read the topic', 'see the group', 'join the group'],
  footfall_operator: ['see the topic', 'read the topic', 'see the group'],
}

const toTopic = (config: Config, topic: string): Config => ({ ...config, kafka: { ...config.kafka, topic } })

async function using<C extends { close(): Promise<unknown> }>(
  client: C,
  use: (client: C) => Promise<unknown>,
): Promise<void> {
  try {
    await use(client)
  } finally {
    await client.close()
  }
}

const write = (config: Config, topic: string) =>
  using(new Producer(clusterOptions(config, 'test')), producer =>
    producer.send({ messages: [{ topic, value: Buffer.from('{}'), partition: 0 }] }),
  )

const read = (config: Config, topic: string) =>
  using(new LogReader(toTopic(config, topic), createLog('test', 'silent')), async reader => {
    const found = await reader.topic()
    await reader.look({ topicId: found!.id, partition: 0, offset: 0, tail: undefined })
  })

const joinGroup = (config: Config, groupId: string) =>
  using(new Consumer({ ...clusterOptions(config, 'test'), groupId }), async consumer => {
    consumer.topics.track(config.kafka.topic)
    await consumer.joinGroup()
    await consumer.leaveGroup(true)
  })

const alter = (
  admin: Admin,
  resourceType: (typeof ConfigResourceTypes)[keyof typeof ConfigResourceTypes],
  resourceName: string,
  name: string,
  value: string,
) =>
  admin.incrementalAlterConfigs({
    resources: [
      {
        resourceType,
        resourceName,
        configs: [{ name, configOperation: IncrementalAlterConfigOperationTypes.SET, value }],
      },
    ],
  })

function isForbidden(error: unknown): boolean {
  if (error instanceof Refused || error instanceof TopicForbidden) return / may not /.test(error.message)
  return ['TOPIC', 'GROUP', 'CLUSTER', 'TRANSACTIONAL_ID'].some(
    kind => findErrorBy(error as Error, 'apiId', `${kind}_AUTHORIZATION_FAILED` as never) !== null,
  )
}

interface Line {
  readonly event: string
  readonly why?: string
}

const linesOf = (role: Role): Line[] => role.output.map(line => JSON.parse(line))

const whyOf = (lines: () => readonly Line[], event: string): Promise<string> =>
  until(() => lines().find(line => line.event === event)?.why, 30_000, `${event} is said`)

test('with the rights of docs/security.md', async t => {
  const kafka = await securedKafka(t)
  const other = await freshTopic(1, {}, kafka.plain)
  const [topic, database] = [freshName('events'), await freshDatabase()]
  const settings = (user: string): Record<string, string> => ({
    ...settingsFor(kafka.at('saslTls'), database, topic),
    ...securitySettings(kafka, 'saslTls', { user }),
  })
  for (const user of [...roles, 'nobody', 'nearly']) await kafka.addUser(user)
  const given = documented(topic, topic)
  assert.deepEqual(
    [...new Set(given.map(({ principal }) => principal))].sort(),
    roles.map(role => `User:${role}`).sort(),
  )
  for (const { principal, rights } of given) await kafka.allow(principal, ...rights)
  await kafka.allow('User:nearly', `group ${topic}: READ`, `topic ${topic}: DESCRIBE, DESCRIBE_CONFIGS`)
  const client = await connect(t, database)
  const consumer = async (t: TestContext, user: string, books: Database): Promise<readonly Line[]> => {
    const given = { ...settings(user), POSTGRES_DB: books.database }
    return (await startHeard(t, { topic, database: books, settings: given })).lines
  }
  const producer = async (t: TestContext, user: string): Promise<readonly Line[]> => {
    const lines: Line[] = []
    const log = createLog('producer', 'info', line => lines.push(JSON.parse(line)))
    const running = await startProducer(parseConfig(settings(user)), log)
    closing(t, () => running.stop())
    return lines
  }
  const says = async (lines: readonly Line[], event: string, why: string) =>
    assert.equal(await whyOf(() => lines, event), why)

  await t.test(
    'each role does its work: the topic is made, every event is sent and counted, and the tools see it',
    async t => {
      const consumer = roleProcess(t, 'consumer', settings('footfall_consumer'))
      const waits = await whyOf(() => linesOf(consumer), 'kafka_refused')
      const create = `User:footfall_consumer may not create it: allow CREATE on topic ${topic}`
      assert.ok(waits.startsWith(`topic ${topic} does not exist and ${create}`), waits)
      const setup = roleProcess(t, 'setup', settings('footfall_owner'))
      assert.deepEqual(
        [(await setup.ended).code, setup.output[0]],
        [0, `topic ${topic}: created, 4 partitions`],
        setup.errors.join('\n'),
      )
      assert.doesNotMatch(setup.output.join('\n'), /note:/)
      const producer = roleProcess(t, 'producer', settings('footfall_producer'), ['--count', '500', '--rate', '0'])
      assert.equal((await producer.ended).code, 0, producer.output.join('\n'))
      await until(() => untilRead(client, 500).then(() => true), 40_000, 'the events are counted')
      assert.equal((await fates(client)).counted, 500)
      for (const role of [producer, consumer]) {
        const trouble = linesOf(role).filter(({ event }) =>
          /^(topic_differs|kafka_away|kafka_takes_nothing|membership_lost)/.test(event),
        )
        assert.deepEqual(trouble, [])
      }
      const tools = ['status', 'partitions'].map(verb => roleProcess(t, verb, settings('footfall_operator')))
      for (const tool of tools) assert.equal((await tool.ended).code, 0, tool.errors.join('\n'))
      await consumer.stop()
    },
  )

  for (const role of roles) {
    await t.test(`${role} may do its work and nothing else`, async () => {
      const config = parseConfig(settings(role))
      const admin = new Admin({ ...clusterOptions(config, 'test'), retries: 0 })
      const done: string[] = []
      try {
        for (const [deed, attempt] of Object.entries(deeds)) {
          await attempt(config, admin, other).then(
            () => done.push(deed),
            error => assert.ok(isForbidden(error), `${role} tried to ${deed}: ${error.stack}`),
          )
        }
      } finally {
        await admin.close()
      }
      assert.deepEqual(done.sort(), [...mayDo[role]].sort())
    })
  }

  await t.test('a missing right is said with what to allow, by roles and by doctor', async t => {
    const see = `may not see topic ${topic}: allow DESCRIBE on topic ${topic}`
    const write = `may not write to topic ${topic}: allow WRITE on topic ${topic}`
    const join = `may not join group ${topic}: allow READ on group ${topic}`
    const read = `may not read from topic ${topic}: allow READ on topic ${topic}`
    await Promise.all([
      says(await consumer(t, 'nobody', database), 'kafka_refused', `User:nobody ${see}`),
      says(await producer(t, 'nobody'), 'kafka_refused', `User:nobody ${see}`),
      says(await producer(t, 'footfall_operator'), 'kafka_takes_nothing', `User:footfall_operator ${write}`),
      says(await consumer(t, 'footfall_operator', database), 'kafka_refused', `User:footfall_operator ${join}`),
      // The batch before the next one is looked at when a partition is opened; in a fresh database there is none.
      says(await consumer(t, 'nearly', database), 'partition_not_opened', `User:nearly ${read}`),
      says(await consumer(t, 'nearly', await freshDatabase()), 'kafka_refused', `User:nearly ${read}`),
    ])
    // A reject whose bytes are good by now.
    await client.query(
      `insert into rejects (topic_id, partition, lineage, "offset", reason, pointer, detail, value, headers, append_ms)
       select topic_id, partition, lineage, 0, 'too_old', '/timestamp', '', $1, '\\x00', 0 from partition_ledger
        where partition = 0`,
      [bytesOf(eventOf(0))],
    )
    const selection = { by: 'positions', positions: [{ partition: 0, offset: 0 }], lineage: undefined } as const
    const retry = { isDryRun: false, patch: undefined, waitMs: 3_000 }
    const { stopped, groups } = await sendRepairs(parseConfig(settings('footfall_operator')), selection, retry)
    assert.deepEqual([stopped, groups[0]!.outcome], [`Kafka takes nothing: User:footfall_operator ${write}`, 'waiting'])
    const rightsOf = async (user: string) => {
      const findings = await examineKafka(parseConfig(settings(user)))
      return findings.find(({ about }) => about === 'Kafka rights')
    }
    assert.deepEqual(
      [(await rightsOf('footfall_producer'))?.detail, (await rightsOf('footfall_consumer'))?.detail],
      [
        `User:footfall_producer has not all of them: a consumer needs READ on topic ${topic} and READ on group ${topic}. docs/security.md has the commands`,
        `User:footfall_consumer has not all of them: a producer needs WRITE on topic ${topic}. docs/security.md has the commands`,
      ],
    )
    const [unseen] = await examineKafka(parseConfig(settings('nobody')))
    assert.match(unseen!.detail, /User:nobody may not see topic \S+: allow DESCRIBE on topic/)
  })
})
