import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import { describeTopic, ensureTopic, TopicCompacted, TopicForbidden, TopicUnavailable } from '../../src/kafka/topic.ts'
import { type Config, parseConfig, type Source } from '../../src/runtime/config.ts'
import { type Address, freshName, freshTopic, ownKafka, sharedKafka } from '../support/environment.ts'

const configOf = (topic: string, more: Source = {}, kafka: Address = sharedKafka()): Config =>
  parseConfig({ KAFKA_BOOTSTRAP_SERVERS: kafka.address, KAFKA_TOPIC_USER_ACTIVITIES: topic, ...more })

test('an absent topic is created with our settings, and found by the next', async () => {
  const config = configOf(freshName('topic'), { KAFKA_TOPIC_PARTITIONS: '3', KAFKA_TOPIC_RETENTION_DAYS: '7' })
  assert.equal(await describeTopic(config), undefined)
  const first = await ensureTopic(config)
  assert.deepEqual([first.created, first.partitions, first.notes], [true, 3, []])
  const settings = { cleanupPolicy: 'delete', timestampType: 'LogAppendTime', retentionMs: 7 * 86_400_000 }
  assert.deepEqual(await describeTopic(config), { id: first.id, partitions: 3, replication: 1, settings })
  assert.deepEqual(await ensureTopic(config), { ...first, created: false })
})

test('asking about a topic does not create it', async () => {
  const config = configOf(freshName('topic'))
  await describeTopic(config)
  assert.equal(await describeTopic(config), undefined)
})

test('processes that create it at once all get the same topic, and one of them made it', async () => {
  const config = configOf(freshName('topic'))
  const topics = await Promise.all(Array.from({ length: 5 }, () => ensureTopic(config)))
  assert.equal(new Set(topics.map(topic => topic.id)).size, 1)
  assert.equal(topics.filter(topic => topic.created).length, 1)
  assert.ok(topics.every(topic => topic.partitions === 4))
})

test('an existing topic is taken as it is, and its clock is mentioned', async () => {
  const topic = await freshTopic(2, { 'message.timestamp.type': 'CreateTime', 'retention.ms': '1000000' })
  const { partitions, created, notes } = await ensureTopic(configOf(topic))
  assert.deepEqual([partitions, created, notes.length], [2, false, 1])
  assert.match(notes[0]!, /CreateTime/)
})

for (const policy of ['compact', 'compact,delete']) {
  test(`a topic with cleanup.policy=${policy} is refused by name`, async () => {
    const topic = await freshTopic(1, { 'cleanup.policy': policy })
    await assert.rejects(ensureTopic(configOf(topic)), (error: Error) => {
      assert.ok(error instanceof TopicCompacted)
      assert.ok(error.message.includes(topic) && error.message.includes(policy), error.message)
      return true
    })
  })
}

test('what the broker cannot give is said with its own words', async () => {
  const config = configOf(freshName('topic'), { KAFKA_TOPIC_REPLICATION: '3' })
  await assert.rejects(ensureTopic(config), (error: Error) => {
    assert.ok(error instanceof TopicUnavailable)
    assert.match(error.message, /could not be created: .*replication/i)
    return true
  })
})

test('without the rights: what may not be made or seen is named, what may not be read is noted', async t => {
  const kafka = await ownKafka(t, {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'true',
  })
  const admin = new Admin({ clientId: 'tests', bootstrapBrokers: [kafka.address] })
  t.after(() => admin.close())
  const { CLUSTER, TOPIC } = ResourceTypes
  const { ALL, CREATE, DESCRIBE, DESCRIBE_CONFIGS } = AclOperations
  const rule = (
    permissionType: (typeof AclPermissionTypes)[keyof typeof AclPermissionTypes],
    resourceType: (typeof ResourceTypes)[keyof typeof ResourceTypes],
    resourceName: string,
    operation: (typeof AclOperations)[keyof typeof AclOperations],
  ) => {
    const resource = { resourceType, resourceName, resourcePatternType: ResourcePatternTypes.LITERAL }
    return admin.createAcls({
      creations: [{ ...resource, principal: 'User:*', host: '*', operation, permissionType }],
    })
  }
  const { ALLOW, DENY } = AclPermissionTypes
  const readable = await freshTopic(1, {}, kafka)
  const hidden = await freshTopic(1, {}, kafka)
  await rule(ALLOW, CLUSTER, 'kafka-cluster', ALL) // the broker itself needs the others
  await rule(DENY, CLUSTER, 'kafka-cluster', CREATE)
  for (const topic of [readable, 'absent']) await rule(ALLOW, TOPIC, topic, DESCRIBE)
  await rule(DENY, TOPIC, 'absent', CREATE)
  await rule(DENY, TOPIC, readable, DESCRIBE_CONFIGS)
  await rule(DENY, TOPIC, hidden, DESCRIBE)

  for (const [topic, message] of [
    ['absent', /topic absent does not exist and User:ANONYMOUS may not create it: allow CREATE on topic absent/],
    [hidden, /may not see topic \S+: allow DESCRIBE on topic/],
  ] as const) {
    await assert.rejects(ensureTopic(configOf(topic, {}, kafka)), (error: Error) => {
      assert.ok(error instanceof TopicForbidden, error.message)
      assert.match(error.message, message)
      return true
    })
  }
  const { notes } = await ensureTopic(configOf(readable, {}, kafka))
  assert.match(notes[0]!, /may not read the settings of topic \S+: allow DESCRIBE_CONFIGS/)
})
