/** What is said of every request: headers of its answer, metrics, and a log line where it was slow. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../runtime/log.ts'
import { apiMetrics } from '../runtime/metrics.ts'
import { parseTraceparent, type Trace, traceparent } from '../runtime/trace.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** It is answered for as long as its reader stays: neither slow nor in progress, and of no time. */
    isStream?: boolean
  }
}

const slowMs = 1_000
/** One slow answer is news; when all are, the metrics say so. */
const slowEveryMs = 10_000

export function watchRequests(app: FastifyInstance, log: Log): void {
  let slowSaidMs = Number.NEGATIVE_INFINITY
  const leave = () => apiMetrics.requests.dec()
  // Hooks that wait for nothing take `done`: a promise in each would cost a request more than all that they do.
  app.addHook('onRequest', (request, reply, done) => {
    stamp(reply)
    if (!request.routeOptions.config?.isStream) {
      apiMetrics.requests.inc()
      reply.raw.once('close', leave)
    }
    // A cache between us and a reader could show less than was shown before (G8).
    if (!request.url.startsWith('/docs/static/')) reply.header('cache-control', 'no-store')
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    // Else the client keeps the connection, and the stop would wait for it.
    if (!app.server.listening) reply.header('connection', 'close')
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (request.routeOptions.config?.isStream) return done()
    const route = request.routeOptions.url ?? 'none'
    const { method } = request
    const { statusCode: status, elapsedTime } = reply
    apiMetrics.requestSeconds.observe({ route, method, status: String(status) }, elapsedTime / 1_000)
    const facts = { ...named(request), route, method, status, ms: Math.round(elapsedTime) }
    log('request_answered', facts)
    if (elapsedTime >= slowMs && performance.now() - slowSaidMs >= slowEveryMs) {
      slowSaidMs = performance.now()
      log('request_slow', facts)
    }
    done()
  })
}

/** The headers that every answer has. */
export function stamp(reply: FastifyReply): FastifyReply {
  const { request } = reply
  const ownId = hexOf(request)
  return reply
    .header('x-request-id', request.id)
    .header('traceparent', traceparent(traceOf(request, ownId), ownId.slice(0, 16)))
    .header('x-content-type-options', 'nosniff')
}

/** How a log line names a request. */
export const named = (request: FastifyRequest) => ({
  request: request.id,
  trace_id: traceOf(request, hexOf(request)).traceId,
})

/** The sender's trace; a request without one begins its own, under its own id. */
function traceOf({ headers: { traceparent } }: FastifyRequest, ownId: string): Trace {
  const given = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined
  return given ?? { traceId: ownId, sampled: false }
}

const hexOf = ({ id }: FastifyRequest): string => id.replaceAll('-', '')
