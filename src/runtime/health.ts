/** The small server by which a consumer is watched; the API answers the same paths itself. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { renderMetrics } from './metrics.ts'

/** A thing a role needs before it can do its work. */
export interface Part {
  readonly name: string
  readonly ready: boolean
  /** Why it is not ready, and what mends it. */
  readonly why?: string
}

export interface Health {
  stop(): Promise<void>
}

const requestTimeoutMs = 5_000

/**
 * Serves /livez (the process answers), /readyz (200 or 503, with each part and why) and /metrics.
 * @param port on 127.0.0.1; 0 takes a free one.
 * @throws when the port is taken, naming the setting.
 */
export async function startHealth(
  port: number,
  { ready }: { readonly ready: () => readonly Part[] | Promise<readonly Part[]> },
): Promise<Health & { readonly port: number }> {
  const server = createServer({ requestTimeout: requestTimeoutMs, keepAliveTimeout: 1_000 }, (request, response) => {
    answer(request.method ?? '', request.url ?? '', response, ready).catch((error: unknown) => {
      reply(response, 500, { status: 'failed', why: (error as Error).message })
    })
  })
  const listening = once(server, 'listening')
  server.listen(port, '127.0.0.1')
  await listening.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(`port ${port} is taken: set HEALTH_PORT to a free one`)
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

async function answer(
  method: string,
  url: string,
  response: ServerResponse,
  ready: () => readonly Part[] | Promise<readonly Part[]>,
): Promise<void> {
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
