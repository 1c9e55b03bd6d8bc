/**
 * Defects of the kernel: what it takes for good, the ids and rows that lie in it. Its copies are compiled anew. That rows
 * are told apart by all of their key cannot be shown here: it takes two keys with the same 32 bits of a keyed hash.
 */
import { of } from './mutant.ts'

const kernel = of('src/kernel/assembly/kernel.ts', 'tests/unit/kernel/kernel.test.ts')
const records = of('src/kernel/assembly/records.ts', 'tests/unit/kernel/kernel.test.ts')
const value = of('src/kernel/assembly/value.ts', 'tests/unit/kernel/kernel.test.ts')
const timestamp = of('src/kernel/assembly/timestamp.ts', 'tests/unit/kernel/kernel.test.ts')
const uuid = of('src/kernel/assembly/uuid.ts', 'tests/unit/kernel/kernel.test.ts')
const ids = of('src/kernel/assembly/ids.ts', 'tests/unit/kernel/ids.test.ts')
const rows = of('src/kernel/assembly/rows.ts', 'tests/unit/kernel/rows.test.ts')
const blocks = of('src/kernel/assembly/blocks.ts', 'tests/unit/kernel/rows.test.ts')
const door = of('src/kernel/kernel.ts', 'tests/unit/kernel/kernel.test.ts')

export const kernelMutants = [
  kernel('kernel: who begins anew knows the ids of before', '  forgetIds()\n', '  if (nextId === 0) forgetIds()\n'),
  kernel('kernel: who begins anew has the rows of before', '  forgetRows()\n', '  if (rowCount === 0) forgetRows()\n'),
  kernel('kernel: duplicates count', 'isNew = claimId(', 'isNew = true || claimId('),
  kernel('kernel: a segment takes one id too many', 'room > 0 && now', '(room > 0 || claimed === 0) && now'),
  kernel('kernel: a segment stays open a moment too long', 'now < openUntilMs', 'now <= openUntilMs'),
  kernel('kernel: a segment leaves a moment too late', 'if (now > stopAfterMs) {', 'if (now > stopAfterMs + 1) {'),
  kernel('kernel: a sender moves the clock as it likes', 'min(append, clock + senderStepMs)', 'append'),
  kernel("kernel: a piece begins at the run's first record", 'firstClaim = done', 'firstClaim = 0'),
  kernel('kernel: the first append time is the last', 'if (firstAppendMs === -1) firstAppendMs', 'firstAppendMs'),
  records('kernel: a repair is not noticed', ' || mayNameOrigin(valueEnd, recordEnd)', ''),
  records('kernel: a record may say any offset', 'number() !== offsetDelta', 'number() < 0'),
  records('kernel: a value may go beyond its record', 'if (valueEnd > recordEnd || ', 'if ('),
  records('kernel: the limit of age is too strict', 'instantMs < append - maxAgeMs', 'instantMs <= append - maxAgeMs'),
  records(
    'kernel: the limit ahead is too strict',
    'instantMs > append + maxAheadMs',
    'instantMs >= append + maxAheadMs',
  ),
  records('kernel: records without append time are judged by it', 'append !== -1 &&', 'append !== -2 &&'),
  value('kernel: a member may stand twice', 'if ((seen & bit) !== 0) return 0', ''),
  value('kernel: a member may be missing', '(seen & 15) !== 15', '(seen & 15) < 7'),
  value('kernel: something may follow the value', 'if (skip(at, end) !== end || ', 'if ('),
  value('kernel: ids of different users meet', 'sipHash(message, 36 + idLength)', 'sipHash(message + 36, idLength)'),
  value('kernel: user ids keep their case', 'v128.or(v128.load(userAt), lower)', 'v128.load(userAt)'),
  value('kernel: an id of 129 characters is taken', 'idLength <= 128', 'idLength <= 129'),
  timestamp('kernel: the offset is added', 'minutes -= (', 'minutes += ('),
  timestamp('kernel: the day is not carried', 'minutes >= 1440 ? 1 : 0', 'minutes > 1440 ? 1 : 0'),
  timestamp('kernel: any month has 31 days', '30 + ((month ^ (month >> 3)) & 1)', '31'),
  timestamp('kernel: hour 24 exists', 'hour > 23', 'hour > 24'),
  uuid('kernel: dashes are not looked at', 'load<u8>(at, 13) !== 0x2d', 'false'),
  uuid(
    'kernel: a letter beyond f is taken',
    'i8x16.splat(0x61)), i8x16.splat(5)',
    'i8x16.splat(0x61)), i8x16.splat(6)',
  ),
  ids('kernel: ids that left are still known', 'if (age < livingIds) {', 'if (age < livingIds + 9) {'),
  ids(
    'kernel: a free place ends the search',
    '      free = <i32>slot\n    }\n    slot',
    '      free = <i32>slot\n      break\n    }\n    slot',
  ),
  ids(
    'kernel: ids are told apart by what stands in their slots',
    'load<u64>(id) === low && load<u64>(id, 8) === high',
    'true',
  ),
  rows('kernel: an event counts twice', 'load<u32>(count) + 1', 'load<u32>(count) + 2'),
  rows(
    'kernel: rows of users that begin alike are in no order',
    'if (c !== d) return c < d',
    'if (c !== d) return c > d',
  ),
  blocks('kernel: a block that was split is given whole', '1 << --held), 1 << held)', '1 << --held), 2 << held)'),
  door(
    'kernel: an old part of the bytes is read for a new one',
    'if (loaded?.bytes.deref() === bytes && at >= loaded.from) {',
    'if (loaded !== undefined && at >= loaded.from) {',
  ),
  door(
    'kernel: ids are copied across the end of a chunk',
    'Math.min(count - done, chunkIds - (place % chunkIds))',
    'count - done',
  ),
]
