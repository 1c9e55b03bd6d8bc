/** Which ports of this machine are free, for parts that listen on 127.0.0.1. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import type { EmbeddedOptions } from './embedded.ts'
import { takeName } from './lock.ts'

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
 * Claims a port for a server that will listen on it in some seconds: until this process ends no other Footfall takes it,
 * nor while that server is being started again.
 * @returns whether nobody had it.
 */
export async function claimPort(port: number, host = '127.0.0.1'): Promise<boolean> {
  // Before the look, which would be in the way of one who has claimed it and begins to listen.
  const claim = await takeName(`port-${host}:${port}`)
  if (claim === undefined) return false
  if (await portIsFree(port, host)) return true
  claim.release()
  return false
}

/** This port or none, where a server must come back; else one is claimed. @throws when somebody listens there. */
export async function portFor({ port, usualPort }: Pick<EmbeddedOptions, 'port' | 'usualPort'>): Promise<number> {
  if (port === undefined) return claimFreePort(usualPort)
  if (!(await portIsFree(port))) throw new Error(`port ${port} of 127.0.0.1 is taken by somebody else by now`)
  return port
}

/** Claims the usual port when nobody has it, else a free one. */
export async function claimFreePort(usual?: number): Promise<number> {
  let port = usual ?? (await freePort())
  while (!(await claimPort(port))) port = await freePort()
  return port
}

/**
 * A free port from 20000 to 31999: below the range that Linux takes for outgoing connections, so that a part that was
 * killed finds its port still free when it is started again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = randomInt(20_000, 32_000)
    if (await portIsFree(port)) return port
  }
  throw new Error(`no free port found from 20000 to 31999 in ${attemptsMax} attempts`)
}
