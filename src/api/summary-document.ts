/** The summary as the API document has it; the words of its refusals. */
import { allowed, formatNames, type Name, parameterNames } from './parameters.ts'
import type { Code } from './problem.ts'
import { problemResponses } from './problem-document.ts'

export const summaryPath = '/api/user-activity-summary/:user_id'

export const notUuid = 'user_id must be a UUID: hexadecimal digits in the form 8-4-4-4-12.'
export const overloaded = 'As much is being read as this API reads at a time. Try again.'
export const tooSlow = 'The counts could not be read in time. Try again, or ask for a page with limit.'

/** Besides those of every path, and `no_activity`, which is answered like a success in its headers. */
export const summaryProblems: readonly Code[] = [
  'broken_path',
  'unknown_parameter',
  'repeated_parameter',
  'bad_parameter',
  'bad_range',
  'bad_cursor',
  'not_uuid',
  'not_counted_yet',
  'partition_halted',
  'database_away',
  'too_slow',
  'overloaded',
]

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
const exampleItem = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'

const example = [{ item_id: exampleItem, date: '2026-11-22', view_count: 5, click_count: 2, purchase_count: 1 }]

const exampleCsv = `item_id,date,view_count,click_count,purchase_count\r\n${exampleItem},2026-11-22,5,2,1\r\n`

const parameter: Readonly<Record<Name, object>> = {
  from: { type: 'string', format: 'date', description: `The first day: ${allowed.from}.` },
  to: { type: 'string', format: 'date', description: `The last day: ${allowed.to}.` },
  item_id: { type: 'string', format: 'uuid', description: 'Only this item.' },
  limit: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000,
    description: 'Rows of a page. The next one is in the header Link. Without it all rows are answered at once.',
  },
  cursor: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{39}$',
    description: `Where the page begins: ${allowed.cursor}. Without limit the page has 1000 rows.`,
  },
  min_position: {
    type: 'string',
    pattern: '^\\d{1,9}:\\d{1,15}(,\\d{1,9}:\\d{1,15})*$',
    description:
      `Waits up to 5 s until these records are counted: ${allowed.min_position}. A producer gets a position back ` +
      'for what it sent; a read with it shows the write.',
  },
  format: { type: 'string', enum: formatNames, default: 'json', description: `${allowed.format}, which is a file.` },
}

const freshHeaders = {
  'Footfall-Positions': {
    type: 'string',
    description:
      'Up to where the counts are true: of each partition the next offset, as `p0=120, p1=98`. Left out where there ' +
      'are more than 256 partitions.',
  },
  'Footfall-As-Of': {
    type: 'string',
    format: 'date-time',
    description: 'Whatever was in the log at that moment is counted.',
  },
  'Footfall-Lag': {
    type: 'integer',
    description: 'Records that consumers saw in the log and have not counted yet.',
  },
}

const cacheHeaders = {
  ETag: { type: 'string', description: 'Strong; each content coding has its own.' },
  'Cache-Control': { type: 'string', const: 'private, no-cache', description: 'Keep it, but ask before showing it.' },
  Vary: { type: 'string', const: 'Accept-Encoding' },
  Link: { type: 'string', description: 'The next page, with rel="next", when there is one.' },
}

export const summarySchema = {
  operationId: 'getUserActivitySummary',
  tags: ['counts'],
  summary: 'What a user did, by day and item',
  description:
    'Exact daily counts of one user, newest day first, then by item. One answer is one snapshot, and a later one never ' +
    'shows less. A list of more than 1000 rows without `limit` is sent as it is read; one that could not be finished ' +
    'ends without its closing bracket, and the connection is cut. While pages are followed, rows may be added: none ' +
    'is shown twice, and none is left out that was there when the first page was read.',
  params: {
    type: 'object',
    required: ['user_id'],
    properties: {
      user_id: { type: 'string', format: 'uuid', description: 'A UUID, in any case.', examples: [exampleUser] },
    },
  },
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(parameterNames.map(name => [name, parameter[name]])),
  },
  headers: {
    type: 'object',
    properties: {
      'If-None-Match': { type: 'string', description: 'ETags that the client has; one that is current answers 304.' },
      'Accept-Encoding': { type: 'string', description: 'zstd, br and gzip are there, for 1024 bytes and more.' },
    },
  },
  response: {
    200: {
      description: 'The counts. Empty only when the user has counts and none of them passes the filters.',
      headers: {
        ...freshHeaders,
        ...cacheHeaders,
        'Content-Disposition': { type: 'string', description: 'Of CSV: a file, named after the user and the days.' },
        'Content-Encoding': { type: 'string', enum: ['zstd', 'br', 'gzip'], description: 'As Accept-Encoding has it.' },
      },
      content: {
        'application/json': {
          schema: { type: 'array', items: { $ref: 'DayCounts#' } },
          examples: { seeded: { summary: 'The seeded user', value: example } },
        },
        'text/csv': {
          schema: { type: 'string', description: 'A header, then a line for each item and day.' },
          examples: { seeded: { summary: 'The seeded user', value: exampleCsv } },
        },
      },
    },
    304: { type: 'null', description: 'The client has it already.', headers: { ...freshHeaders, ...cacheHeaders } },
    404: { ...problemResponses(['no_activity'])['404'], headers: freshHeaders },
  },
} as const
