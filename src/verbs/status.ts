import { loadConfig } from '../runtime/config.ts'
import { tell } from './terminal.ts'
import { json, type Verb } from './verb.ts'

export const status: Verb = {
  about: 'where every partition stands: positions, fates, lag, halts; rejects by reason',
  more: 'Exit code 1: a partition is halted, or Kafka does not answer.',
  flags: { json },
  run: async flags => {
    const [{ readStatus, isWell }, { statusText }] = await Promise.all([
      import('../upkeep/status/status.ts'),
      import('../upkeep/status/text.ts'),
    ])
    const status = await readStatus(loadConfig())
    tell(flags, status, statusText(status))
    return isWell(status) ? 0 : 1
  },
}
