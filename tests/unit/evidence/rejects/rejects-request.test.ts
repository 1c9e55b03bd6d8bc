import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRejects } from '../../../../src/evidence/rejects/rejects-request.ts'

test('a deed needs to be told on which: nothing is never all', () => {
  assert.deepEqual(parseRejects([], {}), {
    do: 'list',
    filter: { reason: undefined, pointer: undefined, partition: undefined, sinceMs: undefined, untilMs: undefined },
    isAll: false,
  })
  assert.deepEqual(parseRejects(['retry', '0:1', '2:3', '0:1'], { lineage: '2', seconds: '5' }), {
    do: 'retry',
    selection: {
      by: 'positions',
      positions: [
        { partition: 0, offset: 1 },
        { partition: 2, offset: 3 },
      ],
      lineage: 2,
    },
    isDryRun: false,
    waitMs: 5_000,
    patch: undefined,
  })
  const filtered = parseRejects(['discard'], { note: 'x', since: '2026-01-31', pointer: '' })
  assert.ok(typeof filtered === 'object' && 'selection' in filtered && filtered.selection.by === 'filter')
  assert.deepEqual(
    [filtered.selection.filter.sinceMs, filtered.selection.filter.pointer],
    [Date.parse('2026-01-31T00:00:00Z'), ''],
  )
})

test('what is wrong is told', () => {
  for (const [words, flags, says] of [
    [['retry'], {}, /^say which/],
    [['retry'], { lineage: '1' }, /belongs to positions/],
    [['retry', '0:1'], { reason: 'empty' }, /not both/],
    [['list'], { reason: 'bad' }, /--reason is "bad"; allowed: empty, /],
    [['retry', '0-1'], {}, /"0-1" is no position/],
    [['retry', '0:1'], { patch: 'f' }, /--patch has no meaning for rejects retry/],
    [['resend', '0:1'], {}, /needs --patch/],
    [['retry', '0:1'], { seconds: '0' }, /from 1/],
    [['discard', '0:1'], {}, /--note/],
    [['show'], {}, /name one/],
    [['show', '0:1', '0:2'], {}, /name one/],
    [['list', '0:1'], {}, /takes no positions/],
    [['list'], { since: 'yesterday' }, /--since is "yesterday"/],
    [['list'], { partition: '-1' }, /--partition is "-1"/],
    [['forget'], {}, /rejects can list/],
    [['toString'], {}, /rejects can list/],
  ] as const) {
    const parsed = parseRejects(words, flags)
    assert.match(typeof parsed === 'string' ? parsed : 'understood', says, words.join(' '))
  }
})
