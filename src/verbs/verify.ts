import { loadConfig } from '../runtime/config.ts'
import { statusLine, tell } from './terminal.ts'
import { json, text, type Verb, WrongUse } from './verb.ts'

export const verify: Verb = {
  about: 'proves that what PostgreSQL holds is what the log says, while counting goes on',
  more: [
    'Recounts the log up to exactly the positions of one snapshot, by code that shares nothing with the consumer, and',
    'compares rows, fates, rejects and remembered ids. Every difference is shown with what is stored, what is expected',
    'and the records behind it. Joins no group, commits nothing; writes only to temporary files, and a checkpoint.',
    'Exit code 0: proven; 1: something differs, or cannot be proven (--json has which: verdict); 2: wrong use.',
  ].join('\n'),
  flags: {
    date: { type: 'string', value: 'D', about: 'only the rows of a day, such as 2026-01-31' },
    user: { type: 'string', value: 'U', about: 'only the rows of a user' },
    partition: { type: 'string', value: 'P', about: 'only fates, rejects and ids of a partition; proves no rows' },
    json,
  },
  run: async flags => {
    const [{ parseScope, verify }, { progressText, verifyText }] = await Promise.all([
      import('../evidence/verify/verify.ts'),
      import('../evidence/verify/verify-text.ts'),
    ])
    const scope = parseScope({
      date: text(flags, 'date'),
      user: text(flags, 'user'),
      partition: text(flags, 'partition'),
    })
    if (typeof scope === 'string') throw new WrongUse(`verify: ${scope}`)
    const line = statusLine()
    const report = await verify(loadConfig(), scope, progress => line.show(progressText(progress))).finally(line.clear)
    tell(flags, report, verifyText(report))
    return report.verdict === 'proven' ? 0 : 1
  },
}
