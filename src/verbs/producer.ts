import { loadConfig } from '../runtime/config.ts'
import { runRole } from './role.ts'
import { overrides, type Verb, wholeNumber } from './verb.ts'

export const producer: Verb = {
  about: 'sends simulated events to Kafka until it is stopped',
  more: [
    'A population of users looks at items, clicks and buys. Without --count the seeded user comes first. The same',
    '--seed sends the same events again, which are all counted as duplicates:',
    '  ./footfall producer --rate 1000 --count 5000 --seed demo',
    'Set HEALTH_PORT to watch it by HTTP: /livez, /readyz, /metrics.',
  ].join('\n'),
  flags: {
    rate: { type: 'string', value: 'N', about: 'events a second, 0.1 to 100000 (PRODUCER_EVENT_RATE)' },
    count: { type: 'string', value: 'N', about: 'send so many and end; with --rate 0 as fast as Kafka takes them' },
    seed: { type: 'string', value: 'TEXT', about: 'makes the run repeatable' },
    users: { type: 'string', value: 'N', about: 'users in the population (PRODUCER_USERS)' },
    items: { type: 'string', value: 'N', about: 'items they look at (PRODUCER_ITEMS)' },
  },
  run: async flags => {
    const config = loadConfig(
      overrides(flags, { rate: 'PRODUCER_EVENT_RATE', users: 'PRODUCER_USERS', items: 'PRODUCER_ITEMS' }),
    )
    const count = wholeNumber(flags, 'count')
    const { startProducer } = await import('../producer/producer.ts')
    const seed = typeof flags['seed'] === 'string' ? { seed: flags['seed'] } : {}
    return runRole('producer', config, log =>
      startProducer(config, log, { ...seed, ...(count !== undefined && { count }) }),
    )
  },
}
