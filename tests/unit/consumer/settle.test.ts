import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../../../src/consumer/batch.ts'
import { type LockedRow, type Statements, settle } from '../../../src/consumer/settle.ts'

const of = { topicId: 'topic', partition: 3, lineage: 1, rulesVersion: 1 }
const before = { epoch: 1, crc: 11 }
const last = { epoch: 2, crc: 22 }
/** The ledger's row where the batch begins. */
const there: LockedRow = { partition: 3, nextOffset: 5, rulesVersion: 1, tail: before, isOpen: true }
const batch = { of, from: 5, to: 7, after: before, tail: last } as Batch

/** What becomes of a batch that meets this row, and whether it was written. @param row undefined: not to be locked. */
async function outcomeOf(row: LockedRow | undefined, one = batch, isHeld = false): Promise<string> {
  const said: string[] = []
  const say = (word: string) => async () => void said.push(word)
  const tables: Statements = {
    begin: say('begin'),
    lock: async () => (row === undefined ? [] : [row]),
    exist: async () => new Set(isHeld ? [3] : []),
    advance: async batches => batches.length,
    addCounts: say('counts'),
    keepIds: say('ids'),
    keepRejects: say('rejects'),
    markRepaired: say('repairs'),
    keepActivity: say('activity'),
    commit: say('commit'),
  }
  const outcome = (await settle(tables, [one])).get(one)
  return `${outcome}: ${said.join(' ')}`
}

const written = 'settled: begin counts ids rejects repairs activity commit'
const settledBefore = 'settled: begin commit'
const overtaken = 'overtaken: begin commit'

test('a batch is written where the ledger is at its beginning, behind the same record batch', async () => {
  assert.equal(await outcomeOf(there), written)
  assert.equal(await outcomeOf({ ...there, tail: undefined }, { ...batch, after: undefined }), written)
})

test('a batch of another history that came to the same offset is not, as where an older database was put back', async () => {
  assert.equal(await outcomeOf({ ...there, tail: { ...before, crc: 12 } }), overtaken)
  assert.equal(await outcomeOf({ ...there, tail: { ...before, epoch: 0 } }), overtaken)
  assert.equal(await outcomeOf({ ...there, tail: undefined }), overtaken)
  assert.equal(await outcomeOf(there, { ...batch, after: undefined }), overtaken)
})

test('a batch whose COMMIT landed without an answer is known by its end, and no other is taken for it', async () => {
  const landed = { ...there, nextOffset: 7, tail: last }
  assert.equal(await outcomeOf(landed), settledBefore)
  assert.equal(await outcomeOf({ ...landed, tail: { ...last, crc: 23 } }), overtaken)
  assert.equal(await outcomeOf({ ...landed, tail: { ...last, epoch: 3 } }), overtaken)
  assert.equal(await outcomeOf({ ...landed, nextOffset: 8 }), overtaken)
  assert.equal(await outcomeOf({ ...landed, nextOffset: 6 }), overtaken)
  assert.equal(await outcomeOf({ ...landed, nextOffset: 4 }), overtaken)
})

test('a partition that is halted, has other rules, is held by another or is gone is not written', async () => {
  assert.equal(await outcomeOf({ ...there, isOpen: false }), overtaken)
  assert.equal(await outcomeOf({ ...there, rulesVersion: 2 }), overtaken)
  assert.equal(await outcomeOf(undefined, batch, true), 'busy: begin commit')
  assert.equal(await outcomeOf(undefined), overtaken)
})
