/** A child process of ours: in a session of its own, its output in a file, and gone when we are gone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { signalProcess } from './processes.ts'

export interface Command {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly folder: string
  /** Gets what the process writes, appended. */
  readonly logFile: string
  /** Added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly uid?: number
  /** Stands first on its command line instead of the command. */
  readonly title?: string
}

export interface Child {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** How it ended, to be read after its name: "ended with code 1". Never rejects. */
  readonly ended: Promise<string>
  readonly running: () => boolean
  /** Sends the signal and waits; after the deadline it is killed. */
  readonly stop: (signal: NodeJS.Signals, deadlineMs: number) => Promise<void>
}

const logBytesMax = 16_777_216

/**
 * Starts a process that ends on its own when its standard input closes, which happens at the latest when we die.
 * @throws when the command cannot be run at all.
 */
export function startChild(command: Command): Child {
  const child = spawnDetached(command, 'pipe')
  child.stdin?.on('error', () => {}) // it died with the pipe open, which `ended` tells
  return handle(command, child)
}

/**
 * Starts a server that knows nothing of us, under a watch that ends it by `signal` when we die.
 * @throws when the command cannot be run at all.
 */
export function startServer(command: Command, signal: NodeJS.Signals): Child {
  const server = handle(command, spawnDetached(command, 'ignore'))
  const unwatch = watch(server.pid, signal)
  const ended = server.ended.then(async how => {
    await unwatch()
    return how
  })
  const stop: Child['stop'] = async (signal, deadlineMs) => {
    await server.stop(signal, deadlineMs)
    await ended
  }
  return { ...server, ended, stop }
}

/**
 * Sets a small shell beside a detached process that waits for our end, kill -9 included, and then sends the signal to
 * that process and those it started.
 * @returns ends the watch, which must not outlive the process: its pid may become a stranger's.
 */
export function watch(pid: number, signal: NodeJS.Signals): () => Promise<void> {
  const script = `read -r _; kill -s ${signal.slice('SIG'.length)} -- "-$1"`
  const shell = spawn('sh', ['-c', script, 'sh', String(pid)], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.stdin.on('error', () => {})
  const ended = new Promise<void>(resolve => {
    shell.once('exit', () => resolve())
    shell.once('error', () => resolve()) // without a shell the next start cleans up
  })
  return () => {
    shell.kill('SIGKILL')
    return ended
  }
}

function spawnDetached(command: Command, input: 'pipe' | 'ignore'): ChildProcess {
  const log = openLog(command.logFile)
  try {
    const child = spawn(command.command, command.args, {
      cwd: command.folder,
      // A session of its own: the terminal's Ctrl-C reaches us only, and we stop things in order.
      detached: true,
      stdio: [input, log, log],
      env: { ...process.env, ...command.environment },
      ...(command.title === undefined ? {} : { argv0: command.title }),
      ...(command.uid === undefined ? {} : { uid: command.uid, gid: command.uid }),
    })
    if (child.pid === undefined) {
      child.on('error', () => {})
      throw new Error(`${command.name}: cannot run "${command.command}" in ${command.folder}; is it installed?`)
    }
    return child
  } finally {
    closeSync(log)
  }
}

function handle({ name, logFile }: Command, child: ChildProcess): Child {
  const pid = child.pid as number
  const ended = new Promise<string>(resolve => {
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
    )
  })
  const running = () => child.exitCode === null && child.signalCode === null
  const stop = async (signal: NodeJS.Signals, deadlineMs: number) => {
    // By force with all that it started, as initdb does; else it is its own affair to end them.
    const kill = () => running() && signalProcess(-pid, 'SIGKILL')
    if (signal === 'SIGKILL') kill()
    else if (running()) signalProcess(pid, signal)
    const force = setTimeout(kill, deadlineMs)
    await ended
    clearTimeout(force)
  }
  return { name, pid, logFile, ended, running, stop }
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > logBytesMax) renameSync(file, `${file}.old`)
  return openSync(file, 'a')
}
