import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBacklog } from '../../../../src/api/live/backlog.ts'

const text = (bytes: Buffer | undefined) => bytes?.toString()

test('whoever comes back gets what came after the id, in order, and nothing else', () => {
  const backlog = createBacklog('k3f9')
  assert.equal(text(backlog.add('state', '{"a":1}', 0)), 'id: k3f9-1\nevent: state\ndata: {"a":1}\n\n')
  const [second, third] = [backlog.add('beat', '2', 10), backlog.add('state', '3', 20)]
  assert.equal(text(backlog.since('k3f9-1', 30)), `${second}${third}`)
  assert.equal(text(backlog.since('k3f9-3', 30)), '')
})

test('an id of another process, of nobody, or of the future is not known', () => {
  const backlog = createBacklog('k3f9')
  backlog.add('state', '1', 0)
  const unknown = [
    undefined,
    '',
    '1',
    'k3f8-1',
    'k3f9-0',
    'k3f9-2',
    'k3f9-01x',
    'k3f9-1 ',
    'K3F9-1',
    `k3f9-${'9'.repeat(40)}`,
  ]
  for (const id of unknown) assert.equal(backlog.since(id, 1), undefined, String(id))
})

test('what is older than a minute is forgotten, also while nothing is added', () => {
  const backlog = createBacklog('k3f9')
  backlog.add('state', '1', 0)
  backlog.add('state', '2', 30_000)
  assert.notEqual(backlog.since('k3f9-1', 60_000), undefined)
  assert.equal(backlog.since('k3f9-1', 60_001), undefined)
  assert.equal(text(backlog.since('k3f9-2', 60_001)), '')
})

test('it holds no more than its bound, however large the events are', () => {
  const backlog = createBacklog('k3f9')
  const large = 'x'.repeat(1_500_000)
  for (let n = 0; n < 10; n++) backlog.add('state', large, n)
  assert.equal(backlog.since('k3f9-7', 10), undefined)
  assert.ok(backlog.since('k3f9-9', 10)!.length < 2_000_000)
})

test('what is told beside has the id of the latest event, or none', () => {
  const backlog = createBacklog('k3f9')
  backlog.add('state', '1', 0)
  assert.equal(text(backlog.beside('hello', '{}', false)), 'event: hello\ndata: {}\n\n')
  assert.equal(text(backlog.beside('history', '[]', true)), 'id: k3f9-1\nevent: history\ndata: []\n\n')
  assert.equal(text(backlog.since('k3f9-1', 1)), '')
})
