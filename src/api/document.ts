/** The API described to machines (/openapi.json) and to people (/docs), all of it served from here. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { userActivitySchema } from '../event/schema.ts'
import { type Dashboard, prefersHtml, sendPage } from './dashboard.ts'
import type { Code } from './problem.ts'
import { problemResponses } from './problem-document.ts'
import { commonProblems } from './screen.ts'

/** The page loads nothing from elsewhere, and no browser would let it. */
const contentSecurityPolicy = {
  'default-src': "'self'",
  'img-src': "'self' data:",
  'style-src': "'self' 'unsafe-inline'",
  'object-src': "'none'",
  'base-uri': "'self'",
  'frame-ancestors': "'self'",
}

const about = `Exact daily counts of what people do: views, clicks and purchases by user, item and UTC day.

Counts appear the moment they are committed. An answer is one snapshot; a later one never shows less.
Errors are \`application/problem+json\` with a \`code\` to decide by and a \`detail\` for people; \`/problems\` lists them.
Every path answers HEAD with the headers that GET has, and any other method with 405, \`method_not_allowed\` and \`Allow\`.
A path that is not listed answers 404 and \`no_such_path\`. No path takes a body, unless it says so.`

/** Only where rejects are served is there anything that not everybody may ask. */
const secured = {
  components: {
    securitySchemes: {
      admin: { type: 'http', scheme: 'bearer', description: 'The setting ADMIN_TOKEN of this API.' },
    },
  },
} as const

/** To be called before the routes are added, so that each of them is seen. @param isAdmin rejects are served. */
export async function describeApi(app: FastifyInstance, version: string, isAdmin: boolean): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Footfall', version, description: about, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      tags: [
        { name: 'counts', description: 'What people ask for.' },
        { name: 'evidence', description: 'What the log says of them.' },
        ...(isAdmin ? [{ name: 'rejects', description: 'Bad records, and what can be done about them.' }] : []),
        { name: 'service', description: 'How the service is, and what it speaks.' },
      ],
      security: [],
      ...(isAdmin && secured),
    },
    // fastify's type has the schema as unknown.
    transform: ({ schema, url, route }) => ({
      schema: schema === undefined ? {} : described(schema as FastifySchema, route.config?.problems ?? []),
      url,
    }),
    // Names in the document as in the code, not def-0, def-1.
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) => (json['$id'] as string | undefined) ?? `def-${i}`,
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Footfall API' },
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', tryItOutEnabled: true },
    staticCSP: contentSecurityPolicy,
  })
}

/** What every answer has is said here once: its headers, and the problems of every path. */
function described(schema: FastifySchema, ownProblems: readonly Code[]): FastifySchema {
  if (schema.hide === true) return schema
  const responses = { ...problemResponses([...commonProblems, ...ownProblems]), ...(schema.response as object) }
  const response = Object.entries(responses).map(([status, one]: [string, { headers?: object }]) => {
    return [status, { ...one, headers: { ...commonHeaders, ...one.headers } }]
  })
  return { ...schema, response: Object.fromEntries(response) }
}

const commonHeaders = {
  'X-Request-Id': { type: 'string', format: 'uuid', description: 'Names the answer in the log.' },
  traceparent: {
    type: 'string',
    pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$',
    description: "W3C trace context: the request's own trace, or one that begins here. The log has its id.",
  },
  'X-Content-Type-Options': { type: 'string', const: 'nosniff' },
  'Cache-Control': { type: 'string', const: 'no-store' },
}

export function addDocuments(app: FastifyInstance, dashboard: Dashboard): void {
  const documented = (operationId: string, summary: string, type: string) => ({
    operationId,
    tags: ['service'],
    summary,
    response: { 200: { description: 'The document.', content: { [type]: { schema: { type: 'object' } } } } },
  })
  app.get('/openapi.json', { schema: documented('getOpenapi', 'This document', 'application/json') }, async () =>
    app.swagger(),
  )
  app.get(
    userActivitySchema.$id,
    { schema: documented('getEventSchema', 'The JSON Schema of an event in Kafka', 'application/schema+json') },
    async (_request, reply) => reply.type('application/schema+json').send(JSON.stringify(userActivitySchema)),
  )
  app.get('/', { schema: startSchema }, async (request, reply) => {
    if (prefersHtml(request)) return sendPage(request, reply, dashboard)
    return reply.header('vary', 'Accept').send(start)
  })
}

const start = {
  name: 'footfall',
  summary: '/api/user-activity-summary/{user_id}',
  live: '/api/live',
  trace: '/api/trace',
  explain: '/api/explain/{user_id}/{item_id}/{date}',
  docs: '/docs',
  openapi: '/openapi.json',
  eventSchema: userActivitySchema.$id,
  ready: '/readyz',
  metrics: '/metrics',
  problems: '/problems',
}

const startSchema = {
  operationId: 'getStart',
  tags: ['service'],
  summary: 'Where to go from here, for programs; the dashboard, for people',
  response: {
    200: {
      description: 'The paths there are; or the dashboard, where `Accept` likes HTML better than JSON.',
      headers: {
        'Cache-Control': { type: 'string', enum: ['no-store', 'no-cache'] },
        Vary: { type: 'string' },
        ETag: { type: 'string', description: 'Of the dashboard.' },
      },
      content: {
        'application/json': { schema: { type: 'object' }, examples: { start: { value: start } } },
        'text/html': { schema: { type: 'string' } },
      },
    },
    304: { type: 'null', description: 'The browser has the dashboard already.' },
  },
}
