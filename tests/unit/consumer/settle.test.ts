import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../../../src/consumer/batch.ts'
import { type Statements, settle } from '../../../src/consumer/settle.ts'
import type { Tail } from '../../../src/kafka/records.ts'

const of = { topicId: 'topic', partition: 3, lineage: 1, rulesVersion: 1 }
const tail = { epoch: 1, crc: 11 }

/** What becomes of a batch that follows `after`, where the ledger stands at its beginning behind `known`. */
async function outcomeOf(after: Tail | undefined, known: Tail | undefined): Promise<string | undefined> {
  const row = { partition: 3, nextOffset: 5, rulesVersion: 1, tail: known, isOpen: true }
  const done = async () => {}
  const tables: Statements = {
    begin: done,
    lock: async () => [row],
    exist: async () => new Set(),
    advance: async batches => batches.length,
    addCounts: done,
    keepIds: done,
    keepRejects: done,
    markRepaired: done,
    commit: done,
  }
  const batch = { of, from: 5, to: 7, after, tail: { epoch: 2, crc: 22 } } as Batch
  return (await settle(tables, [batch])).get(batch)
}

test('a batch is settled where the ledger is at its beginning, behind the same record batch', async () => {
  assert.equal(await outcomeOf(tail, { ...tail }), 'settled')
  assert.equal(await outcomeOf(undefined, undefined), 'settled')
})

test('a batch of another history that came to the same offset is not, as where an older database was put back', async () => {
  assert.equal(await outcomeOf(tail, { ...tail, crc: 12 }), 'overtaken')
  assert.equal(await outcomeOf(tail, { ...tail, epoch: 0 }), 'overtaken')
  assert.equal(await outcomeOf(tail, undefined), 'overtaken')
  assert.equal(await outcomeOf(undefined, tail), 'overtaken')
})
