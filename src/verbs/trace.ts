import { loadConfig } from '../runtime/config.ts'
import { statusLine, tell } from './terminal.ts'
import { type Flags, json, text, type Verb, WrongUse, wholeNumber } from './verb.ts'

export const trace: Verb = {
  about: 'follows an event: where each copy of it lies, what became of it, and why',
  more: [
    'By position it reads one record and what PostgreSQL says of it. An event id that the window remembers is found at',
    'once as well; for anything else the log is looked through, newest first, as far as the time allows, and it says how',
    'far. Joins no group, changes nothing.',
    '  ./footfall trace --position 0:120',
    '  ./footfall trace --user 11111111-1111-1111-1111-111111111111 --event-id seed-2026-01-31-1',
    '  ./footfall trace --user 11111111-1111-1111-1111-111111111111 --seconds 120',
    'The fates: counted, duplicate, rejected, skipped, lost. Others say why there is none, or none to tell: waiting,',
    'before start, beyond end, no such partition; trimmed, truncated, closed, untold (docs/operating.md).',
    'Exit code 1: no such record, or nothing can be told of it any more.',
  ].join('\n'),
  flags: {
    position: { type: 'string', value: 'P:O', about: 'partition and offset' },
    user: { type: 'string', value: 'U', about: 'every record of a user' },
    'event-id': { type: 'string', value: 'E', about: 'of that user, only this event' },
    seconds: { type: 'string', value: 'N', about: 'look through the log for so long at most (30)' },
    limit: { type: 'string', value: 'N', about: 'show so many copies at most (100)' },
    json,
  },
  run: traceEvent,
}

async function traceEvent(flags: Flags): Promise<number> {
  const { parseTrace } = await import('../evidence/trace/trace-request.ts')
  const words = { position: text(flags, 'position'), user: text(flags, 'user'), eventId: text(flags, 'event-id') }
  const request = parseTrace(words)
  if ('wrong' in request) {
    const flag = request.wrong === 'eventId' ? 'event-id' : request.wrong
    throw new WrongUse(`trace: --${flag} must be ${request.allowed}`)
  }
  const [{ isFound, trace }, { defaultLimit, defaultSeconds }, { traceText }, { withTools }] = await Promise.all([
    import('../evidence/trace/trace.ts'),
    import('../evidence/trace/trace-report.ts'),
    import('../evidence/trace/trace-text.ts'),
    import('../evidence/trace/trace-tools.ts'),
  ])
  const limit = wholeNumber(flags, 'limit') ?? defaultLimit
  const line = statusLine()
  const progress = (done: number, of: number) => line.show(`${done} of ${of} records`)
  const seconds = wholeNumber(flags, 'seconds')
  const options = { seconds: seconds ?? defaultSeconds, isThorough: seconds !== undefined, limit, progress }
  const report = await withTools(loadConfig(), 'trace', tools => trace(tools, request, options)).finally(line.clear)
  tell(flags, report, traceText(report))
  return isFound(report) ? 0 : 1
}
