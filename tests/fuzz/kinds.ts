/** What `npm run fuzz` can do with a log: what it is told of, and what a long run must have reached. */
import { reasons } from '../../src/event/fate.ts'
import { editNames } from './edited-answer.ts'
import { type Fuzzed, fuzzLog, recordsPerLog } from './log.ts'
import { foldTwice, recordsPerTwoFolds } from './two-folds.ts'
import { mutationNames } from './value.ts'

export interface Kind {
  /** The tool of the campaign, and the command. */
  readonly tool: string
  readonly command: string
  readonly run: (seed: number) => Fuzzed
  readonly recordsPerLog: number
  readonly records: string
  readonly wrong: string
  readonly fates: readonly string[]
  readonly changes: readonly string[]
}

const fates = [...Object.keys(reasons), 'counted', 'duplicate', 'skipped', 'repair']

export const kinds: Readonly<Record<'judges' | 'folds', Kind>> = {
  judges: {
    tool: 'fuzz',
    command: 'npm run fuzz --',
    run: fuzzLog,
    recordsPerLog,
    records: 'fuzzed records',
    wrong: 'records judged otherwise, lost or not kept byte for byte',
    fates: [...fates, 'rolled back'],
    changes: mutationNames,
  },
  folds: {
    tool: 'two-folds',
    command: 'npm run two-folds --',
    run: foldTwice,
    recordsPerLog: recordsPerTwoFolds,
    records: 'records folded twice',
    wrong: 'logs of which the two folds made something else',
    fates: [...fates, 'a segment closed', 'ids left the window'],
    changes: editNames,
  },
}
