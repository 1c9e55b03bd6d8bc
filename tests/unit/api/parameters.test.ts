import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCursor } from '../../../src/api/cursor.ts'
import { parseParameters } from '../../../src/api/parameters.ts'
import { notDates, notFormats, notItems, notLimits, notPositions } from '../../inputs/requests.ts'

const userId = '11111111-1111-1111-1111-111111111111'
const itemId = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'
const none = undefined
const plain = { userId, from: none, to: none, itemId: none, limit: none, after: none, awaited: [], format: 'json' }

test('parameters that are right are taken as they are meant', () => {
  const cases = [
    ['', plain],
    ['&', plain],
    ['from=2026-01-02', { ...plain, from: '2026-01-02' }],
    ['to=2024-02-29&from=0001-01-01', { ...plain, from: '0001-01-01', to: '2024-02-29' }],
    ['from=2026-01-02&to=2026-01-02', { ...plain, from: '2026-01-02', to: '2026-01-02' }],
    ['from=2026%2d01%2D02', { ...plain, from: '2026-01-02' }],
    [`item_id=${itemId.toUpperCase()}`, { ...plain, itemId }],
    ['format=csv', { ...plain, format: 'csv' }],
    ['format=json', plain],
    ['limit=1', { ...plain, limit: 1 }],
    ['limit=1000', { ...plain, limit: 1_000 }],
    ['min_position=3:14', { ...plain, awaited: [{ partition: 3, offset: 14 }] }],
    [
      'min_position=0:0%2C1:2',
      {
        ...plain,
        awaited: [
          { partition: 0, offset: 0 },
          { partition: 1, offset: 2 },
        ],
      },
    ],
  ] as const
  for (const [query, asked] of cases) assert.deepEqual(parseParameters(query, userId), asked, query)

  const after = { date: '2026-01-02', itemId }
  const selection = { userId, from: '2026-01-01', to: undefined, itemId: undefined }
  const query = `cursor=${encodeCursor(selection, after)}&from=2026-01-01`
  assert.deepEqual(parseParameters(query, userId), { ...plain, from: '2026-01-01', after })
})

test('what is wrong is refused, and the parameter is named', () => {
  const each = (name: string, values: readonly string[]) =>
    values.map(value => [`${name}=${value}`, 'bad_parameter', name] as const)
  const cases = [
    ...each('from', notDates),
    ...each('to', notDates),
    ...each('limit', notLimits),
    ...each('format', notFormats),
    ...each('item_id', notItems),
    ...each('min_position', notPositions),
    ['from=2026-01-02&to=2026-01-01', 'bad_range', 'from'],
    ['cursor=', 'bad_cursor', 'cursor'],
    ['cursor=abc', 'bad_cursor', 'cursor'],
    ['limit=1&limit=1', 'repeated_parameter', 'limit'],
    ['limit=1&limit=2', 'repeated_parameter', 'limit'],
    ['limit[]=1', 'unknown_parameter', 'limit[]'],
    ['limit[0]=1', 'unknown_parameter', 'limit[0]'],
    ['sort=date', 'unknown_parameter', 'sort'],
    ['LIMIT=1', 'unknown_parameter', 'LIMIT'],
    ['limit=1&offset=2', 'unknown_parameter', 'offset'],
    ['=1', 'unknown_parameter', ''],
    ['__proto__=1', 'unknown_parameter', '__proto__'],
    ['constructor', 'unknown_parameter', 'constructor'],
    ['from=2026-01-01;to=2026-01-02', 'bad_parameter', 'from'],
    [`${'x'.repeat(5_000)}=1`, 'unknown_parameter', 'x'.repeat(40)],
  ] as const
  for (const [query, code, parameter] of cases) {
    const refused = parseParameters(query, userId)
    assert.ok('code' in refused, query)
    assert.deepEqual([refused.code, refused.parameter], [code, parameter], query)
    assert.ok(refused.detail.length < 200 && refused.detail.includes(parameter), refused.detail)
  }
})
