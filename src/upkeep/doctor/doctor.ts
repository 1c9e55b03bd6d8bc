/** Checks what Footfall needs, one thing after another, and says how to mend each. Changes nothing. */
import type { Config } from '../../runtime/config.ts'
import { checkPrerequisites } from '../../stack/prerequisites.ts'
import type { Finding } from './finding.ts'
import { examineKafka } from './kafka.ts'
import { examinePostgres } from './postgres.ts'
import { examineSecretFiles } from './secrets.ts'

/** @param config checked already: wrong settings are reported by whoever read them. */
export async function examineAll(config: Config): Promise<Finding[]> {
  const machine = checkPrerequisites(config).map(
    ({ name, ok, detail }): Finding => ({ about: name, verdict: ok ? 'fine' : 'wrong', detail }),
  )
  return [
    { about: 'Node', verdict: 'fine', detail: process.version },
    ...machine,
    { about: 'settings', verdict: 'fine', detail: 'every setting is within its range' },
    ...examineSecretFiles(config),
    ...(await examineKafka(config)),
    ...(await examinePostgres(config)),
  ]
}

/** The findings for people. */
export function doctorText(findings: readonly Finding[]): string {
  const marks = { fine: '✔', note: '!', wrong: '✘' }
  const width = Math.max(...findings.map(({ about }) => about.length))
  return findings.map(({ about, verdict, detail }) => `${marks[verdict]} ${about.padEnd(width)}  ${detail}`).join('\n')
}
