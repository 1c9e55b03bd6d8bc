import { loadConfig } from '../runtime/config.ts'
import { confirmed, say } from './terminal.ts'
import { type Verb, yes } from './verb.ts'

export const reset: Verb = {
  about: "removes the embedded stack's data and logs, after asking",
  more: 'Refuses while a stack runs over them. A Kafka or PostgreSQL of your own is never touched.',
  flags: { yes },
  run: async ({ yes }) => {
    const { reset } = await import('../stack/reset.ts')
    const done = await reset(
      loadConfig(),
      async paths => yes === true || (await confirmed(`Remove ${paths.join(', ')}, with all counts and events?`)),
    )
    if (done === undefined) say('Nothing was removed.')
    else say(done.removed.length === 0 ? 'There is no data.' : `Removed: ${done.removed.join(', ')}`)
    return done === undefined ? 1 : 0
  },
}
