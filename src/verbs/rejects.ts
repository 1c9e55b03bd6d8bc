import { loadConfig } from '../runtime/config.ts'
import { agreed, readInput, statusLine, stream, tell } from './terminal.ts'
import { type Flags, json, type Verb, WrongUse, yes } from './verb.ts'

export const rejects: Verb = {
  about: 'bad records: lists and shows them, discards them, or sends them again as repairs',
  more: [
    'Without more it lists the groups in which something is open, by reason and place. Nothing of a reject is ever lost.',
    '  ./footfall rejects show 0:120                              bytes, headers, the bad place, what became of it',
    '  ./footfall rejects export --reason not_json                open ones as NDJSON, bytes in base64',
    '  ./footfall rejects retry --reason too_old                  sends the same bytes again, once the rules have changed',
    '  ./footfall rejects resend 0:120 --patch FILE               applies an RFC 7396 merge patch first; - is what comes in',
    '  ./footfall rejects discard 0:120 0:121 --note "test data"  says that nobody will repair them; --undo takes it back',
    'retry, resend and discard take positions (P:O, the current lineage unless --lineage says another) or a filter, which',
    'selects open ones. A repair is a new record that names its origin: however often it is sent, it counts once. What',
    'would be rejected again is not sent. Run again after whatever ended it, it goes on with what is open.',
    'Exit code 1: something selected could not be done, was rejected again, or its fate is not known yet.',
  ].join('\n'),
  takes: '[list|export|show P:O|retry|resend|discard [P:O...]]',
  flags: {
    reason: { type: 'string', value: 'R', about: 'only this reason' },
    pointer: { type: 'string', value: 'J', about: 'only at this JSON pointer; "" is the whole value' },
    partition: { type: 'string', value: 'P', about: 'only this partition' },
    since: {
      type: 'string',
      value: 'TIME',
      about: 'only what was appended then or later, such as 2026-01-31T00:00:00Z',
    },
    until: { type: 'string', value: 'TIME', about: 'only what was appended before' },
    all: { type: 'boolean', about: 'list, export: also what is repaired, discarded, or an attempt to repair another' },
    lineage: { type: 'string', value: 'N', about: 'the positions are of this lineage' },
    patch: { type: 'string', value: 'FILE', about: 'resend: what to change' },
    note: { type: 'string', value: 'TEXT', about: 'discard: why; it is recorded with who and when' },
    undo: { type: 'boolean', about: 'discard: takes it back' },
    'dry-run': { type: 'boolean', about: 'say what would be done, and do nothing' },
    seconds: { type: 'string', value: 'N', about: 'wait so long for what becomes of a thousand (30)' },
    'no-wait': { type: 'boolean', about: 'wait for Kafka only' },
    yes,
    json,
  },
  run: listOrDo,
}

async function listOrDo(flags: Flags, words: readonly string[]): Promise<number> {
  const { parseRejects } = await import('../evidence/rejects/rejects-request.ts')
  const request = parseRejects(words, flags)
  if (typeof request === 'string') throw new WrongUse(request)
  const config = loadConfig()
  switch (request.do) {
    case 'list': {
      const [{ listRejects }, { listText }] = await Promise.all([
        import('../evidence/rejects/list.ts'),
        import('../evidence/rejects/rejects-text.ts'),
      ])
      const report = await listRejects(config, request.filter, request.isAll)
      return tell(flags, report, listText(report))
    }
    case 'show': {
      const [{ showReject }, { showText }] = await Promise.all([
        import('../evidence/rejects/show.ts'),
        import('../evidence/rejects/show-text.ts'),
      ])
      const report = await showReject(config, request.at, request.lineage)
      if (report !== undefined) return tell(flags, report, showText(report, config))
      throw new Error(`no reject is there; ./footfall trace --position ${words[1]} tells what became of the record`)
    }
    case 'export': {
      const { exportRejects } = await import('../evidence/rejects/export.ts')
      return stream(exportRejects(config, request.filter, request.isAll))
    }
    case 'discard': {
      const [{ label }, { operator }] = await Promise.all([
        import('../evidence/rejects/label.ts'),
        import('../runtime/operator.ts'),
      ])
      const { selection, isUndo, note, isDryRun } = request
      return carryOut(flags, isDryRun, isUndo ? 'Open them again?' : 'Discard them?', (isDryRun, progress) =>
        label(config, selection, { isUndo, note, isDryRun, by: operator(), progress }),
      )
    }
    case 'retry':
    case 'resend': {
      const { sendRepairs } = await import('../evidence/rejects/send-repairs.ts')
      const { selection, isDryRun, waitMs } = request
      const patch = request.patch === undefined ? undefined : await readPatch(request.patch)
      return carryOut(flags, isDryRun, 'Send them?', (isDryRun, progress) =>
        sendRepairs(config, selection, { isDryRun, patch, waitMs, progress }),
      )
    }
  }
}

type Report = import('../evidence/rejects/reject-report.ts').RejectsReport

/** Several are shown and asked for before; one that was named is just done. */
async function carryOut(
  flags: Flags,
  isDryRun: boolean,
  question: string,
  work: (isDryRun: boolean, progress: (done: number) => void) => Promise<Report>,
): Promise<number> {
  const [{ countOf, isDone }, { outcomesText }] = await Promise.all([
    import('../evidence/rejects/reject-report.ts'),
    import('../evidence/rejects/rejects-text.ts'),
  ])
  const line = statusLine()
  const run = (isDryRun: boolean) =>
    work(isDryRun, done => line.show(`${done} ${isDryRun ? 'looked at' : 'done'}`)).finally(line.clear)
  const finish = (report: Report) => {
    tell(flags, report, outcomesText(report))
    return isDone(report) ? 0 : 1
  }
  if (isDryRun) return finish(await run(true))
  if (flags['yes'] !== true) {
    const plan = await run(true)
    if (countOf(plan, 'ready') === 0) return finish(plan)
    if (countOf(plan, 'ready') > 1 && !(await agreed(flags, outcomesText(plan), question))) return 1
  }
  return finish(await run(false))
}

async function readPatch(path: string) {
  const { parsePatch } = await import('../evidence/rejects/merge-patch.ts')
  const patch = parsePatch(await readInput(path))
  if (patch === undefined) throw new WrongUse(`--patch ${path}: it must hold one JSON object (RFC 7396)`)
  return patch
}
