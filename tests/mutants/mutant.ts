/** A small defect, as a change of one place in one file. */
export interface Mutant extends Change {
  /** What is broken, in a few words. */
  readonly name: string
  /** Files of the tests that are known to notice it, the quickest first; none: the simulator. */
  readonly tests: readonly string[]
}

/** Of one place. */
export interface Change {
  /** From the project's root. */
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly put: string
}

/** Mutants of one file. @param usual the tests that notice most of what is broken there. */
export const of =
  (file: string, ...usual: string[]) =>
  (name: string, find: string, put: string, ...tests: string[]): Mutant => ({
    ...{ name, file, find, put },
    tests: [...tests, ...usual],
  })
