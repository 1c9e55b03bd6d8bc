/** Every answer that is no success: `application/problem+json` (RFC 9457), by a code of this closed table. */
import type { FastifyReply } from 'fastify'

/** Codes stay: clients may decide by them. `title` says what it is, `about` what to do. docs/api.md lists them too. */
export const problems = {
  not_http: { status: 400, title: 'Not an HTTP request', about: 'Speak HTTP/1.1 or HTTP/1.0.' },
  bad_host: { status: 400, title: 'Wrong Host header', about: 'Send exactly one Host header.' },
  bad_target: { status: 400, title: 'Wrong request target', about: 'Ask for a path that begins with a slash.' },
  broken_path: { status: 400, title: 'Broken percent escape in the path', about: 'Escape the path as UTF-8.' },
  unknown_parameter: { status: 400, title: 'Unknown parameter', about: '`parameter` names it. Leave it out.' },
  repeated_parameter: { status: 400, title: 'Repeated parameter', about: '`parameter` names it. Give it once.' },
  bad_parameter: { status: 400, title: 'Wrong parameter', about: '`parameter` names it, `detail` what is allowed.' },
  bad_range: { status: 400, title: 'from is after to', about: 'Give days in order; both are included.' },
  bad_cursor: { status: 400, title: 'Wrong cursor', about: 'Begin again without one, then follow the links.' },
  bad_request: { status: 400, title: 'Wrong request', about: '`detail` says what is wrong.' },
  unauthorized: {
    status: 401,
    title: 'No valid token',
    about: 'Send ADMIN_TOKEN as `Authorization: Bearer TOKEN`.',
  },
  not_granted: {
    status: 403,
    title: 'The API may not do this',
    about: 'Grant its PostgreSQL user what `detail` names: docs/security.md.',
  },
  forbidden_path: { status: 403, title: 'Forbidden path', about: 'Ask for a path that /openapi.json lists.' },
  no_activity: { status: 404, title: 'No activity', about: 'Nothing of this user was counted yet. Ask again later.' },
  no_such_path: { status: 404, title: 'No such path', about: 'Ask for a path that /openapi.json lists.' },
  no_such_reject: {
    status: 404,
    title: 'No such reject',
    about: 'Ask `/api/trace` what became of the record.',
  },
  method_not_allowed: { status: 405, title: 'Method not allowed', about: 'Use a method that `Allow` names.' },
  slow_request: { status: 408, title: 'The request came too slowly', about: 'Send it at once.' },
  body_too_large: { status: 413, title: 'Body too large', about: 'Send less; `detail` says how much is let in.' },
  not_uuid: { status: 422, title: 'An id in the path is no UUID', about: 'Use the form 8-4-4-4-12.' },
  bad_day: { status: 422, title: 'Not a day', about: 'Use a real day as YYYY-MM-DD.' },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    about: 'Send fewer and shorter headers, a shorter path.',
  },
  internal_fault: { status: 500, title: 'A fault of ours', about: 'Report it; `instance` finds it in the log.' },
  database_away: { status: 503, title: 'The database is away', about: 'Try again after Retry-After seconds.' },
  log_away: {
    status: 503,
    title: 'The log is away',
    about: 'Kafka does not answer. Counts are answered all the same. Try again after Retry-After seconds.',
  },
  not_counted_yet: { status: 503, title: 'Not counted yet', about: 'Try again, or ask without `min_position`.' },
  partition_halted: {
    status: 503,
    title: 'The partition is halted',
    about: 'A person has to decide: `./footfall partitions`. Ask without `min_position`.',
  },
  too_slow: { status: 503, title: 'The answer took too long', about: 'Try again after Retry-After seconds, in pages.' },
  overloaded: { status: 503, title: 'Too many requests at once', about: 'Try again after Retry-After seconds.' },
} as const satisfies Readonly<Record<string, { status: number; title: string; about: string }>>

export type Code = keyof typeof problems

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route refuses besides what every route does; the API document is made from it. */
    problems?: readonly Code[]
  }
}

export interface Details {
  /** For people; no SQL, no stack, nothing of what the client sent but what it may see again. */
  readonly detail: string
  /** The parameter of the query that is wrong. */
  readonly parameter?: string
  /** With a 503; the client's own back-off may be longer. */
  readonly retryAfterSeconds?: number
}

/** What to tell a client that came while PostgreSQL was away or slow. */
const retryAfterSeconds = 2

export function sendProblem(reply: FastifyReply, code: Code, details: Details): FastifyReply {
  const { status } = problems[code]
  // What a route has said of the representation that it could not send after all.
  for (const name of ['etag', 'link', 'vary', 'content-encoding']) reply.removeHeader(name)
  if (status === 503) reply.header('retry-after', details.retryAfterSeconds ?? retryAfterSeconds)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(problemBody(code, details, reply.request.id))
}

/** @param id names this answer, in the log too. */
export function problemBody(code: Code, { detail, parameter }: Details, id: string): object {
  const { status, title } = problems[code]
  return {
    type: `/problems#/${code}`,
    title,
    status,
    detail,
    instance: `urn:uuid:${id}`,
    code,
    ...(parameter !== undefined && { parameter }),
  }
}
