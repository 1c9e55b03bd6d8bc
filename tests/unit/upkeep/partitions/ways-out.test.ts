import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Trouble } from '../../../../src/kafka/trouble.ts'
import {
  type Halted,
  type HaltReason,
  lostBy,
  type Plan,
  type Request,
  type Seen,
} from '../../../../src/upkeep/partitions/halt-plans.ts'
import { describe, planFor, waysOut } from '../../../../src/upkeep/partitions/ways-out.ts'

const next = 30
const halted = (reason: HaltReason, from = next, to = 59): Halted => ({
  topicId: 'old',
  partition: 3,
  lineage: 1,
  nextOffset: next,
  halt: { reason, from, to, detail: 'so it is', since: '2026-11-22T10:15:00Z' },
})
const seen = (trouble?: Trouble, more: Partial<Seen> = {}): Seen => ({
  ...{ topicId: 'old', partitions: 4, logStart: 0, logEnd: 90, readableAt: trouble === undefined ? undefined : 60 },
  ...more,
  trouble,
})
const trouble = (reason: Trouble['reason'], from = next): Trouble => ({ reason, from, to: 59, detail: 'so it is' })
const requests: readonly Request[] = [
  { decision: 'resume' },
  { decision: 'accept-loss', from: 30, to: 60 },
  { decision: 'new-lineage' },
]
/** What each of the three decisions comes to. */
const decided = (at: Halted, now: Seen) =>
  requests.map(request => {
    const plan = planFor(request, at, now)
    return 'refused' in plan ? 'refused' : plan.does
  })

test('each trouble that still stands can be ended in the ways that fit it, and in no other', () => {
  const fitting: readonly [Trouble, readonly string[]][] = [
    [trouble('recreated'), ['refused', 'refused', 'begin']],
    [trouble('compacted'), ['refused', 'refused', 'refused']],
    [trouble('trimmed'), ['refused', 'skip', 'refused']],
    [trouble('truncated', 10), ['refused', 'refused', 'begin']],
    [trouble('diverged', 29), ['refused', 'refused', 'begin']],
    [trouble('diverged', 30), ['refused', 'refused', 'begin']],
    [trouble('gap'), ['refused', 'skip', 'refused']],
    [trouble('bad_crc'), ['refused', 'skip', 'refused']],
    [trouble('malformed'), ['refused', 'skip', 'refused']],
    [trouble('unknown_format'), ['open', 'skip', 'refused']],
    [trouble('unknown_codec'), ['open', 'skip', 'refused']],
    [trouble('too_large'), ['open', 'skip', 'refused']],
    // In what was counted nothing can be lost any more.
    [trouble('bad_crc', 29), ['refused', 'refused', 'begin']],
    [trouble('malformed', 29), ['refused', 'refused', 'begin']],
  ]
  for (const [now, expected] of fitting) {
    assert.deepEqual(decided(halted(now.reason, now.from), seen(now)), expected, `${now.reason} ${now.from}`)
  }
})

test('where the log shows no trouble any more a partition goes on, and nothing can be declared lost', () => {
  for (const reason of ['trimmed', 'truncated', 'gap', 'bad_crc', 'compacted', 'too_large'] as const) {
    assert.deepEqual(decided(halted(reason), seen()), ['open', 'refused', 'refused'], reason)
  }
})

test('what PostgreSQL refuses can be tried again or declared lost', () => {
  assert.deepEqual(decided(halted('refused'), seen()), ['open', 'skip', 'refused'])
  const [, loss] = waysOut(halted('refused', 30, 41), seen())
  assert.match(loss!.command, /--accept-loss 30-42$/)
})

test('a partition that waits under the id of the new topic goes on, whichever of the two ways is asked for', () => {
  assert.deepEqual(decided(halted('recreated'), seen()), ['open', 'refused', 'open'])
  assert.deepEqual(
    waysOut(halted('recreated'), seen()).map(({ command }) => command),
    ['./footfall partitions resume 3', './footfall partitions resume 3 --new-lineage'],
  )
})

test('what the log shows now counts, not what the halt says', () => {
  const at = halted('bad_crc')
  assert.deepEqual(decided(at, seen(trouble('recreated'), { topicId: 'new' })), ['refused', 'refused', 'begin'])
  assert.deepEqual(planFor({ decision: 'accept-loss', from: 30, to: 80 }, at, seen(trouble('trimmed'))), {
    does: 'skip',
    to: 80,
  })
})

test('a new lineage of a recreated topic begins at its start with nothing; a partition that is gone ends', () => {
  const at = halted('recreated')
  const now = seen(trouble('recreated'), { topicId: 'new', logStart: 7, logEnd: 90 })
  const begin = { does: 'begin', topicId: 'new', start: 7, next: 7, inherits: false }
  assert.deepEqual(planFor({ decision: 'new-lineage' }, at, now), begin)
  const gone = { ...now, partitions: 3, logStart: -1, logEnd: -1 }
  assert.deepEqual(planFor({ decision: 'new-lineage' }, at, gone), { does: 'close', partitions: 3 })
})

test('a new lineage of a truncated log begins where it departs, and never past the position or the end of the log', () => {
  const begins = (now: Seen) => planFor({ decision: 'new-lineage' }, halted('truncated', 10, 29), now)
  const inherits = { does: 'begin', topicId: 'old', inherits: true }
  assert.deepEqual(begins(seen(trouble('truncated', 10))), { ...inherits, start: 10, next: 10 })
  assert.deepEqual(begins(seen(trouble('truncated', 10), { logEnd: 4 })), { ...inherits, start: 4, next: 4 })
  assert.deepEqual(begins(seen(trouble('diverged', 29))), { ...inherits, start: 30, next: 30 })
  // What came after the departure and was deleted before anybody read it is a loss.
  const trimmed = begins(seen(trouble('truncated', 10), { logStart: 25 })) as Plan
  assert.deepEqual(trimmed, { ...inherits, start: 10, next: 25 })
  assert.equal(lostBy(trimmed, halted('truncated')), 15)
  assert.match(describe(trimmed, halted('truncated'), seen()), /^declares offsets 10 to 24 \(15 records\) lost, /)
})

test('a range that is to be lost begins at the position and ends inside the log, where it can be read', () => {
  const at = halted('bad_crc')
  const now = seen(trouble('bad_crc'))
  const asked = (from: number, to: number, more: Partial<Seen> = {}) => {
    const plan = planFor({ decision: 'accept-loss', from, to }, at, { ...now, ...more })
    return 'refused' in plan ? plan.refused : plan
  }
  assert.deepEqual(asked(30, 90), { does: 'skip', to: 90 })
  assert.equal(lostBy({ does: 'skip', to: 90 }, at), 60)
  assert.match(describe({ does: 'skip', to: 90 }, at, now), /lost, though it can be read from 60 on, and goes on at 90/)
  assert.match(String(asked(29, 60)), /FROM is 29, the partition stands at 30/)
  assert.match(String(asked(30, 30)), /TO is 30 and has to be larger than 30/)
  assert.match(String(asked(30, 91)), /TO is 91, the log ends at 90/)
  assert.match(String(asked(30, 40, { logStart: 50 })), /TO is 40, the log begins at 50/)
  const there = { troubleThere: trouble('bad_crc', 40) }
  assert.match(
    String(asked(30, 40, there)),
    /cannot be read at 40 either, bad_crc: so it is\. It can be read from 60 on/,
  )
})

test('a refusal says what does fit, and a repair is named where one ends the halt without a loss', () => {
  const refused = planFor({ decision: 'resume' }, halted('bad_crc'), seen(trouble('bad_crc')))
  assert.ok('refused' in refused)
  assert.match(
    refused.refused,
    /It is bad_crc now: so it is\. \.\/footfall partitions resume 3 --accept-loss 30-60 declares/,
  )
  assert.match(refused.refused, /Or: \.\/footfall partitions resume 3 works once the log is mended/)
  const ways = waysOut(halted('compacted'), seen(trouble('compacted')))
  assert.deepEqual(
    ways.map(({ command, isOpen }) => [command, isOpen]),
    [['./footfall partitions resume 3', false]],
  )
  assert.match(ways[0]!.does, /^once the topic has cleanup.policy=delete again: goes on at 30/)
})

test('where nothing readable was found all that the log holds would be lost', () => {
  const [loss] = waysOut(halted('malformed'), seen(trouble('malformed'), { readableAt: undefined }))
  assert.match(loss!.command, /--accept-loss 30-90$/)
})
