/**
 * Defects of settling and of the loop around it: the fence, retries, ownership, halts. Whatever only loses a batch that
 * was folded is none: the next one then meets a ledger that stands elsewhere, and the partition is read again.
 */
import { of } from './mutant.ts'

const settle = of('src/consumer/settle.ts', 'tests/unit/consumer/settle.test.ts')
const settler = of('src/consumer/settler.ts', 'tests/unit/consumer/settler.test.ts')
const partition = of('src/consumer/partition.ts', 'tests/unit/consumer/partition.test.ts')
const opener = of('src/consumer/opener.ts', 'tests/unit/consumer/opener.test.ts')
const loop = of('src/consumer/loop.ts', 'tests/unit/consumer/loop.test.ts')
const copyIds = of('src/consumer/copy-ids.ts', 'tests/integration/simulated-store.test.ts')
const batch = of('src/consumer/batch.ts', 'tests/unit/consumer/loop.test.ts')

export const settleMutants = [
  settle(
    'the fence is removed',
    'row.nextOffset === batch.from && isTail(row.tail, batch.after)',
    'row.nextOffset >= 0',
  ),
  settle('the fence lets those pass that are behind', 'row.nextOffset === batch.from', 'row.nextOffset >= batch.from'),
  settle('a halted partition is settled', 'if (!row.isOpen || ', 'if ('),
  settle('rules that were changed go unnoticed', ' || row.rulesVersion !== batch.of.rulesVersion', ''),
  settle(
    'a batch that landed is taken for another',
    "isSame(row, batch) ? 'settled'",
    "isSame(row, batch) ? 'overtaken'",
  ),
  settle("another's batch is taken for ours", "isSame(row, batch) ? 'settled' : 'overtaken'", "'settled'"),
  settle('the same batch is known by its end alone', ' && isTail(tail, batch.tail)', ' && tail !== null'),
  settle('a row that is held counts as gone', "held.has(batch.of.partition) ? 'busy'", "held.has(-1) ? 'busy'"),
  settle('a row that is gone counts as held', "held.has(batch.of.partition) ? 'busy' : 'overtaken'", "'busy'"),
  settle('counts are forgotten', '    await tables.addCounts(ours)\n', ''),
  settle('ids are forgotten', '    await tables.keepIds(ours)\n', ''),
  settle('rejects are forgotten', '    await tables.keepRejects(ours)\n', ''),
  settle('repairs are forgotten', '    await tables.markRepaired(ours)\n', ''),
  settle(
    'COMMIT comes before the counts',
    '    await tables.addCounts(ours)\n',
    '    await tables.commit()\n    await tables.addCounts(ours)\n',
  ),
  copyIds('a piece is as old as its newest id', 'piece.firstMs, piece.newestMs', 'piece.newestMs, piece.newestMs'),
  copyIds('ids are kept for the wrong partition', '[partition, lineage]', '[partition ^ 1, lineage]'),
  settler('batches do not grow', 'this.#settledMs + growMs -', 'this.#settledMs + 0 -'),
  settler('batches grow without a backlog', 'unread > backlog', 'unread >= 0'),
  batch('bytes of rejects take no room', 'ids / 5 + rejectBytes / 8', 'ids / 5 + (rejectBytes && 0)'),
  settler('batches grow beyond their room', 'isBehind && this.roomUsed() < growRoom', 'isBehind'),
  settler(
    'a settle without answer is taken for done',
    '      const fault = this.#faultOf(error)\n      this.#failures += 1\n',
    "      const fault = this.#faultOf(error)\n      if (fault.kind === 'connection') for (const one of due) one.settled(one.settling!)\n      this.#failures += 1\n",
  ),
  settler(
    'an overtaken partition goes on',
    '      partition.drop(time.nowMs())\n    }\n  }\n\n  async #haltRefused',
    '      partition.settled(batch)\n    }\n  }\n\n  async #haltRefused',
  ),
  settler(
    'a batch that is refused halts nothing',
    "if (fault.kind === 'data') {\n        await this.#haltRefused(partition, batch, fault)",
    "if (fault.kind === 'data') {\n        partition.settled(batch)",
  ),
  settler(
    'what is left is given away unsettled',
    'if (!partition.isSettled) continue',
    'if (partition.rest !== undefined) continue',
  ),
  partition('an answer to an old question is taken', 'if (offset !== this.fold!.next) return', ''),
  partition(
    'an answer to an old question is kept for what follows',
    'if (offset !== this.#restEnd!.offset) return',
    '',
    'tests/unit/consumer/partition.test.ts',
  ),
  partition(
    'what follows is asked for again and again',
    'else this.#restEnd = undefined',
    '',
    'tests/unit/consumer/partition.test.ts',
  ),
  partition(
    'a batch is taken while another is on the way',
    'this.settling ??= this.fold?.takeBatch()',
    'this.settling = this.fold?.takeBatch() ?? this.settling',
  ),
  partition('a trouble behind good records is forgotten', '      this.trouble ??= this.rest!.trouble\n', ''),
  opener(
    'a halt before all is settled',
    ' || !partition.isSettled) continue\n      if (partition.dueMs',
    ') continue\n      if (partition.dueMs',
  ),
  opener(
    'a halt without a second look',
    'const again = await examine(log, placeOf(place), bounds.batchBytesMax, true, time)',
    'const again: Trouble | undefined = trouble',
  ),
  opener(
    'an opening does not look at the log',
    'const trouble = await examine(log, placeOf(standing), bounds.batchBytesMax, false, time)',
    'const trouble = undefined',
  ),
  opener(
    'a start that was counted moves',
    'standing.nextOffset === startOffset && standing.clockMs === -1 ? startOffset',
    'standing.nextOffset >= startOffset ? standing.nextOffset',
  ),
  opener('a halted partition is opened', 'if (halt !== undefined) return this.#rest(partition, halt, wasHalted)', ''),
  opener('an origin is asked for before all is settled', ' || partition.pendingRecords > 0) continue', ') continue'),
  opener(
    'an opening of somebody else is used',
    '    if (!isOurs()) return\n    partition.opened',
    '    partition.opened',
  ),
  loop(
    'partitions that are gone are read on',
    "if (!numbers.includes(number)) partition.phase = 'leaving'",
    "if (numbers.length > 99) partition.phase = 'leaving'",
  ),
  loop(
    'what comes back is taken as it was left',
    "else if (held.phase === 'leaving') held.takeBack(this.#core.time.nowMs())",
    "else if (held.phase === 'leaving') held.phase = 'open'",
  ),
]
