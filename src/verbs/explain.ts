import { loadConfig } from '../runtime/config.ts'
import { statusLine, tell } from './terminal.ts'
import { type Flags, json, type Verb, WrongUse, wholeNumber } from './verb.ts'

export const explain: Verb = {
  about: 'explains one number: the events behind it, with their positions',
  more: [
    'Reads one row of the table and, up to the positions of the same snapshot, the log of all partitions, as far as events',
    'of that day can lie in it. The events add up to the number, or it says what is missing and why. DATE is a UTC day.',
    '  ./footfall explain 11111111-1111-1111-1111-111111111111 aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa 2026-01-31',
    'Exit code 1: there is no such number, or the events that were found do not add up to it.',
  ].join('\n'),
  takes: 'USER ITEM DATE',
  flags: {
    seconds: { type: 'string', value: 'N', about: 'look through the log for so long at most (30)' },
    limit: { type: 'string', value: 'N', about: 'show so many events at most (100)' },
    json,
  },
  run: explainNumber,
}

async function explainNumber(flags: Flags, words: readonly string[]): Promise<number> {
  const [{ parseRow, explainText }, { explain }, { defaultLimit, defaultSeconds }, { withTools }] = await Promise.all([
    import('../evidence/trace/explain-report.ts'),
    import('../evidence/trace/explain.ts'),
    import('../evidence/trace/trace-report.ts'),
    import('../evidence/trace/trace-tools.ts'),
  ])
  const [user, item, date, ...others] = words
  if (user === undefined || item === undefined || date === undefined || others.length > 0) {
    throw new WrongUse('explain: give USER ITEM DATE')
  }
  const row = parseRow(user, item, date)
  if (row === 'date') throw new WrongUse(`explain: "${date}" is no day such as 2026-01-31`)
  if (typeof row === 'string') throw new WrongUse(`explain: the ${row} must be a UUID of the form 8-4-4-4-12`)
  const limit = wholeNumber(flags, 'limit') ?? defaultLimit
  const line = statusLine()
  const progress = (done: number, of: number) => line.show(`${done} of ${of} records`)
  const options = { seconds: wholeNumber(flags, 'seconds') ?? defaultSeconds, isThorough: true, limit, progress }
  const report = await withTools(loadConfig(), 'explain', tools => explain(tools, row, options)).finally(line.clear)
  tell(flags, report, explainText(report))
  return report.verdict === 'equal' && report.number !== null ? 0 : 1
}
