/** What the embedded stack needs from the machine, and how to get what is missing. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../runtime/config.ts'
import { jarsFolder } from './jars.ts'
import { nativeFolder } from './postgres-programs.ts'

export interface Prerequisite {
  readonly name: string
  readonly ok: boolean
  /** What was found, or what is missing and the command that installs it. */
  readonly detail: string
}

const javaMin = 17

/** Jars, an empty Kafka and an empty PostgreSQL take half of it. */
const freeBytesMin = 512 * 1024 * 1024

/** The packages of each package manager, tried in this order. */
const installers = [
  { program: '/usr/bin/apt-get', command: 'sudo apt-get install -y', java: 'openjdk-17-jre-headless', maven: 'maven' },
  { program: '/usr/bin/dnf', command: 'sudo dnf install -y', java: 'java-21-openjdk-headless', maven: 'maven' },
  { program: '/usr/bin/zypper', command: 'sudo zypper install -y', java: 'java-21-openjdk-headless', maven: 'maven' },
  { program: '/usr/bin/pacman', command: 'sudo pacman -S', java: 'jre-openjdk-headless', maven: 'maven' },
] as const
const sites = { java: 'https://adoptium.net', maven: 'https://maven.apache.org/install.html' }

/** Checks what `start` needs with these settings. Node checks itself: this runs on the one that the package pins. */
export function checkPrerequisites(config: Pick<Config, 'given' | 'dataFolder'>): readonly Prerequisite[] {
  const fetched = existsSync(jarsFolder(config.dataFolder))
  return [
    ...(config.given.kafka ? [] : [checkJava()]),
    ...(config.given.kafka || fetched ? [] : [checkMaven()]),
    ...(config.given.postgres ? [] : [checkPostgres()]),
    ...(config.given.kafka && config.given.postgres ? [] : [checkDataFolder(config.dataFolder)]),
  ]
}

function checkJava(): Prerequisite {
  const name = `Java ${javaMin} or newer`
  const { stderr, stdout, error } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  if (error !== undefined) return { name, ok: false, detail: `there is no java. ${install('java')}` }
  const version = /version "(?:1\.)?(\d+)/.exec(stderr + stdout)?.[1]
  if (Number(version) >= javaMin) return { name, ok: true, detail: `Java ${version}` }
  return { name, ok: false, detail: `java is version ${version ?? 'unknown'}. ${install('java')}` }
}

function checkMaven(): Prerequisite {
  const name = 'Maven, which fetches Kafka'
  // Asking mvn itself takes a second; that it is there is enough.
  const found = spawnSync('sh', ['-c', 'command -v mvn']).status === 0
  return { name, ok: found, detail: found ? 'mvn is there' : `there is no mvn. ${install('maven')}` }
}

function checkPostgres(): Prerequisite {
  const name = "PostgreSQL's programs"
  try {
    return { name, ok: true, detail: nativeFolder() }
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message }
  }
}

/** Looks at the folder, or where it is not there yet at the one that it would be made in. */
function checkDataFolder(dataFolder: string): Prerequisite {
  const name = 'data folder'
  const elsewhere = 'Name another one: FOOTFALL_DATA=/a/folder'
  let there = dataFolder
  while (!existsSync(there)) there = dirname(there)
  try {
    accessSync(there, constants.W_OK | constants.X_OK)
  } catch (error) {
    return { name, ok: false, detail: `${dataFolder} cannot be written (${(error as Error).message}). ${elsewhere}` }
  }
  const { bavail, bsize } = statfsSync(there)
  const free = `${Math.floor((bavail * bsize) / 1024 / 1024)} MiB free`
  if (bavail * bsize >= freeBytesMin) return { name, ok: true, detail: `${dataFolder}, ${free}` }
  return {
    name,
    ok: false,
    detail: `${dataFolder}: ${free}, ${freeBytesMin / 1024 / 1024} MiB are needed. ${elsewhere}`,
  }
}

function install(what: 'java' | 'maven'): string {
  const installer = installers.find(({ program }) => existsSync(program))
  return `Install it: ${installer === undefined ? sites[what] : `${installer.command} ${installer[what]}`}`
}
