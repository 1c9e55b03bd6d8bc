import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LedgerLook, LedgerRow } from '../../../../src/api/live/ledger.ts'
import { stateOf } from '../../../../src/api/live/state.ts'

const at = new Date('2026-11-22T12:00:00.000Z')
const ago = (ms: number) => new Date(at.getTime() - ms)

const row = (partition: number, changed: Partial<LedgerRow> = {}): LedgerRow => ({
  ...{ partition, state: 'open', startOffset: '0', nextOffset: '10' },
  ...{ counted: '6', duplicate: '1', rejected: '2', skipped: '1', lost: '0' },
  ...{ clock: ago(100), settledAt: ago(90), waitedMs: '41' },
  ...{ haltReason: null, haltFrom: null, haltTo: null, haltDetail: null, haltedAt: null },
  ...{ owner: 'here:1', logStart: '0', logEnd: '10', seenAt: ago(1_500) },
  ...changed,
})
const look = (...rows: LedgerRow[]): LedgerLook => ({ at, rows })
const judged = (now: LedgerLook, before: LedgerLook | undefined = now) => {
  const { state, why } = stateOf(now, before)
  return [state, why] as const
}

test('the books are those of all lineages, and read is the sum of the fates', () => {
  const closed = row(0, {
    state: 'closed',
    startOffset: '100',
    nextOffset: '9007199254741093',
    counted: '9007199254740993',
  })
  const { ledger, partitions } = stateOf(
    look({ ...closed, duplicate: '0', rejected: '0', skipped: '0' }, row(0), row(1)),
    undefined,
  )
  assert.deepEqual(ledger, {
    read: '9007199254741013',
    counted: '9007199254741005',
    ...{ duplicate: '2', rejected: '4', skipped: '2', lost: '0' },
  })
  const { read, ...fates } = ledger!
  assert.equal(
    Object.values(fates).reduce((sum, fate) => sum + BigInt(fate), 0n),
    BigInt(read),
  )
  assert.deepEqual(
    partitions.map(({ partition }) => partition),
    [0, 1],
  )
})

test('what was counted and is reported lately is live', () => {
  assert.deepEqual(judged(look(row(0), row(1))), ['live', null])
})

test('before anything was read it waits, whether a consumer has reported or not', () => {
  const fresh = {
    nextOffset: '0',
    counted: '0',
    duplicate: '0',
    rejected: '0',
    skipped: '0',
    settledAt: null,
    waitedMs: null,
  }
  assert.equal(judged(look())[0], 'waiting')
  assert.equal(judged(look(row(0, { ...fresh, owner: null, logEnd: null, seenAt: null, clock: null })))[0], 'waiting')
  assert.equal(judged(look(row(0, { ...fresh, logEnd: '0', clock: null })))[0], 'waiting')
})

test('without a report for ten seconds it is stale, and says since when', () => {
  assert.equal(judged(look(row(0, { seenAt: ago(10_000) })))[0], 'live')
  const [state, why] = judged(look(row(0, { seenAt: ago(10_001) }), row(1, { seenAt: ago(20_000) })))
  assert.equal(state, 'stale')
  assert.match(why!, /since 2026-11-22T11:59:49\.999Z/)
  assert.equal(judged(look(row(0, { seenAt: ago(30_000) }), row(1)))[0], 'live', 'one consumer reports')
  assert.equal(judged(look(row(0, { seenAt: null })))[0], 'live', 'what was just settled has not been reported yet')
  assert.equal(judged(look(row(0, { seenAt: null, settledAt: ago(10_001) })))[0], 'stale')
  assert.match(judged(look(row(0, { seenAt: null, settledAt: null })))[1]!, /has reported yet/)
})

test('a partition that is halted goes before all else, with the way out', () => {
  const halt = {
    haltReason: 'gap',
    haltFrom: '10',
    haltTo: '12',
    haltDetail: 'offsets 10 to 11 are missing',
    haltedAt: ago(5),
  }
  const halted = row(2, { state: 'halted', ...halt, seenAt: ago(60_000) })
  const now = look(row(0, { seenAt: ago(60_000) }), halted)
  assert.deepEqual(judged(now), [
    'halted',
    'Partition 2 (gap) is halted until a person decides: ./footfall partitions shows the ways out.',
  ])
  assert.deepEqual(stateOf(now, now).partitions[1]!.halt, {
    ...{ reason: 'gap', from: 10, to: 12, detail: 'offsets 10 to 11 are missing', since: ago(5).toISOString() },
  })
  const many = Array.from({ length: 8 }, (_, n) => ({ ...halted, partition: n }))
  assert.match(judged(look(...many))[1]!, /^Partitions 0 \(gap\), .* and 3 more are halted/)
})

test('of very many partitions 256 are listed, the halted ones among them, and all are in the sums', () => {
  const halted = row(900, { state: 'halted', haltReason: 'gap' })
  const { partitions, ledger } = stateOf(look(...Array.from({ length: 900 }, (_, n) => row(n)), halted), undefined)
  const numbers = partitions.map(({ partition }) => partition)
  assert.deepEqual(numbers, [...Array(255).keys(), 900])
  assert.equal(ledger!.counted, String(6 * 901))
})

test('behind is who has waited for more than five seconds, in two looks', () => {
  const behind = look(row(0, { logEnd: '1010', waitedMs: '5001' }), row(1))
  assert.deepEqual(judged(behind), ['behind', 'Behind the log: 1000 records wait to be counted.'])
  assert.equal(judged(behind, look(row(0)))[0], 'live', 'it may have been a moment between two commits')
  assert.equal(judged(look(row(0, { logEnd: '1010', clock: ago(5_001) })))[0], 'behind', 'by the clock')
  assert.equal(judged(look(row(0, { logEnd: '1010' })))[0], 'live', 'many records, but young ones')
  assert.equal(judged(look(row(0, { waitedMs: '60000', clock: ago(60_000) })))[0], 'live', 'nothing waits')
})

test('lag is unknown where that of one partition is; the wait is that of the batches settled last', () => {
  const known = stateOf(look(row(0, { logEnd: '15' }), row(1, { logEnd: '9' })), undefined)
  assert.deepEqual([known.lag, known.partitions.map(({ lag }) => lag)], [5, [5, 0]])
  const ends = [row(0, { logEnd: '9' }), row(1, { logEnd: '9', state: 'halted', haltReason: 'truncated' })]
  const { partitions } = stateOf(look(...ends), undefined)
  assert.deepEqual(
    partitions.map(({ log_end }) => log_end),
    [10, 9],
    'what was counted lies in the log, unless it is halted over that',
  )
  assert.equal(stateOf(look(row(0), row(1, { logEnd: null })), undefined).lag, null)
  const old = row(2, { settledAt: ago(5_000), waitedMs: '9000' })
  assert.equal(stateOf(look(row(0), row(1, { settledAt: ago(500), waitedMs: '77' }), old), undefined).waited_ms, 77)
  assert.equal(stateOf(look(row(0, { waitedMs: null })), undefined).waited_ms, null)
})
