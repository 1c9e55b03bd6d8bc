/** What is refused or fails outside the routes: by the parser, by the framework, by PostgreSQL, by a bug of ours. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { faultKind, sqlState } from '../postgres/fault.ts'
import type { Log } from '../runtime/log.ts'
import { traceparent } from '../runtime/trace.ts'
import { type Code, problemBody, problems, sendProblem } from './problem.ts'
import type { Sockets } from './sockets.ts'
import { named } from './watch-requests.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route asks PostgreSQL, so its success says that reads work. */
    readsCounts?: boolean
  }
}

/** Says neither where the database is nor what it said; the log does. */
export const away = 'The counts cannot be read now: the database does not answer. Try again.'

/** Takes what routes throw and paths that no route has. Trouble with PostgreSQL is logged when it begins. */
export function answerProblems(app: FastifyInstance, log: Log): void {
  let isAway = false
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const kind = faultKind(error)
    const isPostgres = kind === 'connection' || kind === 'platform'
    if (isPostgres && !isAway) {
      isAway = true
      log('reads_failing', { ...named(request), sqlState: sqlState(error), why: error.message })
    }
    // The head of a list is written and cannot be taken back: whoever reads it must see that it was cut off.
    if (reply.raw.headersSent || reply.raw.hasHeader('etag')) {
      reply.hijack()
      reply.raw.destroy()
      return
    }
    if (isPostgres) sendProblem(reply, 'database_away', { detail: away })
    else refuse(log, error, request, reply)
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (isAway && request.routeOptions.config.readsCounts && reply.statusCode < 500) {
      isAway = false
      log('reads_working', named(request))
    }
    done()
  })
  app.setNotFoundHandler((_request, reply) => {
    sendProblem(reply, 'no_such_path', { detail: 'Nothing is at this path. /docs shows what there is.' })
  })
}

/** What the framework refuses before or around a route, such as a path with a broken escape; and our own bugs. */
export function refuse(log: Log, error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.code === 'FST_ERR_BAD_URL') {
    return sendProblem(reply, 'broken_path', { detail: 'The path has a broken percent escape.' })
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return sendProblem(reply, 'body_too_large', { detail: 'The body is longer than is let in here.' })
  }
  const status = error.statusCode ?? 500
  if (status === 403) return sendProblem(reply, 'forbidden_path', { detail: 'This path is not served.' })
  if (status >= 400 && status < 500) return sendProblem(reply, 'bad_request', { detail: error.message })
  log('request_failed', { ...named(request), err: error })
  const detail = 'This is a fault of ours; the log has it under the instance given here.'
  return sendProblem(reply, 'internal_fault', { detail })
}

/**
 * Answers bytes that are no HTTP request; there is no reply object for those. Where an answer is under way, this one
 * would be taken for a part of it, and is left out.
 */
export function refuseBytes(error: Error & { code?: string }, socket: Socket, sockets: Sockets): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  if (sockets.closesAfterAnswer(socket)) return
  const [code, detail] = brokenRequests[error.code ?? ''] ?? ['not_http', 'The request is not HTTP.']
  const { status } = problems[code]
  const id = randomUUID()
  const traceId = id.replaceAll('-', '')
  const body = JSON.stringify(problemBody(code, { detail }, id))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `x-request-id: ${id}\r\ntraceparent: ${traceparent({ traceId, sampled: false }, traceId.slice(0, 16))}\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const brokenRequests: Readonly<Record<string, [Code, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The path and headers are longer than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['slow_request', 'The request did not arrive in time.'],
}
