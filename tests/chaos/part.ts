/** A role as its own process, as `./footfall VERB` runs it, and what it wrote about itself. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../src/runtime/config.ts'
import type { Event } from '../../src/runtime/events.ts'
import { startServer } from '../../src/stack/child.ts'
import { signalProcess } from '../../src/stack/processes.ts'

/** One life of a role. */
export interface Part {
  readonly name: string
  readonly pid: number
  readonly running: () => boolean
  readonly signal: (signal: NodeJS.Signals) => void
  /** kill -9; returns when it is gone. */
  readonly kill: () => Promise<void>
  /** SIGTERM, and by force after ten seconds. @returns how it ended: "ended with code 0". */
  readonly stop: () => Promise<string>
  readonly ended: Promise<string>
  readonly lines: () => readonly Line[]
}

export interface Line {
  readonly event: Event
  readonly time: string
  readonly why?: string
  readonly reason?: string
  readonly partition?: number
}

const stopDeadlineMs = 10_000

/** Starts it; its end follows ours, kill -9 included. @param name also of its log file in the folder. */
export function startPart(
  verb: string,
  name: string,
  folder: string,
  settings: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Part {
  const logFile = join(folder, `${name}.log`)
  const command = join(projectRoot, 'footfall')
  const environment = { FOOTFALL_DATA: join(folder, 'no-stack'), ...settings }
  const child = startServer({ name, command, args: [verb, ...args], folder, logFile, environment }, 'SIGKILL')
  return {
    name,
    pid: child.pid,
    running: child.running,
    signal: signal => child.running() && signalProcess(child.pid, signal),
    kill: () => child.stop('SIGKILL', stopDeadlineMs),
    stop: async () => {
      await child.stop('SIGTERM', stopDeadlineMs)
      return child.ended
    },
    ended: child.ended,
    lines: () => linesOf(logFile),
  }
}

function linesOf(logFile: string): Line[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .flatMap(text => {
      try {
        return [JSON.parse(text) as Line]
      } catch {
        return [] // Node's own words, or a line that a kill cut off
      }
    })
}
