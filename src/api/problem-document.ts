/** Problems as the API document and /problems have them. */
import type { FastifyInstance } from 'fastify'
import { type Code, problemBody, problems } from './problem.ts'

const codes = Object.keys(problems) as Code[]

export const problemSchema = {
  $id: 'Problem',
  type: 'object',
  description: 'RFC 9457. Decide by `code`; `detail` is for people, `instance` names this answer in the log.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
  additionalProperties: false,
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Where the code is described.' },
    title: { type: 'string', description: 'What the code means, for people.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri' },
    code: { type: 'string', enum: codes },
    parameter: { type: 'string', description: 'The parameter of the query, or the member of the body, that is wrong.' },
  },
} as const

const exampleId = '3f0c2b1e-9a54-4d7e-8f10-6c2d1a7b5e90'

/** @returns by status, what the codes of that status look like. */
export function problemResponses(wanted: readonly Code[]): Record<string, object> {
  const byStatus = Map.groupBy(wanted, code => problems[code].status)
  return Object.fromEntries([...byStatus].map(([status, ofStatus]) => [status, responseOf(status, ofStatus)]))
}

function responseOf(status: number, ofStatus: readonly Code[]): object {
  const examples = ofStatus.map(code => [
    code,
    { value: problemBody(code, { detail: problems[code].about }, exampleId) },
  ])
  const schema = {
    allOf: [{ $ref: 'Problem#' }, { type: 'object', properties: { code: { type: 'string', enum: [...ofStatus] } } }],
  }
  return {
    description: ofStatus.map(code => `\`${code}\`: ${problems[code].title}.`).join(' '),
    content: { 'application/problem+json': { schema, examples: Object.fromEntries(examples) } },
    headers: {
      'Cache-Control': { type: 'string', const: 'no-store' },
      ...(status === 503 && { 'Retry-After': { type: 'integer', minimum: 1, description: 'Seconds to wait.' } }),
    },
  }
}

/** /problems: what the `type` of a problem leads to. */
export function addProblems(app: FastifyInstance): void {
  app.get('/problems', { schema }, async () => problems)
}

const schema = {
  operationId: 'getProblems',
  tags: ['service'],
  summary: 'What each code of a problem means',
  response: {
    200: {
      description: 'Status, title and what to do, by code.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            propertyNames: { enum: codes },
            minProperties: codes.length,
            additionalProperties: {
              type: 'object',
              required: ['status', 'title', 'about'],
              properties: {
                status: { type: 'integer' },
                title: { type: 'string' },
                about: { type: 'string', description: 'What to do.' },
              },
            },
          },
          examples: { problems: { value: problems } },
        },
      },
    },
  },
}
