/** One supervisor per data folder. The lock is a name that the kernel takes back when its holder dies, kill -9 included. */
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
  // An abstract socket: no file that could be left behind.
  const name = `\0footfall-${createHash('sha256').update(folder).digest('hex')}`
  const server = createServer(asker => asker.on('error', () => {}).end(String(process.pid)))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(name, resolve)
  }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    const pid = await holder(name)
    throw new AlreadyRunning(
      `Footfall runs already over ${folder}, as process ${pid}. Stop it there with Ctrl-C or with: kill ${pid}`,
    )
  })
  server.unref()
  return { release: () => void server.close() }
}

function holder(name: string): Promise<string> {
  return new Promise(resolve => {
    let answer = ''
    const socket = connect(name)
    socket.setTimeout(answerDeadlineMs, () => socket.destroy())
    socket.on('data', bytes => (answer += bytes.toString()))
    socket.on('error', () => {}) // it is ending right now
    socket.on('close', () => resolve(answer || 'unknown'))
  })
}
