/** Defects of what decides over a record: judge, days, window, fold, repairs. */
import { of } from './mutant.ts'

const fold = of('src/consumer/fold.ts')
const window = of('src/consumer/window.ts')
const delta = of('src/consumer/delta.ts')
const origins = of('src/consumer/origins.ts', 'tests/unit/consumer/origins.test.ts')
const judge = of('src/event/judge.ts', 'tests/unit/event/judge.test.ts')
const day = of('src/event/day.ts', 'tests/unit/event/day.test.ts')

export const foldMutants = [
  fold('a closed fold goes on', 'if (this.#isClosed) throw', 'if (false) throw'),
  fold('a kernel is given back twice', '    this.#isClosed = true\n', ''),
  fold('rejects are not counted', '  pending.rejected += 1\n', ''),
  fold('rejects are counted and not kept', '  pending.rejects.push(one)\n', ''),
  fold('skipped offsets are not counted', 'pending.skipped += walk.skipped', 'pending.skipped += 0'),
  fold('tombstones count as rejected', '      pending.skipped += 1\n', '      pending.rejected += 1\n'),
  fold('duplicates count', '      pending.duplicate += 1\n      return\n', '      pending.duplicate += 1\n'),
  fold('the offset is advanced late', 'this.next = walk.offset + 1', 'this.next = walk.offset'),
  fold('the offset is advanced early', 'this.next = walk.offset + 1', 'this.next = walk.offset + 2'),
  fold(
    'a batch is begun anew without emptying it',
    '    this.#pending = nothing(this.next, this.tail, this.#clockMs)\n    return {',
    '    return {',
  ),
  fold(
    'a tombstone moves no clock',
    '    this.#moveClock(walk.appendMs, walk.brokerTime)\n    this.#window.advance(this.#clockMs)\n',
    '    if (walk.valueStart >= 0) this.#moveClock(walk.appendMs, walk.brokerTime)\n    this.#window.advance(this.#clockMs)\n',
  ),
  fold('a sender moves the clock as it likes', 'const free = brokerTime ||', 'const free = true ||'),
  fold("the broker's clock is held back", 'const free = brokerTime ||', 'const free = false ||'),
  fold('the clock goes backwards', 'if (appendMs <= this.#clockMs) return', 'if (appendMs < 0) return'),
  fold('the window is never advanced', '    this.#window.advance(this.#clockMs)\n', ''),
  fold(
    'the window is advanced before the clock',
    '    this.#moveClock(walk.appendMs, walk.brokerTime)\n    this.#window.advance(this.#clockMs)\n',
    '    this.#window.advance(this.#clockMs)\n    this.#moveClock(walk.appendMs, walk.brokerTime)\n',
  ),
  fold('the tail is not moved', '      this.tail = walk.tail\n', '      this.tail ??= walk.tail\n'),
  fold('a restart forgets the ids', 'new Window(rules, standing.ids, ', 'new Window(rules, [], '),
  fold('a restart forgets the clock', 'this.#clockMs = standing.clockMs', 'this.#clockMs = -1'),
  fold(
    'a reject keeps the bytes of the answer',
    'Buffer.from(walk.bytes.subarray(walk.valueStart, walk.valueEnd))',
    'walk.bytes.subarray(walk.valueStart, walk.valueEnd)',
  ),
  fold('a repaired origin is repaired again', 'if (repaired.get(origin.offset)) return false', ''),
  fold(
    'a repair that is a duplicate leaves its origin open',
    '    repaired.set(origin.offset, true)\n    this.#pending.repairs.push',
    '    if (isNew) repaired.set(origin.offset, true)\n    if (isNew) this.#pending.repairs.push',
  ),
  fold('a repair is not noticed', 'if (!walk.hasHeaders || walk.valueStart < 0) return undefined', 'return undefined'),
  fold(
    'an unknown origin is taken for a known one',
    'else if (!this.#origins.repaired.has(origin.offset)) return unknown\n',
    '',
  ),
  fold(
    'an attempt does not say for what',
    'const one = { ...rejection, offset: walk.offset, appendMs: walk.appendMs, ...copied(walk), origin }',
    'const one = { ...rejection, offset: walk.offset, appendMs: walk.appendMs, ...copied(walk), origin: undefined && origin }',
  ),
  origins(
    'an origin may lie ahead',
    'isOfThisLog && origin.offset >= offset ? unknown',
    'isOfThisLog && origin.offset > offset + 5 ? unknown',
  ),
  origins('an origin may lie in another partition', ' || origin.partition !== of.partition', ''),
  origins('more is taken for known than was read', 'offset < known.to', 'offset <= known.to'),
  window(
    'ids leave at the edge of the window',
    '.newestMs < clockMs - this.#spanMs',
    '.newestMs <= clockMs - this.#spanMs',
  ),
  window('one id too many is held', 'while (this.#count > this.#idsMax', 'while (this.#count > this.#idsMax + 1'),
  window('ids leave one too early', 'while (this.#count > this.#idsMax', 'while (this.#count >= this.#idsMax'),
  window('a segment takes one id too many', 'open.count < this.#segmentIdsMax', 'open.count <= this.#segmentIdsMax'),
  window(
    'a segment stays open a moment too long',
    'clockMs < open.firstMs + segmentSpanMs',
    'clockMs <= open.firstMs + segmentSpanMs',
  ),
  window(
    'a duplicate renews its id',
    'return false\n    const open',
    'return void (this.#segments.at(-1)!.newestMs = clockMs) ?? false\n    const open',
  ),
  window('segments that left stay in the table', 'oldest: this.#left ?', 'oldest: false && this.#left ?'),
  window('closed segments are never merged', 'this.#closed.push(closing.name)', 'void closing.name'),
  window('a restart thinks all ids are as old as the first', '    segment.newestMs = piece.newestMs\n', ''),
  window('what was stored is stored again', '    this.#pieces = []\n', ''),
  window(
    'the kernel may fill a segment too far',
    'this.#segmentIdsMax - open.count',
    'this.#segmentIdsMax + 1 - open.count',
  ),
  window('the kernel may hold one id too many', 'this.#idsMax - this.#count', 'this.#idsMax + 1 - this.#count'),
  window(
    'the kernel may keep a segment too long',
    'oldest.newestMs + this.#spanMs',
    'oldest.newestMs + this.#spanMs + 1',
  ),
  fold('ids of different users meet', 'event.userId + event.eventId', "'' + event.eventId"),
  fold('what the kernel claims is noted one record late', 'first + run.firstClaim', 'first + run.firstClaim + 1'),
  fold('duplicates of the kernel are not counted', 'run.records - run.counted', '0'),
  delta('rows of two batches are not added', 'all[at + word]! += b[j + word]!', 'all[at + word] = b[j + word]!'),
  delta('batches are not in the order of keys', 'swapped(x) - swapped(y)', 'x - y'),
  judge(
    'the limit of age is too strict',
    'instant < appendMs - limits.maxAgeDays',
    'instant <= appendMs - limits.maxAgeDays',
  ),
  judge('the limit ahead is too strict', 'instant > appendMs + limits', 'instant >= appendMs + limits'),
  judge('records without append time are judged by it', 'if (appendMs !== -1) {', 'if (appendMs !== -2) {'),
  judge('user ids keep their case', 'userId: valid.user_id.toLowerCase()', 'userId: valid.user_id'),
  judge('bytes that are no UTF-8 are taken', "text.includes('\\ufffd') && ", 'false && '),
  day('the offset is added', 'hour * 60 + minute - offset', 'hour * 60 + minute + offset'),
  day('days before 1970 are cut off', 'Math.floor(instantMs / msPerDay)', 'Math.trunc(instantMs / msPerDay)'),
  day(
    'every fourth year is a leap year',
    '(year % 100 !== 0 || year % 400 === 0) ? 29',
    '(year % 100 !== 0 || year % 100 === 0) ? 29',
  ),
]
