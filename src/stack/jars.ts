/** Kafka's jars: copied by Maven into the data folder once, and whole or not at all. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { projectRoot } from '../runtime/config.ts'
import { watch } from './child.ts'
import { signalProcess } from './processes.ts'

const pom = join(projectRoot, 'pom.xml')
const linesKept = 50

/** Where the jars of this pom.xml are, or will be: another pom gives another folder. */
export function jarsFolder(dataFolder: string): string {
  const name = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  return join(dataFolder, 'jars', name)
}

export interface Fetch {
  /** Hears how many jars came, those of Maven's own plugins included. */
  readonly onProgress?: ((jars: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes sure that the jars are there. Safe with several processes at once and after a crash: each copies into a folder
 * of its own, and a rename makes it the one that counts.
 * @returns the folder. @throws with Maven's reason and what to do about it.
 */
export async function fetchJars(dataFolder: string, { onProgress, signal }: Fetch = {}): Promise<string> {
  const folder = jarsFolder(dataFolder)
  const parts = join(dataFolder, 'jars')
  mkdirSync(parts, { recursive: true })
  for (const name of readdirSync(parts))
    if (isAbandoned(name)) rmSync(join(parts, name), { recursive: true, force: true })
  if (existsSync(folder)) return folder
  const part = `${folder}.part-${process.pid}`
  try {
    await copyByMaven(part, onProgress, signal)
    renameSync(part, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error // somebody else was faster: theirs is as good
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
  return folder
}

function isAbandoned(name: string): boolean {
  const pid = /\.part-(\d+)$/.exec(name)?.[1]
  return pid !== undefined && !existsSync(`/proc/${pid}`)
}

async function copyByMaven(folder: string, onProgress: Fetch['onProgress'], signal: Fetch['signal']): Promise<void> {
  signal?.throwIfAborted()
  const args = [
    '-B',
    '-f',
    pom,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${folder}`,
  ]
  const maven = spawn('mvn', [...args, '-Dstyle.color=never'], {
    cwd: projectRoot,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    maven.once('error', () => reject(new Error('cannot run "mvn": Maven fetches Kafka and is not installed')))
    maven.once('close', resolve)
  })
  if (maven.pid === undefined) return void (await ended)
  const pid = maven.pid
  const unwatch = watch(pid, 'SIGKILL')
  const stop = () => signalProcess(-pid, 'SIGKILL')
  signal?.addEventListener('abort', stop, { once: true })
  const said: string[] = []
  let jars = 0
  for (const output of [maven.stdout, maven.stderr]) {
    createInterface(output).on('line', line => {
      if (said.length < linesKept && line.includes('[ERROR]')) said.push(stripVTControlCharacters(line))
      if (/ Downloaded from .*\.jar /.test(line)) onProgress?.(++jars)
    })
  }
  const code = await ended
  signal?.removeEventListener('abort', stop)
  await unwatch()
  signal?.throwIfAborted()
  if (code !== 0) throw new Error(failure(code, said))
}

/** Maven's first error is the reason; the others say where to read about Maven. */
function failure(code: number | null, errors: readonly string[]): string {
  const reason =
    errors[0]?.replace(/^.*?\[ERROR\] */, '').replace(/ -> \[Help \d+\]$/, '') ?? `it ended with code ${code}`
  const mend = /local repository/.test(reason)
    ? 'Give it a folder it may write: MAVEN_OPTS=-Dmaven.repo.local=/a/folder npm start'
    : 'It is needed once, with a network or a mirror in ~/.m2/settings.xml; or set KAFKA_BOOTSTRAP_SERVERS to a Kafka of your own'
  return `Maven could not fetch Kafka: ${reason}. ${mend}`
}
