/** A TCP proxy before a broker, as a network that cuts connections or says nothing for a while. */
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { closing, type Lifetime } from '../support/environment.ts'

export interface Wire {
  /** Ends every connection, without a word to either side's program. */
  readonly cut: () => void
  /**
   * From here on nothing passes in either direction, though every connection stays open and new ones are accepted.
   * @param share of the connections, from 0 to 1.
   */
  readonly stall: (share: number) => void
  /** What was held up passes, and so does everything else. */
  readonly flow: () => void
}

/** @param port where it listens. @param target the port of 127.0.0.1 behind it. */
export async function openWire(lifetime: Lifetime, port: number, target: number): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let share = 0
  let turn = 0
  // Evenly spread and without chance: the n-th connection is stalled when n times the share passes a whole number.
  const isStalled = () => Math.floor(++turn * share) > Math.floor((turn - 1) * share)
  const hold = (pair: readonly [Socket, Socket]) => {
    if (!isStalled()) return
    for (const socket of pair) socket.pause()
  }
  const server = createServer({ pauseOnConnect: true, noDelay: true }, client => {
    const broker = createConnection({ port: target, host: '127.0.0.1', noDelay: true })
    const pair = [client, broker] as const
    pairs.add(pair)
    pass(client, broker)
    pass(broker, client)
    for (const socket of pair) {
      socket
        .on('error', () => {}) // its close follows
        .on('close', () => {
          pairs.delete(pair)
          for (const each of pair) each.destroy()
        })
    }
    client.resume()
    hold(pair)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  closing(lifetime, async () => {
    const closed = once(server, 'close')
    server.close()
    cut()
    await closed
  })
  return {
    cut,
    stall: of => {
      share = of
      turn = 0
      for (const pair of pairs) hold(pair)
    },
    flow: () => {
      share = 0
      for (const pair of pairs) for (const socket of pair) socket.resume()
    },
  }
}

function pass(from: Socket, to: Socket): void {
  from.on('data', bytes => void to.write(bytes))
}
