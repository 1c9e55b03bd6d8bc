/** All planted bugs. A test holds each against the code: a mutant whose place has moved is mended, not forgotten. */
import { activityMutants } from './activity-mutants.ts'
import { foldMutants } from './fold-mutants.ts'
import { kernelMutants } from './kernel-mutants.ts'
import { logMutants } from './log-mutants.ts'
import type { Mutant } from './mutant.ts'
import { settleMutants } from './settle-mutants.ts'
import { sqlMutants } from './sql-mutants.ts'

export const mutants: readonly Mutant[] = [
  ...activityMutants,
  ...foldMutants,
  ...kernelMutants,
  ...logMutants,
  ...settleMutants,
  ...sqlMutants,
]
