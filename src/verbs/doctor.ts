import { loadConfig } from '../runtime/config.ts'
import { tell } from './terminal.ts'
import { json, type Verb } from './verb.ts'

export const doctor: Verb = {
  about: 'checks machine, settings, Kafka, topic, Postgres and rights, and says how to mend each',
  more: 'Exit code 1: something is wrong; 2: a setting is.',
  flags: { json },
  run: async flags => {
    const { examineAll, doctorText } = await import('../upkeep/doctor/doctor.ts')
    const findings = await examineAll(loadConfig())
    tell(flags, findings, doctorText(findings))
    return findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0
  },
}
