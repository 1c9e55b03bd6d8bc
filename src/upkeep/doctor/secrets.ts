/** What the doctor says of the files that secrets come from. */
import { statSync } from 'node:fs'
import type { Config } from '../../runtime/config.ts'
import type { Finding } from './finding.ts'

/** A file that everybody may read keeps no secret, but for a container in which nobody else is. */
export function examineSecretFiles({ secretFiles }: Config): Finding[] {
  return secretFiles
    .filter(path => (statSync(path).mode & 0o004) !== 0)
    .map(path => ({
      about: 'secret files',
      verdict: 'note',
      detail: `everybody on this machine may read ${path}, which holds a secret: chmod o-r ${path}`,
    }))
}
