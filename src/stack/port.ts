/** Which ports of this machine are free, for parts that listen on 127.0.0.1. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const attemptsMax = 100

/** Whether something could listen on this port of the host now. */
export function portIsFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}

/**
 * The usual port when nobody has it, else a free port from 20000 to 31999: below the range that Linux takes for outgoing connections, so that a part that was
 * killed finds its port still free when it is started again.
 */
export async function freePort(usual?: number): Promise<number> {
  if (usual !== undefined && (await portIsFree(usual))) return usual
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = randomInt(20_000, 32_000)
    if (await portIsFree(port)) return port
  }
  throw new Error(`no free port found from 20000 to 31999 in ${attemptsMax} attempts`)
}
