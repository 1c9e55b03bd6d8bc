/** Builds a rival where it is wanted for the first time, and again when its sources change. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig, projectRoot } from '../src/runtime/config.ts'

const run = promisify(execFile)
const outputMax = 64 << 20

type Step = readonly [command: string, ...args: string[]]

/** What turns the sources of each kind into something that runs, inside the folder they were copied to. */
const steps = {
  go: [['go', 'build', '-o', 'rival', '.']],
  node: [['npm', 'ci', '--omit=dev']],
  python: [
    ['python3', '-m', 'venv', 'venv'],
    ['venv/bin/pip', 'install', '-q', '--disable-pip-version-check', '-r', 'requirements.txt'],
  ],
  java: [
    ['mvn', '-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'],
    ['sh', '-c', 'javac -nowarn -d classes -cp "lib/*" Job.java'],
  ],
} satisfies Record<string, readonly Step[]>

export type Kind = keyof typeof steps

/** @returns the folder it runs from. @throws with what its tools said when it cannot be built here. */
export async function build(name: string, kind: Kind): Promise<string> {
  const sources = join(projectRoot, 'bench/rivals', name)
  const folder = join(loadConfig().dataFolder, 'bench', `${name}-${stamp(sources)}`)
  // A mark at the end instead of a rename: a Python environment knows its own path.
  const mark = join(folder, 'built')
  if (existsSync(mark)) return folder
  rmSync(folder, { recursive: true, force: true })
  cpSync(sources, folder, { recursive: true })
  if (kind === 'node') cpSync(join(projectRoot, '.npmrc'), join(folder, '.npmrc'))
  try {
    for (const [command, ...args] of steps[kind]) await run(command, args, { cwd: folder, maxBuffer: outputMax })
  } catch (error) {
    throw new Error(`cannot be built here: ${firstWords(error)}`)
  }
  writeFileSync(mark, '')
  return folder
}

function stamp(folder: string): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)))
  return hash.digest('hex').slice(0, 10)
}

function firstWords(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr?.trim() || message).split('\n').slice(0, 3).join(' ').slice(0, 300)
}
