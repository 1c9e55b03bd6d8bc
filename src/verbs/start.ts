import { loadConfig } from '../runtime/config.ts'
import type { Verb } from './verb.ts'

export const start: Verb = {
  about: 'the whole system on this machine; the same as npm start',
  more: [
    'Starts a Kafka and a PostgreSQL of its own (needs Java 17 or newer, and Maven once), then producer, consumer and',
    'api as processes. With KAFKA_BOOTSTRAP_SERVERS or POSTGRES_HOST set, that one is used instead. Ctrl-C stops',
    'everything; data and logs stay in .footfall, and the next start goes on from there.',
  ].join('\n'),
  flags: {
    simulate: { type: 'boolean', about: 'send seeded and simulated events also to a Kafka of your own' },
  },
  run: async ({ simulate }) => {
    const { start } = await import('../stack/stack.ts')
    await start(loadConfig(), { simulate: simulate === true })
    return 0
  },
}
