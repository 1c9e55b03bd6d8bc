/**
 * The catalogue of bad inputs, requests to the API (A, and what of H concerns a path or a method): one line each, with
 * the status and the code that it must get. Where the catalogue asks for something else than the contract, the contract
 * wins, and the line says so. What is no HTTP at all is in tests/integration/api-clients.test.ts.
 */
import { METHODS } from 'node:http'

export interface RequestCase {
  readonly name: string
  readonly method: string
  /** As it is sent, not tidied. */
  readonly path: string
  readonly status: number
  /** Of the problem; undefined = it is none. */
  readonly code: string | undefined
  /** Of the query, where the problem is about one. */
  readonly parameter: string | undefined
}

/** Has a row; `nobody` has none. */
export const somebody = 'abcdef00-0000-4000-8000-000000000001'
export const nobody = 'abcdef00-0000-4000-8000-000000000002'
const item = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'

export const notDates = [
  ...['2026-02-30', '2025-02-29', '1900-02-29', '2026-13-01', '2026-00-01', '2026-01-00', '2026-01-32', '0000-01-01'],
  ...['2026-1-1', '2026-01-01T00:00:00Z', 'today', '-1', '', '0', '20260101', '2026-01-01%20', '+2026-01-01'],
  ...['infinity', '-infinity', '2026-W01-1', '12026-01-01', '２026-01-01', '2026%E2%88%9201-01', '%zz', '%00', '%FF'],
]
export const notLimits = [
  ...['0', '-1', '1.5', 'abc', '', '0x10', '1e3', '1001', '1000000000', '01', '+1', '%201', '1%20', '١', '1_0'],
]
export const notFormats = ['', 'CSV', 'xml', 'text/csv', 'csv,json', '%00', '__proto__', 'toString']
export const notPositions = [
  ...['', '0', '0:', ':1', 'x:1', '-1:0', '0:1;1:2', '0:1,', '0 :1', '0:1.5'],
  `0:${'9'.repeat(16)}`,
  `0:1${',0:1'.repeat(64)}`,
]
export const notItems = [
  ...['', 'abc', item.slice(1), `{${item}}`, item.replaceAll('-', ''), `${item}%00`, "'or'1'='1"],
]

const summary = (id: string, query = '') => `/api/user-activity-summary/${id}${query}`
const asked = (query: string) => summary(somebody, `?${query}`)

type Line = readonly [name: string, request: string, status: number, code?: string, parameter?: string]
const each = (name: string, parameter: string, values: readonly string[], code = 'bad_parameter'): Line[] =>
  values.map(value => [`${name}: ${parameter}=${value}`, asked(`${parameter}=${value}`), 400, code, parameter])
const ids = (name: string, values: readonly string[]): Line[] =>
  values.map(id => [`${name}: ${id.slice(0, 60)}`, summary(id), 422, 'not_uuid'])

const lines: readonly Line[] = [
  ...['%zz', '%E0%A4%A', '%'].map((text): Line => [`A1 a broken escape: ${text}`, summary(text), 400, 'broken_path']),
  ['A1 a broken escape in a path that is none', '/%', 400, 'broken_path'],
  ...ids('A2 a NUL (contract: no UUID is 422)', ['%00', `${somebody}%00`, `%00${somebody}`]),
  ...ids('A3 dots (contract: no UUID is 422)', ['..%2f..%2fetc%2fpasswd', '%2e%2e', '..', '.', '%2e%2e%2fhealth']),
  ['A3 dots that lead out of the path', summary('../../health'), 404, 'no_such_path'],
  ['A3 dots that lead out of the docs', '/docs/static/../../../package.json', 403, 'forbidden_path'],
  ['A3 the same, escaped', '/docs/static/%2e%2e/%2e%2e/package.json', 403, 'forbidden_path'],
  ['A3 the same, with escaped slashes', '/docs/static/%2e%2e%2f%2e%2e%2fpackage.json', 404, 'no_such_path'],
  ...ids('A4 SQL', ["'%20or%20'1'='1", "';drop%20table%20rejects;--", '$1', '%22']),
  ...each('A4 SQL', 'item_id', notItems),
  ...ids('A5 wildcards (contract: there is no search)', ['%25', '_', `${somebody.slice(0, -1)}%25`, '*']),
  ...each('A6 not a day', 'from', notDates),
  ...each('A6 not a day', 'to', notDates),
  ['A6 not a day, of explain', `/api/explain/${somebody}/${item}/2026-02-30`, 422, 'bad_day'],
  ['A7 from after to', asked('from=2026-01-02&to=2026-01-01'), 400, 'bad_range', 'from'],
  ['A7 ten years (contract: any range, a long list is streamed)', asked('from=2016-01-01&to=2026-12-31'), 200],
  ['A7 all days there are', asked('from=0001-01-01&to=9999-12-31'), 200],
  ...each('A8 not a limit', 'limit', notLimits),
  ['A8 not a limit, of trace', '/api/trace?position=0:0&limit=1e3', 400, 'bad_parameter', 'limit'],
  ...each('A8 not a position', 'min_position', notPositions),
  ...each('A12 a format that is none', 'format', notFormats),
  ['A12 a parameter of the live stream', '/api/live?since=1', 400, 'unknown_parameter', 'since'],
  ['H17 HEAD of a stream that would not end', 'HEAD /api/live', 200],
  ['A3 a file that the dashboard has not', '/dashboard/nothing.js', 404, 'no_such_path'],
  ['A3 dots that lead out of the dashboard', '/dashboard/../api/api.ts', 404, 'no_such_path'],
  ['A3 the same, escaped', '/dashboard/%2e%2e%2fapi%2fapi.ts', 404, 'no_such_path'],
  ['A3 a folder', '/dashboard/', 404, 'no_such_path'],
  ['A12 one of the prototype, as a file', '/dashboard/__proto__', 404, 'no_such_path'],
  ['A9 a parameter twice', asked('limit=1&limit=1'), 400, 'repeated_parameter', 'limit'],
  ['A9 a parameter twice, of trace', '/api/trace?limit=1&limit=2', 400, 'repeated_parameter', 'limit'],
  ['A9 a parameter as a list', asked('limit[]=1'), 400, 'unknown_parameter', 'limit[]'],
  ['A9 once plain and once as a list', asked('limit=1&limit%5B%5D=1'), 400, 'unknown_parameter', 'limit[]'],
  ...each('A10 a forged cursor', 'cursor', ['', 'x', 'abc', '%00', 'A'.repeat(40), '../..'], 'bad_cursor'),
  ['A11 an order', asked('sort=date'), 400, 'unknown_parameter', 'sort'],
  ['A12 an unknown parameter', asked('a=1'), 400, 'unknown_parameter', 'a'],
  ['A12 one of the prototype', asked('__proto__=1'), 400, 'unknown_parameter', '__proto__'],
  ['A12 one without a value', asked('constructor'), 400, 'unknown_parameter', 'constructor'],
  ['A12 one in capitals', asked('LIMIT=1'), 400, 'unknown_parameter', 'LIMIT'],
  ['A12 one without a name', asked('=1'), 400, 'unknown_parameter', ''],
  ['A12 an unknown parameter beside a wrong id: the id is told', summary('1', '?a=1'), 422, 'not_uuid'],
  ['A13 an unknown user', summary(nobody), 404, 'no_activity'],
  ['A13 a user in capitals', summary(somebody.toUpperCase()), 200],
  ['A13 no user', '/api/user-activity-summary', 404, 'no_such_path'],
  ...ids('A23 markup', [
    '%3Cscript%3E',
    'javascript:alert(1)',
    '%3C%2Fscript%3E',
    '%22%3E%3Cimg%20src=x%3E',
    '%F0%9F%98%80',
  ]),
  ...ids('A23 nearly a UUID', [
    ...['', '1', '%20', '11111111111111111111111111111111', '{11111111-1111-1111-1111-111111111111}'],
    ...['11111111-1111-1111-1111-11111111111g', '11111111-1111-1111-1111-1111111111111'],
    ...['１1111111-1111-1111-1111-111111111111', '11111111-1111-1111-1111-111111111111%0a'],
  ]),
  ...METHODS.filter(method => !['GET', 'HEAD', 'CONNECT'].includes(method)).flatMap((method): Line[] => [
    ['H17 a wrong method', `${method} ${summary(somebody)}`, 405, 'method_not_allowed'],
    ['H17 a wrong method', `${method} /health`, 405, 'method_not_allowed'],
  ]),
  ['H17 a wrong method on a path that is none', 'POST /nowhere', 404, 'no_such_path'],
  ['H17 HEAD', 'HEAD /health', 200],
  ['H17 HEAD with an unknown parameter', `HEAD ${asked('a=1')}`, 400, 'unknown_parameter', 'a'],
  ['H18 a preflight (contract: no other origin is let in)', `OPTIONS ${summary(somebody)}`, 405, 'method_not_allowed'],
  ['H19 a path that is none', '/nowhere', 404, 'no_such_path'],
  ['H19 a path of 12 kB (contract: up to 16 kB)', summary('%41'.repeat(4_000)), 422, 'not_uuid'],
  ['H19 a path of 20 kB', summary('x'.repeat(20_000)), 431, 'headers_too_large'],
  ['H19 bytes that are no UTF-8', summary('%FF'), 400, 'broken_path'],
  ['H19 a double slash', '//health', 404, 'no_such_path'],
]

export const requestCases: readonly RequestCase[] = lines.map(([name, request, status, code, parameter]) => {
  const [method, path] = request.includes(' /') ? (request.split(' ', 2) as [string, string]) : ['GET', request]
  return { name, method, path: path.replace(/[^!-~]/gu, encodeURIComponent), status, code, parameter }
})
