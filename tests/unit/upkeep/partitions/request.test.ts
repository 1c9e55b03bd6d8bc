import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequest } from '../../../../src/upkeep/partitions/request.ts'

test('partitions alone is a look, resume names what and how', () => {
  assert.equal(parseRequest([], { json: true }), undefined)
  const plain = { way: { decision: 'resume' }, note: undefined }
  assert.deepEqual(parseRequest(['resume', 'all'], {}), { ...plain, partitions: undefined })
  assert.deepEqual(parseRequest(['resume', '10', '2', '2'], {}), { ...plain, partitions: [2, 10] })
  assert.deepEqual(parseRequest(['resume', '3'], { 'accept-loss': '30-60', note: 'why' }), {
    partitions: [3],
    way: { decision: 'accept-loss', from: 30, to: 60 },
    note: 'why',
  })
  assert.deepEqual(parseRequest(['resume', 'all'], { 'new-lineage': true }), {
    partitions: undefined,
    way: { decision: 'new-lineage' },
    note: undefined,
  })
})

test('what cannot be meant is told', () => {
  const cases: readonly [string[], Record<string, string | boolean>, RegExp][] = [
    [['pause'], {}, /can resume, not "pause"/],
    [['resume'], {}, /name the partitions to resume, or all/],
    [['resume', 'all', '3'], {}, /"all" is no partition/],
    [['resume', '-1'], {}, /"-1" is no partition/],
    [['resume', '1', '2'], { 'accept-loss': '1-2' }, /one at a time/],
    [['resume', 'all'], { 'accept-loss': '1-2' }, /one at a time/],
    [['resume', '1'], { 'accept-loss': '60' }, /is "60"; allowed: FROM-TO/],
    [['resume', '1'], { 'accept-loss': '1-2', 'new-lineage': true }, /give one/],
    [[], { 'new-lineage': true }, /--new-lineage belongs to partitions resume/],
  ]
  for (const [words, flags, message] of cases) assert.match(String(parseRequest(words, flags)), message)
})
