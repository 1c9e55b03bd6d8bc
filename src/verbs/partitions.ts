import { loadConfig } from '../runtime/config.ts'
import { agreed, tell } from './terminal.ts'
import { type Flags, json, type Verb, WrongUse, yes } from './verb.ts'

export const partitions: Verb = {
  about: 'what halted a partition and the ways out; resume ends a halt',
  more: [
    'Without more it lists the partitions: for each halted one the reason, and the commands that end this halt with',
    'what each does. resume shows what it will do and asks. Running consumers go on by themselves within seconds.',
    '  ./footfall partitions resume 3                       goes on where it stands: the cause was mended',
    '  ./footfall partitions resume 3 --accept-loss 30-60   declares offsets 30 to 59 lost, goes on at 60',
    '  ./footfall partitions resume all --new-lineage       begins anew in a log that is not the one counted',
    'Exit code 1: a partition is halted; or it cannot be resumed so, or was changed meanwhile.',
  ].join('\n'),
  takes: '[resume all|PARTITION...]',
  flags: {
    'accept-loss': {
      type: 'string',
      value: 'FROM-TO',
      about: 'from where it stands to the first offset to read again',
    },
    'new-lineage': { type: 'boolean', about: 'closes the counted history and begins the next' },
    note: { type: 'string', value: 'TEXT', about: 'why, for those who come later; it is recorded with who and when' },
    yes,
    json,
  },
  run: listOrResume,
}

async function listOrResume(flags: Flags, words: readonly string[]): Promise<number> {
  const { parseRequest } = await import('../upkeep/partitions/request.ts')
  const request = parseRequest(words, flags)
  if (typeof request === 'string') throw new WrongUse(request)
  const config = loadConfig()
  const { partitionsText, stepsText } = await import('../upkeep/partitions/text.ts')
  if (request === undefined) {
    const { readPartitions } = await import('../upkeep/partitions/partitions.ts')
    const report = await readPartitions(config)
    tell(flags, report, partitionsText(report))
    return report.partitions.some(({ halt }) => halt !== null) ? 1 : 0
  }
  const { resume } = await import('../upkeep/partitions/resume.ts')
  const resumed = await resume(config, request, steps => agreed(flags, stepsText(steps), 'Do it?'))
  if (resumed === undefined) return 1
  tell(flags, resumed.steps, stepsText(resumed.steps))
  return resumed.isDone ? 0 : 1
}
