/** A small defect, as a change of one place in one file. */
export interface Mutant {
  /** What is broken, in a few words. */
  readonly name: string
  /** From the project's root. */
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly put: string
  /** The tests that should notice, where neither the unit tests nor the simulator can: files, run on the real parts. */
  readonly tests?: readonly string[]
}

/** Mutants of one file. */
export const of =
  (file: string) =>
  (name: string, find: string, put: string, ...tests: string[]): Mutant => ({
    name,
    file,
    find,
    put,
    ...(tests.length > 0 && { tests }),
  })
