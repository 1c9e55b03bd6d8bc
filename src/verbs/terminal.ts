/** What a verb says and asks. */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type Flags, WrongUse } from './verb.ts'

/** @returns 0, the exit code of a verb that has nothing more to do. */
export function say(text: string): 0 {
  process.stdout.write(`${text}\n`)
  return 0
}

/** What comes piece by piece, no faster than it is read. A reader that has seen enough ends it. @returns 0 */
export async function stream(pieces: AsyncIterable<string>): Promise<0> {
  try {
    await pipeline(Readable.from(pieces), process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
  return 0
}

/** A file that a flag names, or with `-` what comes in. @throws WrongUse when it cannot be read. */
export async function readInput(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8')
  } catch (error) {
    throw new WrongUse(`${path} cannot be read: ${(error as Error).message}`)
  }
}

/** The report for programs or for people. @returns 0 */
export function tell(flags: Flags, report: object, text: string): 0 {
  return say(flags['json'] === true ? JSON.stringify(report) : text)
}

/** Shows what would be done and asks, unless `--yes` says so already. */
export async function agreed(flags: Flags, plan: string, question: string): Promise<boolean> {
  if (flags['json'] !== true) say(plan)
  else if (flags['yes'] !== true) throw new WrongUse('--json asks nobody; to do it: --yes')
  if (flags['yes'] === true || (await confirmed(question))) return true
  say('Nothing was changed.')
  return false
}

/** Asks on the terminal; anything but yes is a no. @throws WrongUse where there is no terminal. */
export async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new WrongUse('nobody is there to ask; to do it all the same: --yes')
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}

/** A line on the terminal that is written over again and again; where there is none, nothing. */
export function statusLine(): { show: (text: string) => void; clear: () => void } {
  const { stderr } = process
  let nextMs = 0
  return {
    show: text => {
      if (!stderr.isTTY || performance.now() < nextMs) return
      nextMs = performance.now() + 200
      stderr.write(`\r\x1b[K${text.slice(0, stderr.columns - 1)}`)
    },
    clear: () => {
      if (stderr.isTTY) stderr.write('\r\x1b[K')
    },
  }
}
