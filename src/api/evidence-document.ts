/** Trace and explain as the API document has them. */
import { tracedFates } from '../evidence/trace/told.ts'
import { evidenceLimitMax } from './evidence-parameters.ts'
import type { Code } from './problem.ts'

export const tracePath = '/api/trace'
export const explainPath = '/api/explain/:user_id/:item_id/:date'

const both: readonly Code[] = [
  'unknown_parameter',
  'repeated_parameter',
  'bad_parameter',
  'database_away',
  'log_away',
  'overloaded',
]

/** Besides those of every path. */
export const evidenceProblems = {
  trace: both,
  explain: [...both, 'broken_path', 'not_uuid', 'bad_day'],
} as const satisfies Record<string, readonly Code[]>

const exampleUser = '11111111-1111-1111-1111-111111111111'
const exampleItem = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'

const integer = { type: 'integer', minimum: 0 } as const
const text = { type: 'string' } as const
const uuid = { type: 'string', format: 'uuid' } as const
const day = { type: 'string', format: 'date' } as const
const moment = { type: 'string', format: 'date-time' } as const
const position = { type: 'string', pattern: '^\\d+:\\d+$', description: 'PARTITION:OFFSET' } as const

/** An object all of whose members are there. */
const whole = (properties: Readonly<Record<string, object>>, description?: string) => ({
  type: 'object',
  ...(description !== undefined && { description }),
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
})
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })

const row = whole({ user_id: uuid, date: day, item_id: uuid })

export const copySchema = {
  $id: 'TracedCopy',
  ...whole(
    {
      position,
      lineage: orNull(integer),
      fate: {
        type: 'string',
        enum: tracedFates,
        description: 'The fates of the ledger; the others say why there is none, or none to tell.',
      },
      why: { ...text, description: 'One sentence.' },
      is_committed: { type: 'boolean', description: 'It has its fate in PostgreSQL, for good.' },
      appended: orNull(moment),
      event: orNull(
        whole(
          { user_id: uuid, date: day, item_id: uuid, activity_type: text, event_id: orNull(text) },
          'What it says.',
        ),
      ),
      row: orNull({ ...row, description: 'The row that it is counted in.' }),
      duplicate_of: orNull(position),
      reject: orNull(whole({ reason: text, pointer: text, detail: text, label: orNull(text) })),
      repairs: orNull(
        whole({ position, lineage: integer }, 'Of a repair, good or bad: the rejected record that it was sent for.'),
      ),
      repaired_by: orNull(
        whole(
          {
            position,
            lineage: integer,
            fate: { type: 'string', enum: ['counted', 'duplicate'] },
            row: { ...orNull(row), description: 'The row that the repair counts in, where its record can be read.' },
          },
          'Of a rejected record: the repair that stands for it.',
        ),
      ),
      rules_version: orNull(integer),
    },
    'One copy of an event: where it lies and what became of it. Without the bytes of the record.',
  ),
} as const

const exampleCopy = {
  position: '0:120',
  lineage: 1,
  fate: 'counted',
  why: 'it is the first with its event_id in the window',
  is_committed: true,
  appended: '2026-11-22T18:40:12.071Z',
  event: {
    user_id: exampleUser,
    date: '2026-11-22',
    item_id: exampleItem,
    activity_type: 'view',
    event_id: 'seed-2026-11-22-1',
  },
  row: { user_id: exampleUser, date: '2026-11-22', item_id: exampleItem },
  duplicate_of: null,
  reject: null,
  repairs: null,
  repaired_by: null,
  rules_version: 1,
}

const limit = {
  type: 'integer',
  minimum: 1,
  maximum: evidenceLimitMax,
  description: 'So many are shown at most, 100 without it; `more` says how many there are besides.',
}

const readsLog =
  'Reads the log, a few seconds at most and with few others at a time; what was not reached is listed. `log_away`: Kafka ' +
  'does not answer.'

export const traceSchema = {
  operationId: 'traceEvent',
  tags: ['evidence'],
  summary: 'Where the copies of an event lie, and what became of each',
  description: `Give \`position\`, or \`user_id\` with or without \`event_id\`. ${readsLog}`,
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      position: { ...position, description: 'PARTITION:OFFSET of one record.', examples: ['0:0'] },
      user_id: { ...uuid, description: 'Whose records; a UUID, in any case.' },
      event_id: {
        type: 'string',
        pattern: '^[!-~]{1,128}$',
        description: 'Only this event. One that the window remembers is found at once, and only its segment looked at.',
      },
      limit,
    },
  },
  response: {
    200: {
      description: 'What was found, newest first in each partition. Empty: nothing in what was looked at.',
      content: {
        'application/json': {
          schema: whole({
            asked: {
              anyOf: [whole({ position }), whole({ user_id: uuid, event_id: orNull(text) })],
            },
            as_of: moment,
            copies: { type: 'array', items: { $ref: 'TracedCopy#' } },
            more: integer,
            looked: {
              type: 'array',
              description:
                'By partition the offsets [from, to) that were looked at; empty when a position was asked for.',
              items: whole({
                partition: integer,
                from: integer,
                to: integer,
                log_start: integer,
                log_end: integer,
                why: { ...orNull(text), description: 'Why not all of the log.' },
              }),
            },
            is_complete: { type: 'boolean', description: 'Nothing of the log was left out.' },
          }),
          examples: {
            byPosition: {
              value: {
                asked: { position: '0:120' },
                as_of: '2026-11-22T18:41:00.000Z',
                copies: [exampleCopy],
                more: 0,
                looked: [],
                is_complete: true,
              },
            },
          },
        },
      },
    },
  },
} as const

const counts = whole({ view: integer, click: integer, purchase: integer })

export const explainSchema = {
  operationId: 'explainNumber',
  tags: ['evidence'],
  summary: 'The events that a number is the sum of',
  description: `Row and positions are of one snapshot, and the log is read up to exactly those. ${readsLog}`,
  params: {
    type: 'object',
    required: ['user_id', 'item_id', 'date'],
    properties: {
      user_id: { ...uuid, description: 'A UUID, in any case.', examples: [exampleUser] },
      item_id: { ...uuid, description: 'A UUID, in any case.', examples: [exampleItem] },
      date: { ...day, description: 'The UTC day.', examples: ['2026-11-22'] },
    },
  },
  querystring: { type: 'object', additionalProperties: false, properties: { limit } },
  response: {
    200: {
      description: 'The number and the events; `verdict` says whether they add up.',
      content: {
        'application/json': {
          schema: whole({
            asked: whole({ user_id: uuid, item_id: uuid, date: day }),
            as_of: moment,
            positions: { type: 'array', items: whole({ partition: integer, next_offset: integer }) },
            number: { ...orNull(counts), description: 'What the table says; null: there is no such row.' },
            found: { ...counts, description: 'The sum of the events that were surely counted.' },
            verdict: {
              type: 'string',
              enum: ['equal', 'incomplete', 'differs'],
              description: 'incomplete: what lacks may lie in what is missing. differs: all was looked at.',
            },
            events: { type: 'array', items: { $ref: 'TracedCopy#' } },
            more: integer,
            untold: integer,
            missing: {
              type: 'array',
              description: 'Offsets [from, to) that would have to be looked at, and were not.',
              items: whole({ partition: integer, lineage: integer, from: integer, to: integer, why: text }),
            },
          }),
          examples: {
            one: {
              value: {
                asked: { user_id: exampleUser, item_id: exampleItem, date: '2026-11-22' },
                as_of: '2026-11-22T18:41:00.000Z',
                positions: [{ partition: 0, next_offset: 121 }],
                number: { view: 1, click: 0, purchase: 0 },
                found: { view: 1, click: 0, purchase: 0 },
                verdict: 'equal',
                events: [exampleCopy],
                more: 0,
                untold: 0,
                missing: [],
              },
            },
          },
        },
      },
    },
  },
} as const
