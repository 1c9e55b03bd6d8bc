/** What the doctor says of Kafka and the topic. */
import { describeTopic } from '../kafka/topic.ts'
import type { Config } from '../runtime/config.ts'
import type { Finding } from './finding.ts'

/** Never throws: what stands in the way is a finding. */
export async function examineKafka(config: Config): Promise<Finding[]> {
  const { topic: name, bootstrapServers, retentionDays } = config.kafka
  const servers = bootstrapServers.join(', ')
  try {
    const topic = await describeTopic(config)
    const kafka: Finding = { about: 'Kafka', verdict: 'fine', detail: `${servers} answers` }
    if (topic === undefined) {
      return [
        kafka,
        { about: 'topic', verdict: 'note', detail: `there is no ${name} yet; ./footfall setup creates it` },
      ]
    }
    const { id, partitions, replication, settings } = topic
    const about = 'topic'
    const is = `${name} (${id}), ${partitions} partitions, ${replication} replicas`
    if (settings === undefined) {
      const mend = 'allow DESCRIBE_CONFIGS on it'
      return [kafka, { about, verdict: 'note', detail: `${is}; its settings may not be read: ${mend}` }]
    }
    const findings: Finding[] = [kafka, { about, verdict: 'fine', detail: is }]
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
    const said = (error as Error).message.replace(/\.$/, '')
    const detail = `${servers}: ${said}. Start it (npm start brings one), or set KAFKA_BOOTSTRAP_SERVERS`
    return [{ about: 'Kafka', verdict: 'wrong', detail }]
  }
}
