/** The small server by which a consumer or a producer is watched; the API answers the same paths itself. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { Config } from './config.ts'
import { renderMetrics } from './metrics.ts'

/** A thing a role needs before it can do its work. */
export interface Part {
  readonly name: string
  readonly ready: boolean
  /** Why it is not ready, and what mends it. */
  readonly why?: string
}

export interface Health {
  readonly port: number
  stop(): Promise<void>
}

type AskParts = () => readonly Part[] | Promise<readonly Part[]>

const requestTimeoutMs = 5_000

/**
 * Serves /livez (the process answers), /readyz (200 or 503, with each part and why) and /metrics.
 * @param where port 0 takes a free one; without a port nothing is served.
 * @throws when it cannot listen there, naming the setting.
 */
export async function startHealth({ host, port }: Config['health'], ready: AskParts): Promise<Health | undefined> {
  if (port === undefined) return undefined
  const server = createServer({ requestTimeout: requestTimeoutMs, keepAliveTimeout: 1_000 }, (request, response) => {
    answer(request.method ?? '', request.url ?? '', response, ready).catch((error: unknown) => {
      reply(response, 500, { status: 'failed', why: (error as Error).message })
    })
  })
  const listening = once(server, 'listening')
  server.listen(port, host)
  await listening.catch((error: NodeJS.ErrnoException) => {
    throw cannotListen(error, host, port)
  })
  return {
    port: (server.address() as { port: number }).port,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new Error(`port ${port} of ${host} is taken: set HEALTH_PORT to a free one`)
    case 'EACCES':
      return new Error(`this user may not listen on port ${port}: set HEALTH_PORT to one above 1023`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Error(`this machine has no address ${host}: set HEALTH_HOST to one it has, or to 0.0.0.0 for all`)
    default:
      return error
  }
}

async function answer(method: string, url: string, response: ServerResponse, ready: AskParts): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return reply(response, 405, { status: 'use GET' }, { allow: 'GET, HEAD' })
  switch (url.split('?')[0]) {
    case '/livez':
      return reply(response, 200, { status: 'ok' })
    case '/readyz': {
      const parts = await ready()
      const { status, body } = readiness(parts)
      return reply(response, status, body)
    }
    case '/metrics': {
      const { text, contentType } = await renderMetrics()
      response.writeHead(200, { 'content-type': contentType }).end(text)
      return
    }
    default:
      return reply(response, 404, { status: 'there are /livez, /readyz and /metrics here' })
  }
}

/** @param why it is not ready; undefined: it is. */
export function part(name: string, why: string | undefined): Part {
  return why === undefined ? { name, ready: true } : { name, ready: false, why }
}

/** One form of readiness for every role: 200 when every part is ready, else 503. */
export function readiness(parts: readonly Part[]): { status: 200 | 503; body: object } {
  const ready = parts.every(part => part.ready)
  return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not ready', parts } }
}

function reply(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  if (response.headersSent) return
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  response.end(JSON.stringify(body))
}
