/** A small file system of its own in a file, for a disk that is full when we say so. Only root may mount one. */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { closing, type Lifetime } from '../support/environment.ts'

export interface SmallDisk {
  readonly folder: string
  /** Takes all the room there is. */
  readonly fill: () => void
  readonly free: () => void
}

/** What a file's own description may take at most. */
const restBytes = 4 << 20

/** @returns undefined where this machine does not let us mount. */
export function mountSmallDisk(lifetime: Lifetime, folder: string, bytes: number): SmallDisk | undefined {
  const image = `${folder}.image`
  mkdirSync(folder, { recursive: true })
  closeSync(openSync(image, 'w'))
  truncateSync(image, bytes)
  try {
    // Nothing is kept back for root, whom PostgreSQL's user namespace maps to.
    run('mkfs.ext4', '-q', '-m', '0', image)
    run('mount', '-o', 'loop', image, folder)
  } catch {
    rmSync(image)
    return undefined
  }
  const unwatch = unmountAfterUs(folder)
  closing(lifetime, () => {
    run('umount', '-l', folder)
    unwatch()
  })
  const ballast = join(folder, 'ballast')
  return { folder, fill: () => fillUp(folder, ballast), free: () => rmSync(ballast, { force: true }) }
}

/** Most of it at once, the rest block by block until there is no room for one more. */
function fillUp(folder: string, ballast: string): void {
  const { bavail, bsize } = statfsSync(folder)
  run('fallocate', '-l', String(Math.max(bsize, bavail * bsize - restBytes)), ballast)
  const file = openSync(ballast, 'a')
  try {
    for (const block = Buffer.alloc(4_096); ; ) writeSync(file, block)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env['PATH']}:/sbin:/usr/sbin` },
  })
}

/** A shell that waits for our end, kill -9 included. */
function unmountAfterUs(folder: string): () => void {
  const script = 'read -r _; umount -l "$1"'
  const shell = spawn('sh', ['-c', script, 'sh', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  shell.stdin.on('error', () => {})
  return () => void shell.kill('SIGKILL')
}
