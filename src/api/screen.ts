/** What every request must keep to, whatever its path: checked before anything of it is used, answered unread. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Limits } from './limits.ts'
import { type Code, sendProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What comes as a body is read. */
    takesBody?: boolean
  }
}

/** The problems that any path can answer, by this screen, by the parser or by our own fault. */
export const commonProblems: readonly Code[] = [
  'not_http',
  'bad_host',
  'bad_target',
  'slow_request',
  'body_too_large',
  'headers_too_large',
  'internal_fault',
]

export function screenRequests(app: FastifyInstance, limits: Limits): void {
  // But for rejects, whatever comes as a body is of no interest, so it cannot be of the wrong type either.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.addHook('onRequest', (request, reply, done) => {
    const wrong = whatIsWrong(request, limits)
    // Nobody reads the rest of it, so nothing else can follow on this socket.
    if (wrong !== undefined || announcesBody(request)) reply.header('connection', 'close')
    if (wrong === undefined) done()
    else sendProblem(reply, wrong[0], { detail: wrong[1] })
  })
}

function whatIsWrong({ raw, routeOptions }: FastifyRequest, limits: Limits): [Code, string] | undefined {
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0') {
    return ['not_http', 'This speaks HTTP/1.1 and HTTP/1.0.']
  }
  if (raw.rawHeaders.length / 2 > limits.headerFieldsMax) {
    return ['headers_too_large', `A request has at most ${limits.headerFieldsMax} header fields.`]
  }
  if (!raw.url!.startsWith('/') || raw.url!.includes('#')) {
    return ['bad_target', 'The target must be a path, as in GET /health; neither a whole URL nor a fragment.']
  }
  const hosts = hostsOf(raw.rawHeaders)
  if (hosts.length > 1 || (hosts.length === 0 && raw.httpVersion === '1.1') || !hosts.every(isAuthority)) {
    return ['bad_host', 'There must be one Host header, with a name or address and perhaps a port.']
  }
  if ((raw.headers['transfer-encoding'] ?? 'chunked').toLowerCase() !== 'chunked') {
    return ['not_http', 'The only transfer coding is chunked.']
  }
  const bodyBytesMax = routeOptions.config?.takesBody === true ? limits.adminBodyBytesMax : limits.bodyBytesMax
  if (Number(raw.headers['content-length'] ?? 0) > bodyBytesMax) {
    return ['body_too_large', `No body of more than ${bodyBytesMax} bytes is let in here.`]
  }
  return undefined
}

/** All of them; Node itself keeps the first. @param fields names and values in turn. */
function hostsOf(fields: readonly string[]): string[] {
  const hosts: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts.push(fields[i + 1]!)
  }
  return hosts
}

/** What RFC 3986 lets stand before and after the colon; empty is allowed. */
const isAuthority = (host: string): boolean => /^[\w.~!$&'()*+,;=%:[\]-]*$/.test(host)

function announcesBody({ raw }: FastifyRequest): boolean {
  return raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0
}
