/** Waiting for a process that was started, with what it said last in the error. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Child } from './child.ts'

const tailBytes = 4_096
const everyMs = 40
const wordCharactersMax = 300
/** A role that fails says so, stops and says that: the error is one of its last lines. */
const farewellLines = 3

export interface Attempt {
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
  /** Rejects as long as the process is not ready. */
  readonly attempt: () => Promise<void>
  /** One that takes longer is given up: a client that loses its connection at a bad moment may never say so. */
  readonly attemptMs?: number
}

/** A failure that no waiting will mend; its message says the way out. */
export class Hopeless extends Error {}

/** Tries until the process is ready. @throws with the end of its log, when it ends first or the deadline passes. */
export async function awaitReady(
  child: Child,
  { deadlineMs, signal, attempt, attemptMs = 10_000 }: Attempt,
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    signal?.throwIfAborted()
    if (!child.running()) throw failure(child, await child.ended)
    try {
      return await atMost(attemptMs, attempt())
    } catch (error) {
      if (error instanceof Hopeless) throw error
      if (performance.now() > deadline)
        throw failure(child, `did not answer within ${deadlineMs / 1_000} s: ${(error as Error).message}`)
    }
    await pause(everyMs)
  }
}

async function atMost(ms: number, answer: Promise<void>): Promise<void> {
  const late = new AbortController()
  const tooLate = pause(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error('a question was never answered')
  })
  await Promise.race([answer, tooLate]).finally(() => late.abort())
}

/** Waits for the end of a tool. @throws with the end of its log, unless it ended with code 0. */
export async function awaitEnd(tool: Child, signal?: AbortSignal): Promise<void> {
  const stop = () => void tool.stop('SIGKILL', 0)
  signal?.addEventListener('abort', stop, { once: true })
  const how = await tool.ended
  signal?.removeEventListener('abort', stop)
  signal?.throwIfAborted()
  if (how !== 'ended with code 0') throw failure(tool, how)
}

/** The last lines of a log. */
export function tail(logFile: string, linesMax = 12): string {
  let file: number
  try {
    file = openSync(logFile, 'r')
  } catch {
    return '' // it never wrote
  }
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, tailBytes))
    readSync(file, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('utf8').trimEnd().split('\n').slice(-linesMax).join('\n')
  } finally {
    closeSync(file)
  }
}

/**
 * Why a role ended, from its log, as one sentence for the screen: the error that it told just before the end, else its
 * last line.
 */
export function lastWord(logFile: string): string {
  const lines = tail(logFile, farewellLines).split('\n').map(parseLine)
  const { msg, why, err } = lines.findLast(({ level }) => level === 'error') ?? lines.at(-1)!
  const word = [msg, why, err?.message].filter(part => part !== undefined).join(': ')
  return word === '' ? '(it wrote nothing)' : word.slice(0, wordCharactersMax)
}

interface Line {
  readonly level?: string
  readonly msg?: string
  readonly why?: string
  readonly err?: { readonly message?: string }
}

function parseLine(line: string): Line {
  try {
    return JSON.parse(line) as Line
  } catch {
    return { msg: line.trim() } // Node's own words when it crashes, or the head of a line that tail cut off
  }
}

function failure({ name, logFile }: Child, what: string): Error {
  return new Error(`${name} ${what}. The end of ${logFile}:\n${tail(logFile)}`)
}
