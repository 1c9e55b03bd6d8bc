/** What somebody typed after `partitions`, understood. Pure. */
import type { Request } from './halt-plans.ts'

export interface ResumeRequest {
  /** Undefined: every halted one. */
  readonly partitions: readonly number[] | undefined
  readonly way: Request
  readonly note: string | undefined
}

type Flags = Readonly<Record<string, string | boolean | undefined>>

/** @returns undefined when only a look was asked for; a text: what is wrong with it. */
export function parseRequest(words: readonly string[], flags: Flags): ResumeRequest | string | undefined {
  const [verb, ...which] = words
  if (verb === undefined) {
    const needless = ['accept-loss', 'new-lineage', 'note', 'yes'].find(flag => flags[flag] !== undefined)
    return needless === undefined ? undefined : `--${needless} belongs to partitions resume`
  }
  if (verb !== 'resume') return `partitions can resume, not "${verb}"`
  if (which.length === 0) return 'name the partitions to resume, or all'
  const isAll = which.length === 1 && which[0] === 'all'
  const wrong = isAll ? undefined : which.find(word => !/^\d{1,9}$/.test(word))
  if (wrong !== undefined) return `"${wrong}" is no partition; name their numbers, or all`
  const way = parseWay(flags, isAll || which.length > 1)
  if (typeof way === 'string') return way
  const partitions = isAll ? undefined : [...new Set(which.map(Number))].sort((a, b) => a - b)
  return { partitions, way, note: typeof flags['note'] === 'string' ? flags['note'] : undefined }
}

function parseWay(flags: Flags, isSeveral: boolean): Request | string {
  const range = flags['accept-loss']
  const isNew = flags['new-lineage'] === true
  if (typeof range !== 'string') return { decision: isNew ? 'new-lineage' : 'resume' }
  if (isNew) return '--accept-loss and --new-lineage are two ways; give one'
  if (isSeveral) return '--accept-loss names a range of one partition; resume one at a time'
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(range)
  if (match === null) return `--accept-loss is "${range}"; allowed: FROM-TO, TO being the first offset to read again`
  return { decision: 'accept-loss', from: Number(match[1]), to: Number(match[2]) }
}
