/** The API described to machines (/openapi.json) and to people (/docs), all of it served from here. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { userActivitySchema } from '../event/schema.ts'

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
Errors are \`application/problem+json\` with a \`detail\` for people.`

/** To be called before the routes are added, so that each of them is seen. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Footfall', version, description: about, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      tags: [
        { name: 'counts', description: 'What people ask for.' },
        { name: 'service', description: 'How the service is, and what it speaks.' },
      ],
      security: [],
    },
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

export function addDocuments(app: FastifyInstance): void {
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
  app.get('/', { schema: documented('getStart', 'Where to go from here', 'application/json') }, async () => ({
    name: 'footfall',
    summary: '/api/user-activity-summary/{user_id}',
    docs: '/docs',
    openapi: '/openapi.json',
    eventSchema: userActivitySchema.$id,
    ready: '/readyz',
    metrics: '/metrics',
  }))
}
