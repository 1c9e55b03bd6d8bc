/** Rejects as the API document has them, where they are served. */
import { reasons } from '../event/fate.ts'
import { outcomes } from '../evidence/rejects/reject-report.ts'
import type { Code } from './problem.ts'
import { byMax, noteMax, positionsMax } from './rejects-body.ts'

export const rejectsPath = '/api/rejects'
export const showPath = '/api/rejects/:partition/:offset'

const all: readonly Code[] = ['unauthorized', 'bad_parameter', 'database_away', 'too_slow', 'overloaded', 'not_granted']
const reading: readonly Code[] = [...all, 'unknown_parameter', 'repeated_parameter']

/** Besides those of every path. */
export const rejectsProblems = {
  list: reading,
  show: [...reading, 'no_such_reject', 'broken_path'],
  discard: [...all, 'bad_request'],
  retry: [...all, 'bad_request', 'log_away'],
} as const satisfies Record<string, readonly Code[]>

const integer = { type: 'integer', minimum: 0 } as const
const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const moment = { type: 'string', format: 'date-time' } as const
const position = { type: 'string', pattern: '^\\d+:\\d+$', description: 'PARTITION:OFFSET' } as const
const reason = { type: 'string', enum: Object.keys(reasons) } as const
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })

/** An object all of whose members are there. */
const whole = (properties: Readonly<Record<string, object>>) => ({
  type: 'object',
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
})

const own = { tags: ['rejects'], security: [{ admin: [] }] } as const
const answers = (description: string, schema: object, example: object) => ({
  description,
  content: { 'application/json': { schema, examples: { one: { value: example } } } },
})

const exampleGroup = {
  ...{
    reason: 'unknown_activity',
    meaning: 'activity_type is none of view, click, purchase',
    pointer: '/activity_type',
    count: 3,
    open: 1,
    repaired: 1,
    discarded: 1,
    attempts: 0,
  },
  ...{ first: '2026-11-22T18:40:12.071Z', last: '2026-11-22T18:41:00.000Z' },
  example: { position: '0:120', lineage: 1, value: '{"activity_type":"like"}' },
}

export const listSchema = {
  ...own,
  operationId: 'listRejects',
  summary: 'Bad records in groups, by reason and place',
  description: 'Open is what nobody repaired or discarded; an attempt is a repair that was bad itself.',
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      reason: { ...reason, description: 'Only this reason.' },
      pointer: { ...text, description: 'Only at this JSON pointer; empty is the whole value.' },
      partition: { ...integer, description: 'Only this partition.' },
      since: { ...text, description: 'Only what was appended then or later: an RFC 3339 time or a day.' },
      until: { ...text, description: 'Only what was appended before.' },
      all: { ...flag, description: 'Also groups in which nothing is open.' },
    },
  },
  response: {
    200: answers(
      'The groups, those with most that is open first.',
      whole({
        groups: {
          type: 'array',
          items: whole({
            ...{ reason: text, meaning: text, pointer: text, first: orNull(moment), last: orNull(moment) },
            ...{ count: integer, open: integer, repaired: integer, discarded: integer, attempts: integer },
            example: whole({ position, lineage: integer, value: { ...text, description: 'Cut, fit for a terminal.' } }),
          }),
        },
        settled_groups: { ...integer, description: 'Groups in which nothing is open, and which are not shown.' },
      }),
      { groups: [exampleGroup], settled_groups: 0 },
    ),
  },
} as const

const bytes = whole({
  base64: { ...text, contentEncoding: 'base64' },
  text: { ...orNull(text), description: 'null: it is not UTF-8.' },
})
const at = { position, lineage: integer } as const

export const showSchema = {
  ...own,
  operationId: 'showReject',
  summary: 'One bad record: its bytes, why it is bad, and what became of it',
  params: {
    type: 'object',
    required: ['partition', 'offset'],
    properties: {
      partition: { ...integer, description: 'Its partition.', examples: [0] },
      offset: { ...integer, description: 'Its offset there.', examples: [120] },
    },
  },
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: { lineage: { ...integer, description: 'Of its partition; the current one without it.' } },
  },
  response: {
    200: answers(
      'The reject.',
      whole({
        ...at,
        topic_id: { type: 'string', format: 'uuid' },
        state: { type: 'string', enum: ['open', 'repaired', 'discarded', 'attempt'] },
        ...{ reason, pointer: text, detail: text, appended: orNull(moment), rejected: moment },
        ...{ key: orNull(bytes), value: bytes },
        place: {
          ...orNull(whole({ from: integer, to: integer })),
          description: 'Where its text is bad, in UTF-16 code units; null: it is no text, or nowhere in particular.',
        },
        headers: {
          ...orNull({ type: 'array', items: { type: 'array', prefixItems: [text, orNull(bytes)], items: false } }),
          description: 'Names and values in their order; null: they cannot be read.',
        },
        repaired_by: orNull(whole({ ...at, fate: { type: 'string', enum: ['counted', 'duplicate'] } })),
        origin: { ...orNull(whole(at)), description: 'Of an attempt: the reject that it was sent for.' },
        label: {
          ...orNull(whole({ label: orNull(text), note: orNull(text), by: text, at: moment })),
          description: 'What a person said of it; a label of null was taken back.',
        },
        attempts: { type: 'array', items: whole({ ...at, reason: text, pointer: text }) },
        repair_header: {
          ...orNull(whole({ name: text, value: text })),
          description: 'Makes a record of the same partition a repair of this one.',
        },
      }),
      {
        ...{ position: '0:120', lineage: 1, topic_id: '0b0e2c1a-7f0f-4d3b-9a53-2f2a6f1d2c11', state: 'open' },
        ...{ reason: 'not_json', pointer: '', detail: 'the value is not one JSON document' },
        ...{ appended: '2026-11-22T18:40:12.071Z', rejected: '2026-11-22T18:40:12.090Z', key: null },
        ...{ value: { base64: 'ew==', text: '{' }, place: { from: 1, to: 2 }, headers: [], attempts: [] },
        ...{ repaired_by: null, origin: null, label: null },
        repair_header: { name: 'footfall-origin', value: '0b0e2c1a-7f0f-4d3b-9a53-2f2a6f1d2c11/0/1/120' },
      },
    ),
  },
} as const

const outcome = { type: 'string', enum: outcomes } as const
const one = { reason: text, pointer: text, outcome, why: { ...text, description: 'One sentence, or empty.' } } as const

const report = whole({
  verb: { type: 'string', enum: ['retry', 'resend', 'discard', 'restore'] },
  ...{ is_dry_run: { type: 'boolean' }, selected: integer },
  groups: { type: 'array', items: whole({ ...one, count: integer }) },
  rejects: { type: 'array', items: whole({ ...at, ...one }) },
  more: integer,
  example: orNull(whole({ position, before: text, after: text })),
  stopped: { ...orNull(text), description: 'Why it ended before all were done.' },
})

function exampleOf(verb: string, outcome: string): object {
  const one = { reason: 'too_old', pointer: '/timestamp', outcome, why: '' }
  return {
    ...{ verb, is_dry_run: false, selected: 1, groups: [{ ...one, count: 1 }] },
    ...{ rejects: [{ position: '0:120', lineage: 1, ...one }], more: 0, example: null, stopped: null },
  }
}

const selection = {
  positions: { type: 'array', minItems: 1, maxItems: positionsMax, items: position },
  lineage: { type: 'integer', minimum: 1, description: 'Of the positions; the current one without it.' },
  dry_run: { ...flag, description: 'Say what would be done, and do nothing.' },
} as const

export const discardSchema = {
  ...own,
  operationId: 'discardRejects',
  summary: 'Says that nobody will repair these, or takes that back',
  description: 'It is recorded with note, who and when, and changes no fate and no count.',
  body: {
    type: 'object',
    required: ['positions'],
    additionalProperties: false,
    properties: {
      ...selection,
      note: { type: 'string', minLength: 1, maxLength: noteMax, description: 'Why; only an undo goes without.' },
      by: { type: 'string', minLength: 1, maxLength: byMax, description: 'Who decides.' },
      undo: { ...flag, description: 'Takes it back.' },
    },
  },
  response: { 200: answers('What became of each.', report, exampleOf('discard', 'discarded')) },
} as const

export const retrySchema = {
  ...own,
  operationId: 'retryRejects',
  summary: 'Sends the same bytes again as repairs',
  description:
    'Each is judged under the rules in force; what would be rejected again is not sent. However often a repair is sent, ' +
    'it counts once. `log_away`: Kafka does not answer, or the API may not write to the topic.',
  body: { type: 'object', required: ['positions'], additionalProperties: false, properties: selection },
  response: {
    200: answers('What became of each.', report, exampleOf('retry', 'counted')),
    202: answers('At least one that was sent has no fate yet: ask again.', report, exampleOf('retry', 'waiting')),
  },
} as const
