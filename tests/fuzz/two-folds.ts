/**
 * The same bytes by two folds: the one that is shipped, with its kernel, and the plain one, which reads every record with
 * the judge and keeps ids and counts in a set and a map. All that they hand over to be settled must be equal: fates, days,
 * ids, counts, rejects, repairs, clock, tail, and what becomes of the window. Where they were interrupted must not matter.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Batch } from '../../src/consumer/batch.ts'
import { RecordWalk } from '../../src/kafka/records.ts'
import { type Kernels, kernelPool } from '../../src/kernel/kernels.ts'
import type { Rules } from '../../src/postgres/rules.ts'
import { encodeBatch } from '../support/encode-log.ts'
import { PlainKernel } from '../support/plain-kernel.ts'
import { drawnAnswer, limits } from './answer.ts'
import { type Dice, diceOf } from './dice.ts'
import { editable, editedAnswer } from './edited-answer.ts'
import { type Bytes, batchBytesMax, Folding } from './folding.ts'
import { escaped } from './judges.ts'
import type { Fuzzed } from './log.ts'
import { poolFor } from './pool.ts'
import { type Made, mostlyGoodValue } from './value.ts'

/** So many records share a window. */
export const recordsPerTwoFolds = 50_000
/** So many are drawn for them; the others are these, edited. */
const answersDrawn = 6

const idKey = Buffer.from('sixteen bytes ok')
const kernels = { shipped: kernelPool(), plain: kernelPool(() => new PlainKernel()) }

/** @param shipped another one in a test that plants a fault. */
export function foldTwice(seed: number, records = recordsPerTwoFolds, shipped: Kernels = kernels.shipped): Fuzzed {
  const dice = diceOf(`two folds ${seed}`)
  const rules = drawnRules(dice)
  const seen = new Map<string, number>()
  const made: Made = new Map()
  const folds = { shipped: new Folding(rules, idKey, shipped), plain: new Folding(rules, idKey, kernels.plain) }
  const answers = Array.from({ length: answersDrawn }, () =>
    drawnAnswer(dice, poolFor(seed), 0, new Map(), mostlyGoodValue),
  ).map(editable)
  let difference: string | undefined
  for (let laterMs = 0; difference === undefined && folds.plain.next < records; laterMs += drawnStepMs(dice)) {
    const bytes = editedAnswer(dice, dice.pick(answers), folds.plain.next, laterMs, made)
    const [ours, theirs] = [
      folds.shipped.readBatches(bytes, () => 1 + dice.below(90)),
      folds.plain.readBatches(bytes, () => 100),
    ]
    for (const batch of theirs.batches) note(seen, batch)
    if (isDeepStrictEqual(ours, theirs) && folds.shipped.next === folds.plain.next) continue
    difference = `${differenceOf(ours, theirs)}\n${alone(bytes, rules, shipped)}`
  }
  const folded = folds.plain.next
  for (const fold of [folds.shipped, folds.plain]) fold.close()
  return { records: folded, seen, made, difference }
}

/** Mostly small windows, whose edges are met all the time. */
function drawnRules(dice: Dice): Rules & { readonly segmentIdsMax?: number } {
  const segmentIdsMax = dice.pick([1, 2, 7, 40, 500, undefined])
  return {
    version: 1,
    judgeVersion: 2,
    ...limits,
    windowHours: dice.pick([1, 2, 24]),
    windowIdsMax: dice.pick([1, 5, 60, 1_000, 2_000_000]),
    ...(segmentIdsMax !== undefined && { segmentIdsMax }),
  }
}

/** How much later the next answer is: mostly within a segment, now and then beyond the window, never back. */
const drawnStepMs = (dice: Dice) => (dice.once(6) ? dice.pick([10, 60, 61, 150, 1_500]) * 60_000 : dice.below(120_000))

function note(seen: Map<string, number>, batch: Batch): void {
  const add = (what: string, times: number) => void seen.set(what, (seen.get(what) ?? 0) + times)
  for (const fate of ['counted', 'duplicate', 'skipped'] as const) add(fate, batch[fate])
  for (const { reason } of batch.rejects) add(reason, 1)
  add('repair', batch.repairs.length)
  add('a segment closed', batch.window.closed.length)
  if (batch.window.oldest !== undefined) add('ids left the window', 1)
}

type Read = ReturnType<Folding['readBatches']>

/** The first part of what was read that is not the same. */
function differenceOf(ours: Read, theirs: Read): string {
  if (!isDeepStrictEqual(ours.trouble, theirs.trouble)) return told('trouble', ours.trouble, theirs.trouble)
  for (const [i, plain] of theirs.batches.entries()) {
    const shipped = ours.batches[i]
    if (shipped === undefined) return told(`batch ${i}`, undefined, plain.from)
    for (const part of Object.keys(plain) as (keyof Batch)[]) {
      if (isDeepStrictEqual(shipped[part], plain[part])) continue
      return told(`${part} of the batch from ${plain.from} to ${plain.to}`, shipped[part], plain[part])
    }
  }
  return told('number of batches', ours.batches.length, theirs.batches.length)
}

const told = (what: string, shipped: unknown, plain: unknown) =>
  `${what}:\n  shipped: ${text(shipped)}\n  plain:   ${text(plain)}`
const text = (value: unknown) => (JSON.stringify(value) ?? 'undefined').slice(0, 1_000)

/** Finds the record by folding each by itself. */
function alone({ batches, from, aborted }: Bytes, rules: Rules, shipped: Kernels): string {
  const walk = new RecordWalk(Buffer.concat(batches), from, aborted, batchBytesMax)
  while (walk.next()) {
    if (walk.skipped > 0 || walk.valueStart < 0) continue
    const value = Buffer.from(walk.bytes.subarray(walk.valueStart, walk.valueEnd))
    const records = [{ key: null, value, headers: [], timestampMs: 0 }]
    const bytes = {
      from: 0,
      aborted: [],
      batches: [encodeBatch({ baseOffset: 0, records, logAppendMs: walk.appendMs })],
    }
    const [ours, theirs] = [shipped, kernels.plain].map(pool => {
      const folding = new Folding(rules, idKey, pool)
      const read = folding.readBatches(bytes, () => 1)
      folding.close()
      return read
    })
    if (isDeepStrictEqual(ours, theirs)) continue
    return `offset ${walk.offset}, append time ${walk.appendMs}, value:\n  ${escaped(value)}\n${differenceOf(ours!, theirs!)}`
  }
  return 'each record by itself is folded alike'
}
