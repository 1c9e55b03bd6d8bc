/** Every answer that is no success: `application/problem+json` (RFC 9457), made here and nowhere else. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { faultKind, sqlState } from '../postgres/fault.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route asks PostgreSQL, so its success says that reads work. */
    readsCounts?: boolean
  }
}

/** What to tell a client that came while PostgreSQL was away; its own back-off may be longer. */
const retryAfterSeconds = 2

/** Says neither where the database is nor what it said; the log does. */
export const away = 'The counts cannot be read now: the database does not answer. Try again.'

export const problemSchema = {
  $id: 'Problem',
  type: 'object',
  description: 'RFC 9457. `detail` is for people, `instance` names this answer in the log.',
  required: ['type', 'title', 'status', 'detail', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string', description: 'The phrase of the status.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri' },
  },
} as const

const exampleId = '3f0c2b1e-9a54-4d7e-8f10-6c2d1a7b5e90'

/** The description of such an answer in the API document. */
export function problemResponse(status: number, description: string, detail: string): object {
  const example = problem(status, detail, exampleId)
  const content = {
    'application/problem+json': { schema: { $ref: 'Problem#' }, examples: { problem: { value: example } } },
  }
  const retry = { description: 'Seconds to wait.', schema: { type: 'integer' } }
  return { description, content, ...(status === 503 && { headers: { 'Retry-After': retry } }) }
}

/** @param detail for people; no SQL, no stack, nothing of what the client sent but what it may see again. */
export function sendProblem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  if (status === 503) reply.header('retry-after', retryAfterSeconds)
  return reply
    .code(status)
    .type('application/problem+json')
    .send(problem(status, detail, reply.request.id))
}

/** Takes what routes throw and paths that no route has. Trouble with PostgreSQL is logged when it begins. */
export function answerProblems(app: FastifyInstance): void {
  let isAway = false
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const kind = faultKind(error)
    if (kind === 'connection' || kind === 'platform') {
      if (!isAway) request.log.warn({ err: error, sqlState: sqlState(error) }, 'reads fail: PostgreSQL is in trouble')
      isAway = true
      return sendProblem(reply, 503, away)
    }
    return refuse(error, request, reply)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (!isAway || !request.routeOptions.config.readsCounts || reply.statusCode >= 500) return
    isAway = false
    request.log.info('reads work again')
  })
  app.setNotFoundHandler((_request, reply) => {
    sendProblem(reply, 404, 'Nothing is at this path. /docs shows what there is.')
  })
}

/** What the framework refuses before or around a route, such as a path with a broken escape; and our own bugs. */
export function refuse(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error.statusCode ?? 500
  if (error.code === 'FST_ERR_BAD_URL') return sendProblem(reply, 400, 'The path has a broken percent escape.')
  if (status >= 400 && status < 500) return sendProblem(reply, status, error.message)
  request.log.error({ err: error, instance: request.id }, 'request failed')
  return sendProblem(reply, 500, 'This is a fault of ours; the log has it under the instance given here.')
}

/** Answers bytes that are no HTTP request; there is no reply object for those. */
export function refuseBytes(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, detail] = brokenRequests[error.code ?? ''] ?? [400, 'The request is not HTTP.']
  const body = JSON.stringify(problem(status, detail, randomUUID()))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const brokenRequests: Readonly<Record<string, [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The path and headers are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
}

function problem(status: number, detail: string, id: string): object {
  return { type: 'about:blank', title: STATUS_CODES[status], status, detail, instance: `urn:uuid:${id}` }
}
