/** Sending by hand as the API document has it, where it is served. */
import { userActivitySchema } from '../event/schema.ts'
import type { Code } from './problem.ts'

export const tryPath = '/api/try'

/** Besides those of every path. */
export const tryProblems: readonly Code[] = [
  'unauthorized',
  'unknown_parameter',
  'repeated_parameter',
  'log_away',
  'too_slow',
  'overloaded',
]

export const trySchema = {
  operationId: 'tryEvent',
  tags: ['evidence'],
  security: [{ admin: [] }],
  summary: 'Sends one event by hand',
  description:
    'The body becomes the value of one record, byte for byte, valid or not. Its key is the `user_id`, if it has one. ' +
    '`/api/trace?position=` then says what became of it, and a summary with `min_position` shows it.',
  body: { type: 'object', description: `An event of the schema ${userActivitySchema.$id}, or what is none.` },
  response: {
    200: {
      description: 'It is in the log.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['position', 'appended_at'],
            additionalProperties: false,
            properties: {
              position: { type: 'string', pattern: '^\\d+:\\d+$', description: 'PARTITION:OFFSET' },
              appended_at: { type: 'string', format: 'date-time', description: "By the broker's clock." },
            },
          },
          examples: { sent: { value: { position: '0:120', appended_at: '2026-11-22T18:40:12.071Z' } } },
        },
      },
    },
  },
} as const
