/** GET /api/user-activity-summary/{user_id}: keeps G8, as one statement is one snapshot. */
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { isUuid } from '../event/validate.ts'
import { away, problemResponse, sendProblem } from './problem.ts'

const path = '/api/user-activity-summary/:user_id'

const notUuid = 'user_id must be a UUID: hexadecimal digits in the form 8-4-4-4-12.'

type Row = [itemId: string, date: string, views: string, clicks: string, purchases: string]

/** Prepared once on each connection, by its name. */
const statement = {
  name: 'user-activity-summary',
  text: `select item_id, date, view_count, click_count, purchase_count
    from daily_user_item_summary where user_id = $1
    order by date desc, item_id`,
  rowMode: 'array',
} as const

export function addSummary(app: FastifyInstance, pool: pg.Pool): void {
  app.get<{ Params: { user_id: string } }>(path, { schema, config: { readsCounts: true } }, async (request, reply) => {
    if (!isUuid(request.params.user_id)) return sendProblem(reply, 422, notUuid)
    const userId = request.params.user_id.toLowerCase()
    const { rows } = await pool.query<Row>({ ...statement, values: [userId] })
    if (rows.length === 0) return sendProblem(reply, 404, `No activity found for user_id ${userId}`)
    return reply.type('application/json; charset=utf-8').send(render(rows))
  })
}

/** Counts go from the database's digits to the answer's digits; as JavaScript numbers they would end at 2^53. */
function render(rows: readonly Row[]): string {
  return `[${rows
    .map(
      ([itemId, date, views, clicks, purchases]) =>
        `{"item_id":"${itemId}","date":"${date}",` +
        `"view_count":${views},"click_count":${clicks},"purchase_count":${purchases}}`,
    )
    .join(',')}]`
}

const count = (what: string) => ({ type: 'integer', format: 'int64', minimum: 0, description: what })

export const dayCountsSchema = {
  $id: 'DayCounts',
  type: 'object',
  description: 'What one user did with one item on one UTC day.',
  required: ['item_id', 'date', 'view_count', 'click_count', 'purchase_count'],
  additionalProperties: false,
  properties: {
    item_id: { type: 'string', format: 'uuid' },
    date: { type: 'string', format: 'date', description: 'The UTC day.' },
    view_count: count('Exact, beyond 2^53 too.'),
    click_count: count('Likewise.'),
    purchase_count: count('Likewise.'),
  },
} as const

const exampleUser = '11111111-1111-1111-1111-111111111111'

const example = [
  {
    item_id: 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
    date: '2026-11-22',
    view_count: 5,
    click_count: 2,
    purchase_count: 1,
  },
]

const schema = {
  operationId: 'getUserActivitySummary',
  tags: ['counts'],
  summary: 'What a user did, by day and item',
  description:
    'Exact daily counts of one user, newest day first, then by item. One answer is one snapshot, and a later one never ' +
    'shows less.',
  params: {
    type: 'object',
    required: ['user_id'],
    properties: {
      user_id: { type: 'string', format: 'uuid', description: 'A UUID, in any case.', examples: [exampleUser] },
    },
  },
  response: {
    200: {
      description: 'The counts.',
      content: {
        'application/json': {
          schema: { type: 'array', minItems: 1, items: { $ref: 'DayCounts#' } },
          examples: { seeded: { summary: 'The seeded user', value: example } },
        },
      },
    },
    400: problemResponse(400, 'The path is broken.', 'The path has a broken percent escape.'),
    404: problemResponse(404, 'This user has no counts.', `No activity found for user_id ${exampleUser}`),
    422: problemResponse(422, 'Not a UUID.', notUuid),
    503: problemResponse(503, 'PostgreSQL is down or slow.', away),
  },
}
