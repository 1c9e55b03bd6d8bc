/** What the doctor says of Kafka and the topic. */
import { askAllowed } from '../../kafka/allowed.ts'
import { principalOf } from '../../kafka/rights.ts'
import { describeTopic } from '../../kafka/topic.ts'
import type { Config } from '../../runtime/config.ts'
import type { Finding } from './finding.ts'

/** Never throws: what stands in the way is a finding. */
export async function examineKafka(config: Config): Promise<Finding[]> {
  const { topic: name, bootstrapServers, retentionDays } = config.kafka
  const servers = bootstrapServers.join(', ')
  try {
    const topic = await describeTopic(config)
    const kafka: Finding[] = [
      { about: 'Kafka', verdict: 'fine', detail: `${servers} answers (${reached(config)})` },
      ...examineEncryption(config),
    ]
    if (topic === undefined) {
      return [
        ...kafka,
        { about: 'topic', verdict: 'note', detail: `there is no ${name} yet; ./footfall setup creates it` },
      ]
    }
    const { id, partitions, replication, settings } = topic
    const about = 'topic'
    const is = `${name} (${id}), ${partitions} partitions, ${replication} replicas`
    if (settings === undefined) {
      const mend = 'allow DESCRIBE_CONFIGS on it'
      const note: Finding = { about, verdict: 'note', detail: `${is}; its settings may not be read: ${mend}` }
      return [...kafka, note, await examineRights(config)]
    }
    const findings: Finding[] = [...kafka, { about, verdict: 'fine', detail: is }, await examineRights(config)]
    if (settings.cleanupPolicy.includes('compact')) {
      const detail = `cleanup.policy is ${settings.cleanupPolicy}: records vanish uncounted; set it to delete`
      findings.push({ about: 'topic compaction', verdict: 'wrong', detail })
    }
    if (settings.timestampType !== 'LogAppendTime') {
      const detail =
        `message.timestamp.type is ${settings.timestampType}: the age of an event and the id window follow its ` +
        "sender's clock; LogAppendTime takes the broker's"
      findings.push({ about: 'topic timestamps', verdict: 'note', detail })
    }
    const days = settings.retentionMs / 86_400_000
    if (settings.retentionMs >= 0 && days !== retentionDays) {
      const detail = `the topic keeps records for ${days} days, KAFKA_TOPIC_RETENTION_DAYS says ${retentionDays}`
      findings.push({ about: 'topic retention', verdict: 'note', detail })
    }
    return findings
  } catch (error) {
    return [{ about: 'Kafka', verdict: 'wrong', detail: (error as Error).message }]
  }
}

/** By which protocol and mechanism, and as whom. */
function reached(config: Config): string {
  const { protocol, sasl } = config.kafka.security
  return `${protocol}, ${sasl === undefined ? '' : `${sasl.mechanism} `}as ${principalOf(config)}`
}

/** Notes what crosses the network readable. */
export function examineEncryption({ kafka: { security, bootstrapServers } }: Config): Finding[] {
  const remote = bootstrapServers.filter(server => !/^(localhost|127\.[\d.]+|\[::1\]):\d+$/i.test(server))
  if (security.tls !== undefined || remote.length === 0) return []
  const [what, other] = security.sasl === undefined ? ['events', 'SSL'] : ['events and credentials', 'SASL_SSL']
  const detail =
    `KAFKA_SECURITY_PROTOCOL is ${security.protocol}: ${what} cross the network to ${remote.join(', ')} unencrypted; ` +
    `set it to ${other} where the brokers have that`
  return [{ about: 'Kafka encryption', verdict: 'note', detail }]
}

/** Roles may well have users of their own: what this one may not is a note, and whose work it would be. */
async function examineRights(config: Config): Promise<Finding> {
  const { topic, group } = config.kafka
  const allowed = await askAllowed(config)
  const reads = allowed.topic.has('READ') ? [] : [`READ on topic ${topic}`]
  const joins = allowed.group.has('READ') ? [] : [`READ on group ${group}`]
  const writes = allowed.topic.has('WRITE') ? [] : [`WRITE on topic ${topic}`]
  const lacks = [
    ...(reads.length + joins.length === 0 ? [] : [`a consumer needs ${[...reads, ...joins].join(' and ')}`]),
    ...(writes.length === 0 ? [] : [`a producer needs ${writes.join()}`]),
  ]
  const about = 'Kafka rights'
  if (lacks.length === 0) return { about, verdict: 'fine', detail: 'enough for a consumer and for a producer' }
  const detail = `${principalOf(config)} has not all of them: ${lacks.join('; ')}. docs/security.md has the commands`
  return { about, verdict: 'note', detail }
}
