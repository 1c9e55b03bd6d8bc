import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseScope } from '../../../../src/evidence/verify/scope.ts'

const user = '550E8400-E29B-41D4-A716-446655440000'

test('a scope is of rows, of partitions, or of everything', () => {
  const of = (wanted: Parameters<typeof parseScope>[0]) => {
    const scope = parseScope(wanted)
    return typeof scope === 'string' ? scope : [scope.isOfRows, scope.isOfPartitions]
  }
  assert.deepEqual(of({}), [true, true])
  assert.deepEqual(of({ date: '2024-02-29' }), [true, false])
  assert.deepEqual(of({ user, date: '2026-01-31' }), [true, false])
  assert.deepEqual(of({ partition: '0' }), [false, true])
  const scope = parseScope({ user })
  assert.ok(typeof scope !== 'string' && scope.user === user.toLowerCase())
})

test('what is no date, user or partition is refused in words; so is a partition with rows', () => {
  for (const wanted of [
    ...['2026-02-30', '2026-1-1', 'today', '0000-01-01', "2026-01-01' or true --"].map(date => ({ date })),
    ...['me', `${user}x`, `${user}' or true --`].map(user => ({ user })),
    ...['-1', 'x', '1.5', ''].map(partition => ({ partition })),
    { partition: '0', date: '2026-01-31' },
    { partition: '0', user },
  ]) {
    assert.equal(typeof parseScope(wanted), 'string', JSON.stringify(wanted))
  }
})
