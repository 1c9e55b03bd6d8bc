/** Defects of the SQL: of a settle, of opening, of halting, of origins. */
import { of } from './mutant.ts'

const bothStores = 'tests/integration/simulated-store.test.ts'
const sql = of('src/consumer/settle-statements.ts', bothStores)
const open = of('src/consumer/open.ts', bothStores)
const origins = of('src/consumer/read-origins.ts', bothStores)
const ledger = of('migrations/0001-counts-and-ledger.sql', bothStores)
const copied = of('src/consumer/copy-rows.ts', 'tests/integration/other-rows.test.ts')
const directed = 'tests/integration/other-rows.test.ts'

export const sqlMutants = [
  sql(
    'counted events replace those before',
    'view_count = s.view_count + excluded.view_count',
    'view_count = excluded.view_count',
  ),
  sql(
    'purchases are not added',
    'purchase_count = s.purchase_count + excluded.purchase_count',
    'purchase_count = s.purchase_count',
  ),
  sql('the ledger forgets what was counted before', 'counted = l.counted + b.counted', 'counted = b.counted'),
  sql('the ledger does not count rejects', 'rejected = l.rejected + b.rejected', 'rejected = l.rejected'),
  sql('the clock is not stored', 'clock_ms = b.clock_ms, ', ''),
  sql(
    'the tail is not stored',
    'tail_epoch = b.tail_epoch, tail_crc = b.tail_crc',
    'tail_epoch = l.tail_epoch, tail_crc = l.tail_crc',
  ),
  sql(
    'a batch with new rows loses the others',
    'await upsert(client, guess.known)',
    'await lock(client, batches)',
    directed,
  ),
  sql(
    'after a wrong guess only what seemed new is written',
    'newRows.wasWrong()\n    await upsert(client, delta)',
    'newRows.wasWrong()\n    await upsert(client, guess.fresh)',
    directed,
  ),
  sql('a wrong guess is a refusal', 'sqlState(error) !== uniqueViolation', 'sqlState(error) !== undefined', directed),
  copied('clicks are copied as purchases', 'delta[counts + 1]!', 'delta[counts + 2]!'),
  copied('days are copied as the next one', '2 ** 31 + 10_957', '2 ** 31 + 10_956'),
  sql('whoever is stopped holds up all others', 'for update skip locked', 'for update'),
  sql('ledger rows are not locked', '        for update skip locked', ''),
  sql('the oldest segment leaves, too', 'lineage = $3 and segment < $4', 'lineage = $3 and segment <= $4'),
  sql('segments never leave', 'lineage = $3 and segment < $4', 'lineage = $3 and segment < -1'),
  sql('ids are merged in any order', "''::bytea order by first_offset)", "''::bytea order by first_offset desc)"),
  sql('a merged segment is as old as its first piece', 'max(newest_ms)', 'min(newest_ms)'),
  sql(
    'a segment of all partitions is merged',
    'where topic_id = $1 and partition = $2 and lineage = $3 and segment = any($4::bigint[])',
    'where segment = any($4::bigint[])',
  ),
  sql('a reject loses its key', 'rejects.map(({ reject }) => reject.key)', 'rejects.map(() => null)'),
  sql(
    'an attempt is kept without what it was for',
    'rejects.map(({ reject }) => reject.origin?.offset)',
    'rejects.map(() => undefined)',
  ),
  sql('any repair marks what was repaired', ' and r.repaired_as is null', ''),
  sql('a repair marks the origin of another partition', 'and r.partition = m.partition and', 'and', directed),
  open('a partition begins at 0', '[topicId, partition, logStart],\n  )\n}', '[topicId, partition, 0],\n  )\n}'),
  open(
    'a start that was counted is moved',
    ' and next_offset = $5 and start_offset = next_offset',
    ' and next_offset >= $5',
  ),
  open('who is behind halts', ' and next_offset = $4 and state = ', ' and next_offset >= $4 and state = '),
  open('a halt over a halt', "and next_offset = $4 and state = 'open'`", 'and next_offset = $4`'),
  open('closed lineages are opened', "where partition = $1 and state <> 'closed'`", 'where partition = $1`'),
  open(
    'ids of other partitions are read',
    'where topic_id = $1 and partition = $2 and lineage = $3 order by segment',
    'where topic_id = $1 and $2::int >= 0 and lineage = $3 order by segment',
  ),
  open('ids come in any order', 'order by segment, first_offset`', 'order by segment desc, first_offset desc`'),
  open(
    'halted partitions are told as open',
    "where partition = any($1) and state = 'open'`",
    'where partition = any($1)`',
  ),
  open(
    'all partitions halt when some are gone',
    'topic_id <> $1 and partition >= $2',
    'topic_id <> $1 and partition >= $2 - 1',
    directed,
  ),
  origins('an attempt may be repaired', ' and origin_offset is null', ''),
  origins('origins are read wherever the ledger is', ' and l.next_offset = $4', ' and l.next_offset >= 0 and $4 >= 0'),
  origins('what was repaired is told as open', 'r.repaired_as is not null as is_repaired', 'false as is_repaired'),
  origins('rejects of other partitions are origins', 'partition = l.partition and', ''),
  ledger(
    'the books need not balance',
    'check (next_offset - start_offset = counted + duplicate + rejected + skipped + lost)',
    'check (true)',
  ),
]
