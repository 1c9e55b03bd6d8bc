import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutLost } from '../../../../src/evidence/books/ledger.ts'
import type { Checkpoint } from '../../../../src/evidence/verify/checkpoint.ts'
import type { Lineage } from '../../../../src/evidence/verify/ledger.ts'
import { type LogReach, type Plan, planFor } from '../../../../src/evidence/verify/reach.ts'

const rules = { version: 1, judgeVersion: 1, maxAgeDays: 2, maxAheadMinutes: 60, windowHours: 2, windowIdsMax: 8 }
const fates = { counted: 90, duplicate: 0, rejected: 0, skipped: 0, lost: 0 }

/** Partition 0, counted from 10 to 100, all of it in the log. */
function lineage(change: Partial<Lineage> = {}): Lineage {
  const position = {
    startOffset: 10,
    nextOffset: 100,
    fates,
    clockMs: 1,
    tail: undefined,
    state: 'open' as const,
    halt: null,
  }
  const of = { topicId: 'now', partition: 0, lineage: 1, index: 0, ...position }
  return { ...of, rules: [{ fromOffset: 10, ...rules }], lost: [], inherits: false, checkpoint: undefined, ...change }
}

const readable = (plan: Plan) => withoutLost(plan.lineage, plan)

const checkpointAt = (nextOffset: number): Checkpoint => ({
  nextOffset,
  fates,
  clockMs: 1,
  rejectsDigest: 0n,
  days: new Map(),
  recordedAt: '',
})
const logFrom = (start: number, topicId = 'now'): LogReach => ({ topicId, logStarts: new Map([[0, start]]) })

/** base, what is read, what is not proven. */
function plan(of: Lineage, log: LogReach, next?: Lineage): string {
  const { base, from, to, unproven } = planFor(of, next, log)
  return [`${base} ${from}-${to}`, ...unproven.map(one => `not ${one.from}-${one.to}`)].join(', ')
}

test('a log that reaches back to the start proves all, and needs no checkpoint', () => {
  assert.equal(plan(lineage(), logFrom(0)), 'start 10-100')
  assert.equal(plan(lineage({ checkpoint: checkpointAt(50) }), logFrom(10)), 'start 10-100')
  assert.equal(plan(lineage({ nextOffset: 10 }), logFrom(40)), 'start 10-10')
})

test('a log that begins later needs a checkpoint from which on it is whole', () => {
  assert.equal(plan(lineage(), logFrom(11)), 'unknown 11-100, not 10-100')
  assert.equal(plan(lineage({ checkpoint: checkpointAt(50) }), logFrom(50)), 'checkpoint 50-100')
  assert.equal(plan(lineage({ checkpoint: checkpointAt(50) }), logFrom(51)), 'unknown 51-100, not 10-100')
  assert.equal(plan(lineage({ checkpoint: checkpointAt(100) }), logFrom(200)), 'checkpoint 100-100')
  const ahead = lineage({ checkpoint: checkpointAt(101) }) // an older database was put back, not its checkpoints
  assert.equal(plan(ahead, logFrom(50)), 'unknown 50-100, not 10-100')
})

test('what was declared lost need not be in the log, and is not read where it is', () => {
  const lost = [{ from: 50, to: 60 }]
  assert.equal(plan(lineage({ lost, checkpoint: checkpointAt(50) }), logFrom(60)), 'checkpoint 50-100')
  assert.equal(plan(lineage({ lost: [{ from: 10, to: 20 }] }), logFrom(20)), 'start 10-100')
  assert.deepEqual(readable(planFor(lineage({ lost }), undefined, logFrom(0))), [
    { from: 10, to: 50 },
    { from: 60, to: 100 },
  ])
  assert.deepEqual(readable(planFor(lineage({ lost: [{ from: 10, to: 100 }] }), undefined, logFrom(0))), [])
})

test('of a topic that was created again only a checkpoint proves what the old one held', () => {
  const old = lineage({ topicId: 'before', state: 'closed' })
  assert.equal(plan(old, logFrom(0)), 'unknown 10-10, not 10-100')
  assert.equal(plan({ ...old, checkpoint: checkpointAt(100) }, logFrom(0)), 'checkpoint 100-100')
  assert.equal(plan({ ...old, checkpoint: checkpointAt(70) }, logFrom(0)), 'checkpoint 70-70, not 70-100')
  const gone = { topicId: 'now', logStarts: new Map<number, number>() } // it has no such partition now
  assert.equal(plan(lineage({ state: 'closed' }), gone), 'unknown 10-10, not 10-100')
})

test('of a truncated log the first part is proven, and the lineage after it by a checkpoint only', () => {
  const next = lineage({ lineage: 2, index: 1, startOffset: 80, inherits: true, rules: [{ fromOffset: 80, ...rules }] })
  assert.equal(plan(lineage({ state: 'closed' }), logFrom(0), next), 'start 10-80, not 80-100')
  assert.equal(plan(next, logFrom(0)), 'unknown 80-100, not 80-100')
  assert.equal(plan({ ...next, checkpoint: checkpointAt(90) }, logFrom(0)), 'checkpoint 90-100')
})

test('what a judge decided that this program does not have is not proven, before and after rules that it has', () => {
  const other = { ...rules, judgeVersion: 99 }
  const first = lineage({
    rules: [
      { fromOffset: 10, ...other },
      { fromOffset: 40, ...rules },
    ],
  })
  assert.equal(plan(first, logFrom(0)), 'unknown 100-100, not 10-100')
  assert.equal(plan({ ...first, checkpoint: checkpointAt(40) }, logFrom(0)), 'checkpoint 40-100')
  assert.equal(plan({ ...first, checkpoint: checkpointAt(39) }, logFrom(0)), 'unknown 100-100, not 10-100')
  const [unproven] = planFor(first, undefined, logFrom(0)).unproven
  assert.match(unproven!.why, /judge of version 99/)
  assert.equal(plan(lineage({ rules: [] }), logFrom(0)), 'unknown 100-100, not 10-100')
})
