import { loadConfig } from '../runtime/config.ts'
import { runRole } from './role.ts'
import type { Verb } from './verb.ts'

export const consumer: Verb = {
  about: 'counts the events of Kafka in PostgreSQL; start more of them to share the partitions',
  more: [
    'Every record counts exactly once, whatever is killed meanwhile.',
    'Set HEALTH_PORT to watch it by HTTP: /livez, /readyz, /metrics.',
  ].join('\n'),
  flags: {},
  run: async () => {
    const config = loadConfig()
    const { startConsumer } = await import('../consumer/consumer.ts')
    return runRole('consumer', config, log => startConsumer(config, log))
  },
}
