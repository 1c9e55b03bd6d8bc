/**
 * A TCP proxy before PostgreSQL that knows where a message ends. It can lose a statement, or only its answer, or hold a
 * session still in the middle of a transaction: the stop points that no switch in the product may give.
 */
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { closing, type Database, type Lifetime } from './environment.ts'

/**
 * What to do with a statement:
 * forward = as if there were no proxy;
 * lose = it never arrives, and the connection is cut;
 * lose answer = it arrives and is answered, the answer is dropped and the connection is cut;
 * silence = it arrives, and from its answer on nothing comes back; the connection stays open, as to a host that vanished;
 * hold = neither it nor anything after it arrives before `release`.
 */
export type Deed = 'forward' | 'lose' | 'lose answer' | 'silence' | 'hold'

export interface Proxy {
  /** The database, by way of this proxy. */
  readonly database: Database
  /** How many statements are held now. */
  readonly held: () => number
  /** Forwards what is held. */
  readonly release: () => void
  /** The first message of each answer that was dropped: `COMMIT`, or what the server said instead. */
  readonly dropped: readonly string[]
  /** Cuts every connection there is. */
  readonly cut: () => void
  /** Whether whatever the server says gets lost, on every connection, which stays open. */
  isMute: boolean
}

/** Is asked for every statement with its SQL; `commit` comes as such. @param begun the last `begin` of its connection. */
export type Decide = (sql: string, begun: string) => Deed

export async function proxyPostgres(test: Lifetime, database: Database, decide: Decide): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const held = new Set<() => void>()
  const dropped: string[] = []
  const isMute = () => proxy.isMute
  const server = createServer(client => {
    const target = createConnection(database.port, database.host)
    for (const socket of [client, target]) {
      sockets.add(socket.setNoDelay(true))
      socket.on('close', () => sockets.delete(socket))
    }
    relay(client, target, decide, held, dropped, isMute)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing(test, async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  })
  const proxy: Proxy = {
    isMute: false,
    database: { ...database, host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    held: () => held.size,
    release: () => {
      for (const release of [...held]) release()
    },
    dropped,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
  return proxy
}

function relay(
  client: Socket,
  target: Socket,
  decide: Decide,
  held: Set<() => void>,
  dropped: string[],
  isMute: () => boolean,
): void {
  let waiting = Buffer.alloc(0)
  let isStarted = false
  let begun = ''
  let release: (() => void) | undefined
  const statementIn = statements()
  const cut = () => {
    client.destroy()
    target.destroy()
    if (release !== undefined) held.delete(release)
  }
  const forward = () => {
    while (release === undefined && !client.destroyed) {
      // The first message, alone, has no type.
      const start = isStarted ? 1 : 0
      if (waiting.length < start + 4) return
      const end = start + waiting.readInt32BE(start)
      if (waiting.length < end) return
      const message = waiting.subarray(0, end)
      waiting = waiting.subarray(end)
      const sql = isStarted ? statementIn(message) : undefined
      isStarted = true
      if (sql?.startsWith('begin')) begun = sql
      carryOut(sql === undefined ? 'forward' : decide(sql, begun), message)
    }
  }
  const carryOut = (deed: Deed, message: Buffer) => {
    if (deed === 'lose') return cut()
    if (deed === 'hold') {
      release = () => {
        held.delete(release!)
        release = undefined
        target.write(message)
        forward()
      }
      held.add(release)
      return
    }
    if (deed === 'lose answer' || deed === 'silence') {
      target.off('data', answer).once('data', (bytes: Buffer) => {
        dropped.push(commandOf(bytes))
        if (deed === 'lose answer') cut()
        else target.resume() // what else comes is dropped as well
      })
    }
    target.write(message)
  }
  const answer = (bytes: Buffer) => void (isMute() || client.write(bytes))
  client.on('data', (bytes: Buffer) => {
    waiting = Buffer.concat([waiting, bytes])
    forward()
  })
  target.on('data', answer)
  for (const socket of [client, target]) socket.on('error', cut).on('close', cut)
}

/**
 * The SQL of a simple query, of a statement to be parsed, or of a named one that is used again without being parsed;
 * undefined of any other message.
 */
function statements(): (message: Buffer) => string | undefined {
  const named = new Map<string, string>()
  let parsed: string | undefined
  return message => {
    const type = String.fromCharCode(message[0]!)
    const [first, second] = message.toString('utf8', 5).split('\0') as [string, string]
    if (type === 'Q') return first
    if (type === 'P') {
      named.set(first, second)
      parsed = first
      return second
    }
    if (type !== 'B') return undefined
    const isSeen = parsed === second
    parsed = undefined
    return isSeen ? undefined : named.get(second)
  }
}

/** What a server says of a statement that succeeded, such as `COMMIT`; of any other answer its type. */
function commandOf(answer: Buffer): string {
  const type = String.fromCharCode(answer[0]!)
  return type === 'C' ? answer.toString('latin1', 5, answer.indexOf(0, 5)) : type
}
