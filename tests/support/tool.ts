/** A tool that is run to its end. */
import { type Lifetime, roleProcess } from './environment.ts'

export interface Ran {
  readonly code: number | null
  /** What it wrote to stdout and then to stderr. */
  readonly said: string
}

export async function run(
  test: Lifetime,
  verb: string,
  settings: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
  root?: string,
): Promise<Ran> {
  const role = roleProcess(test, verb, settings, args, root)
  const { code } = await role.ended
  return { code, said: [...role.output, ...role.errors].join('\n') }
}
