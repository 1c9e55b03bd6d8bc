/** The processes of this machine, read from /proc: finds what a killed supervisor left, by its command line. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly args: readonly string[]
}

const pollMs = 20

/** Every process that runs; one that is dead and only waits to be collected does not. */
export function processes(): Process[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => process(Number(name)) ?? [])
}

/** Those that were started with exactly this argument. Never a stranger, whatever a stale pid file says. */
export function processesWith(argument: string): Process[] {
  return processes().filter(({ args }) => args.includes(argument))
}

export function childrenOf(pid: number): Process[] {
  return processes().filter(({ parent }) => parent === pid)
}

/** Sends a signal; a process that is gone already is fine. @param pid negative: the group of that process. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    globalThis.process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until none of the processes runs. @returns whether that came true before the deadline. */
export async function gone(pids: readonly number[], deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs
  while (pids.some(pid => process(pid) !== undefined)) {
    if (performance.now() > deadline) return false
    await pause(pollMs)
  }
  return true
}

function process(pid: number): Process | undefined {
  try {
    // "pid (name) state parent ...": the name may hold blanks and brackets, so read from its last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return undefined
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
    return { pid, parent: Number(parent), args }
  } catch {
    return undefined // it ended while we looked
  }
}
