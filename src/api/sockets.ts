/** What a socket may do: how many there are, how slow they may be, and whether one is being answered. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Limits } from './limits.ts'

export interface Sockets {
  /** To be called once, when the server is there and before it listens. */
  watch(server: Server): void
  /** @returns whether an answer is under way there; then the socket is closed after it, and nothing else is said. */
  closesAfterAnswer(socket: Socket): boolean
}

export function createSockets({ socketsMax }: Pick<Limits, 'socketsMax'>): Sockets {
  const underWay = new WeakMap<Socket, number>()
  const closing = new WeakSet<Socket>()
  const count = (socket: Socket, by: number) => {
    const now = (underWay.get(socket) ?? 0) + by
    underWay.set(socket, now)
    if (now === 0 && closing.has(socket)) socket.destroySoon()
  }
  return {
    watch(server) {
      server.maxConnections = socketsMax
      // A body that was announced is not invited: the answer comes without it.
      const answerAtOnce = (request: IncomingMessage, response: ServerResponse) =>
        void server.emit('request', request, response)
      server.on('checkContinue', answerAtOnce)
      server.on('checkExpectation', answerAtOnce)
      server.prependListener('request', (request, response) => {
        const { socket } = request
        count(socket, 1)
        response.once('close', () => count(socket, -1))
      })
    },
    closesAfterAnswer(socket) {
      const isAnswering = (underWay.get(socket) ?? 0) > 0
      if (isAnswering) closing.add(socket)
      return isAnswering
    },
  }
}
