/**
 * The catalogue of bad inputs, requests to /api/rejects (A, and what of H concerns tokens and bodies): the paths that
 * ask for a token, and the only ones that take a body; and to /api/trace and /api/explain, which need Kafka, too. One
 * line each, with the status and the code it must get.
 */
export interface AdminCase {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
  readonly status: number
  readonly code: string | undefined
}

export const token = 'a-token-of-the-tests'
const bearer = { authorization: `Bearer ${token}` }
const list = '/api/rejects'
const retry = '/api/rejects/retry'
const discard = '/api/rejects/discard'
const trace = '/api/trace'
const user = 'abcdef00-0000-4000-8000-000000000001'

const withToken = (name: string, authorization: string | undefined): AdminCase => ({
  name,
  method: 'GET',
  path: list,
  headers: authorization === undefined ? {} : { authorization },
  body: undefined,
  status: 401,
  code: 'unauthorized',
})
const get = (name: string, path: string, status: number, code?: string): AdminCase => ({
  name,
  method: 'GET',
  path,
  headers: bearer,
  body: undefined,
  status,
  code,
})
const queries = (name: string, parameter: string, values: readonly string[]): AdminCase[] =>
  values.map(value => get(`${name}: ${parameter}=${value}`, `${list}?${parameter}=${value}`, 400, 'bad_parameter'))
const post = (
  name: string,
  path: string,
  body: string | Buffer | object,
  code = 'bad_parameter',
  headers: Readonly<Record<string, string>> = {},
): AdminCase => ({
  name,
  method: 'POST',
  path,
  headers: { ...bearer, ...headers },
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  status: code === 'body_too_large' ? 413 : 400,
  code,
})
const one = { positions: ['0:0'] }
const dry = { ...one, dry_run: true }

export const adminCases: readonly AdminCase[] = [
  withToken('H25 no token', undefined),
  withToken('H25 a wrong token', 'Bearer wrong'),
  withToken('H25 a token of the same length', `Bearer ${token.replace('a', 'b')}`),
  withToken('H25 a longer token', `Bearer ${token}x`),
  withToken('H25 a token of 8 kB', `Bearer ${'x'.repeat(8_000)}`),
  withToken('H25 another scheme', `Basic ${Buffer.from(`admin:${token}`).toString('base64')}`),
  withToken('H25 the token alone', token),
  withToken('H25 an empty token', 'Bearer '),
  withToken('H25 two tokens in one header', `Bearer wrong, Bearer ${token}`),
  { ...withToken('H26 the token in the query', undefined), path: `${list}?token=${token}` },
  {
    ...withToken('A20 a discard without a token', undefined),
    method: 'POST',
    path: discard,
    body: JSON.stringify(one),
  },
  {
    ...withToken('A20 a body too large without a token', undefined),
    method: 'POST',
    path: retry,
    body: 'x'.repeat(9_000),
  },
  get('A12 an unknown parameter', `${list}?a=1`, 400, 'unknown_parameter'),
  get('A9 a parameter twice', `${list}?reason=empty&reason=empty`, 400, 'repeated_parameter'),
  ...queries('A11 a reason that is none', 'reason', ['x', '', 'toString', '__proto__', "'or'1'='1", '%00']),
  ...queries('A8 a partition that is none', 'partition', ['-1', '1.5', 'x', '', '0x1', '1e3', '99999999999', '%00']),
  ...queries('A6 a time that is none', 'since', ['x', '2026-02-30', '2026-13-01T00:00:00Z', '', '%00', '-1', '1e9']),
  ...queries('A6 a time that is none', 'until', ['today', '2026-01-01T25:00:00Z']),
  ...queries('A5 neither true nor false', 'all', ['1', 'TRUE', '', '%00']),
  ...queries('A2 no JSON pointer', 'pointer', ['%00', '/%00', 'x', '%3Cscript%3E', '%27%20or%201%3D1--']),
  get('A4 a pointer of SQL', `${list}?pointer=/%27%20or%201%3D1--`, 200),
  get('A23 a pointer of markup', `${list}?pointer=/%3Cscript%3E%E2%80%AE`, 200),
  ...[
    'x/0',
    '0/x',
    '-1/0',
    '0/-1',
    '0/1.5',
    '0x0/0',
    '0/1e3',
    '%00/0',
    '0/%00',
    `0/${'9'.repeat(30)}`,
    '99999999999/0',
  ].map(at => get(`A8 a position that is none: ${at.slice(0, 20)}`, `${list}/${at}`, 400, 'bad_parameter')),
  ...['x', '-1', '1.5', '', '%00', '99999999999'].map(lineage =>
    get(`A8 a lineage that is none: ${lineage}`, `${list}/0/0?lineage=${lineage}`, 400, 'bad_parameter'),
  ),
  get('A13 a reject that is not there', `${list}/0/5`, 404, 'no_such_reject'),
  get('A13 one of a partition that is not there', `${list}/999999999/0`, 404, 'no_such_reject'),
  get('A13 one of a lineage that is not there', `${list}/0/0?lineage=999999999`, 404, 'no_such_reject'),
  ...['%00', '', 'a%20b', '%C3%A9', 'x'.repeat(129)].map(id =>
    get(
      `K11 an event id that is none, to trace: ${id.slice(0, 9)}`,
      `${trace}?user_id=${user}&event_id=${id}`,
      400,
      'bad_parameter',
    ),
  ),
  ...['999999999:0', '0:999999999999999', '0:1'].map(at =>
    get(`A13 a position that is not there, to trace: ${at}`, `${trace}?position=${at}`, 200),
  ),
  ...['0001-01-01', '9999-12-31'].map(day =>
    get(`A13 a day without events, to explain: ${day}`, `/api/explain/${user}/${user}/${day}`, 200),
  ),
  post('H3 an empty body', retry, '', 'bad_request'),
  post('H3 blanks', retry, ' \n', 'bad_request'),
  post('H1 a form', retry, 'positions=0:0', 'bad_request', { 'content-type': 'application/x-www-form-urlencoded' }),
  post('H1 UTF-16', retry, Buffer.from(JSON.stringify(one), 'utf16le'), 'bad_request'),
  post('H2 a type with a tab and junk (the type decides nothing)', retry, '{', 'bad_request', {
    'content-type': ' application/json\t; charset=x; y',
  }),
  post('H4 a body beyond its limit', retry, 'x'.repeat(16_385), 'body_too_large'),
  post('H9 a body that inflates (it is not inflated)', retry, Buffer.from('1f8b0800', 'hex'), 'bad_request', {
    'content-encoding': 'gzip',
  }),
  post('H10 an unknown encoding (it is taken as it is)', retry, '{}', 'bad_parameter', { 'content-encoding': 'x' }),
  ...['{', 'null', 'true', '7', '"0:0"', '[]', '["0:0"]', '{"positions":["0:0"]}x', `\ufeff${JSON.stringify(one)}`].map(
    body => post(`K5 to K7 a body that is no JSON object: ${body}`, retry, body, 'bad_request'),
  ),
  post('K50 nested lists that never end', retry, '['.repeat(16_000), 'bad_request'),
  ...[
    [],
    ['x'],
    [''],
    [0],
    [null],
    ['0:0', 7],
    ['0:0:0'],
    ['-1:0'],
    ['99999999999:0'],
    [`0:${'9'.repeat(30)}`],
    '0:0',
    {},
  ].map(positions => post(`A8 positions that are none: ${JSON.stringify(positions)}`, retry, { positions })),
  post('H21 too many positions', retry, { positions: Array.from({ length: 101 }, (_, n) => `0:${n}`) }),
  post('A12 an unknown member', retry, { ...dry, all: true }),
  post('K24 a member named __proto__', retry, '{"positions":["0:0"],"dry_run":true,"__proto__":{"undo":true}}'),
  post('A12 a member of the other deed', retry, { ...dry, note: 'x' }),
  ...[0, -1, 1.5, '1', null, 1e9, 1e300].map(lineage =>
    post(`A8 a lineage that is none: ${lineage}`, retry, { ...dry, lineage }),
  ),
  ...['true', 1, null].map(dry_run => post(`E5 neither true nor false: ${dry_run}`, retry, { ...one, dry_run })),
  post('A13 a discard without a note', discard, dry),
  ...['', 'x'.repeat(1_001), 'a\0b', 7, null].map(note =>
    post(`K17 a note that is none: ${String(note).slice(0, 9)}`, discard, { ...dry, note }),
  ),
  ...['', 'x'.repeat(101), '\0', {}].map(by =>
    post(`K17 a name that is none: ${String(by).slice(0, 9)}`, discard, { ...dry, note: 'x', by }),
  ),
]
