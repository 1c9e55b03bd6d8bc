/** Kafka's jars: copied by Maven into the data folder once, and whole or not at all. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectRoot } from '../runtime/config.ts'

const pom = join(projectRoot, 'pom.xml')
const linesKept = 15

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
 * @returns the folder. @throws with the end of Maven's output.
 */
export async function fetchJars(dataFolder: string, { onProgress, signal }: Fetch = {}): Promise<string> {
  const folder = jarsFolder(dataFolder)
  if (existsSync(folder)) return folder
  const parts = join(dataFolder, 'jars')
  mkdirSync(parts, { recursive: true })
  for (const name of readdirSync(parts)) if (isAbandoned(name)) rmSync(join(parts, name), { recursive: true })
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

function copyByMaven(folder: string, onProgress: Fetch['onProgress'], signal: Fetch['signal']): Promise<void> {
  const args = [
    '-B',
    '-f',
    pom,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${folder}`,
  ]
  return new Promise((resolve, reject) => {
    const maven = spawn('mvn', [...args, '-Dstyle.color=never'], {
      cwd: projectRoot,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const stop = () => maven.pid !== undefined && process.kill(-maven.pid, 'SIGTERM')
    signal?.addEventListener('abort', stop, { once: true })
    const lines: string[] = []
    let jars = 0
    createInterface(maven.stdout).on('line', line => {
      lines.push(line)
      if (lines.length > linesKept) lines.shift()
      if (/ Downloaded from .*\.jar /.test(line)) onProgress?.(++jars)
    })
    maven.once('error', () => reject(new Error('cannot run "mvn": Maven copies Kafka and is not installed')))
    maven.once('close', code => {
      signal?.removeEventListener('abort', stop)
      if (signal?.aborted) reject(signal.reason as Error)
      else if (code === 0) resolve()
      else reject(new Error(`Maven could not fetch Kafka (code ${code}):\n${lines.join('\n')}`))
    })
  })
}
