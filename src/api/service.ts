/** /health, /livez, /readyz and /metrics: what watches the API asks. */
import type { FastifyInstance } from 'fastify'
import { type Part, readiness } from '../runtime/health.ts'
import { renderMetrics } from '../runtime/metrics.ts'

export const readinessSchema = {
  $id: 'Readiness',
  type: 'object',
  required: ['status', 'parts'],
  properties: {
    status: { type: 'string', enum: ['ready', 'not ready'] },
    parts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'ready'],
        properties: {
          name: { type: 'string' },
          ready: { type: 'boolean' },
          why: { type: 'string', description: 'Why it is not ready.' },
        },
      },
    },
  },
} as const

/** @param ready asks every part the API needs. */
export function addService(app: FastifyInstance, ready: () => Promise<readonly Part[]>): void {
  app.get('/health', { schema: okSchema('getHealth', 'Answers while the process runs') }, async () => ({
    status: 'ok',
  }))
  app.get('/livez', { schema: okSchema('getLivez', 'The same, by its usual name') }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: readyzSchema }, async (_request, reply) => {
    const { status, body } = readiness(await ready())
    return reply.code(status).send(body)
  })
  app.get('/metrics', { schema: metricsSchema }, async (_request, reply) => {
    const { text, contentType } = await renderMetrics()
    return reply.type(contentType).send(text)
  })
}

const okSchema = (operationId: string, summary: string) => ({
  operationId,
  tags: ['service'],
  summary,
  response: {
    200: {
      description: 'It runs.',
      content: {
        'application/json': {
          schema: { type: 'object', required: ['status'], properties: { status: { type: 'string', const: 'ok' } } },
          examples: { ok: { value: { status: 'ok' } } },
        },
      },
    },
  },
})

const readyResponse = (description: string, example: object) => ({
  description,
  content: { 'application/json': { schema: { $ref: 'Readiness#' }, examples: { readiness: { value: example } } } },
})

const readyzSchema = {
  operationId: 'getReadyz',
  tags: ['service'],
  summary: 'Which parts the API needs are ready, and why not',
  response: {
    200: readyResponse('Ready.', readiness([{ name: 'postgres', ready: true }]).body),
    503: readyResponse(
      'Not ready, or stopping.',
      readiness([{ name: 'postgres', ready: false, why: 'connect ECONNREFUSED' }]).body,
    ),
  },
}

const metricsSchema = {
  operationId: 'getMetrics',
  tags: ['service'],
  summary: 'Measurements for Prometheus',
  response: { 200: { description: 'Text format 0.0.4.', content: { 'text/plain': { schema: { type: 'string' } } } } },
}
