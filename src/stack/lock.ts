/**
 * What one process of this machine may have at a time: a name, which the kernel takes back when its holder dies, kill -9
 * included. A supervisor has that of its data folder.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync } from 'node:fs'
import { connect, createServer } from 'node:net'

export interface Lock {
  release(): void
}

export class AlreadyRunning extends Error {}

const answerDeadlineMs = 1_000

/**
 * Takes the lock of a data folder, which is made when missing. Whoever holds it tells its pid to those who ask.
 * @throws AlreadyRunning with the pid of the holder.
 */
export async function takeLock(dataFolder: string): Promise<Lock> {
  mkdirSync(dataFolder, { recursive: true })
  const folder = realpathSync(dataFolder)
  const name = createHash('sha256').update(folder).digest('hex')
  const lock = await takeName(name)
  if (lock !== undefined) return lock
  const pid = await holder(name)
  throw new AlreadyRunning(
    `Footfall runs already over ${folder}, as process ${pid}. Stop it there with Ctrl-C or with: kill ${pid}`,
  )
}

/** Takes a name until `release` or the end of this process. @returns undefined: it is held, maybe by this process. */
export async function takeName(name: string): Promise<Lock | undefined> {
  const server = createServer(asker => asker.on('error', () => {}).end(String(process.pid)))
  const isOurs = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    )
    server.listen(socketOf(name), () => resolve(true))
  })
  server.unref()
  return isOurs ? { release: () => void server.close() } : undefined
}

/** An abstract socket: no file that could be left behind. */
const socketOf = (name: string): string => `\0footfall-${name}`

function holder(name: string): Promise<string> {
  return new Promise(resolve => {
    let answer = ''
    const socket = connect(socketOf(name))
    socket.setTimeout(answerDeadlineMs, () => socket.destroy())
    socket.on('data', bytes => (answer += bytes.toString()))
    socket.on('error', () => {}) // it is ending right now
    socket.on('close', () => resolve(answer || 'unknown'))
  })
}
