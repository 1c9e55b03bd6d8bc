/** Docker and Compose as programs, for one project; the tests see what a person at the keyboard would. */
import { spawn } from 'node:child_process'
import { projectRoot } from '../../src/runtime/config.ts'
import { settings } from '../../src/runtime/settings.ts'

/** What `run.ts` tells the tests, as JSON in FOOTFALL_COMPOSE. */
export interface Project {
  readonly name: string
  /** Takes the place of `.env`. */
  readonly envFile: string
  /** On 127.0.0.1: of Kafka, PostgreSQL and the API. */
  readonly ports: readonly number[]
  readonly otherPorts: readonly number[]
}

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The environment without settings: those of a developer's shell would come before the tests'. */
export function dockerEnvironment(): NodeJS.ProcessEnv {
  const ours = new Set<string>(settings.map(({ name }) => name))
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !ours.has(name) && !name.startsWith('COMPOSE_')),
  )
}

export function composeArguments({ name, envFile }: Project, args: readonly string[]): string[] {
  return ['compose', '--project-name', name, '--env-file', envFile, '--progress', 'quiet', ...args]
}

export function project(): Project {
  const told = process.env['FOOTFALL_COMPOSE']
  if (told === undefined) throw new Error('these tests need their project: npm run test:compose')
  return JSON.parse(told) as Project
}

/** @throws when it ends with another code than 0, with all it said. */
export async function docker(...args: string[]): Promise<string> {
  const { code, out, err } = await tryDocker(...args)
  if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}: ${err}${out}`)
  return out.trim()
}

export const compose = (...args: string[]): Promise<string> => docker(...composeArguments(project(), args))

export const tryCompose = (...args: string[]): Promise<Said> => tryDocker(...composeArguments(project(), args))

/** Runs a program in the running container of a service. */
export const exec = (service: string, ...command: string[]): Promise<string> =>
  compose('exec', '--no-TTY', service, ...command)

/** Runs JavaScript in a role's container, which has nothing but Node. */
export const execNode = (service: string, script: string): Promise<string> => exec(service, 'node', '-e', script)

/** The ids of a service's containers, stopped ones too. */
export async function containers(...services: string[]): Promise<string[]> {
  return (await compose('ps', '--all', '--quiet', ...services)).split('\n').filter(id => id !== '')
}

export interface Container {
  readonly Name: string
  readonly RestartCount: number
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } }
  readonly HostConfig: { readonly ReadonlyRootfs: boolean }
}

export async function inspect(...services: string[]): Promise<Container[]> {
  return JSON.parse(await docker('inspect', ...(await containers(...services)))) as Container[]
}

function tryDocker(...args: string[]): Promise<Said> {
  const child = spawn('docker', args, { cwd: projectRoot, env: dockerEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', text => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    said.err += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, ...said }))
  })
}
