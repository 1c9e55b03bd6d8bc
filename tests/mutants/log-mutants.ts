/** Defects of reading the log: bytes into records, and whether it is still the log that was counted. */
import { of } from './mutant.ts'

const records = of('src/kafka/records.ts', 'tests/unit/kafka/records.test.ts')
const examine = of('src/kafka/examine.ts', 'tests/unit/kafka/examine.test.ts')
const reader = of('src/kafka/reader.ts', 'tests/integration/reader.test.ts')

const socket = of('src/kafka/fetch-socket.ts', 'tests/unit/kafka/fetch-socket.test.ts')
const lz4 = of('src/kafka/lz4/assembly/lz4.ts', 'tests/unit/kafka/lz4.test.ts')

export const logMutants = [
  lz4('lz4: a match may lie before all that came out', 'distance === 0 || distance > to - output', 'distance === 0'),
  lz4('lz4: a long match is as long as its first byte says', 'length === 19', 'length > 19'),
  lz4('lz4: more comes out than there is room', 'if (length > limit - to) return 0', ''),
  lz4('lz4: as much again comes out as there is room', 'bytes > output + room - to', 'bytes > 2 * room'),
  lz4('lz4: what overlaps itself is copied sixteen at a time', 'distance >= 16', 'distance >= 15'),
  lz4('lz4: what follows a frame is passed over', '(flags & 0x04) === end', '(flags & 0x04) <= end'),
  socket(
    'memory is used again while it is read',
    '      this.#end({ bytes, release',
    '      this.#giveBack(bytes)\n      this.#end({ bytes, release',
  ),
  socket('one that is done with an answer releases it for all', ' && using.size === 0', ''),
  records('checksums are not compared', 'subarray(start + 21, end)) !== crc', 'subarray(start + 21, end)) === -1'),
  records('a gap is read over', 'if (baseOffset > expected) {', 'if (baseOffset > expected + 1e15) {'),
  records('aborted transactions are read', 'this.#abortedProducers.has(producerId)', 'false'),
  records(
    'what follows an abort is skipped, too',
    'if (isAbortMarker(records)) this.#abortedProducers.delete(producerId)',
    '',
  ),
  records('a commit ends an aborted transaction', 'if (isAbortMarker(records)) ', ''),
  records('control records are read', 'if (bits & attributes.control) {', 'if (bits & 0x4000) {'),
  records("the sender's time is taken for the broker's", 'this.brokerTime ? 35 : 27', '27'),
  records(
    'a batch that repeats offsets is read',
    'if (baseOffset < expected && this.#inside) {',
    'if (baseOffset < expected - 1e15 && this.#inside) {',
  ),
  records(
    'a batch with holes is read',
    'if (count !== lastOffset - baseOffset + 1) {',
    'if (count > lastOffset - baseOffset + 1) {',
  ),
  examine(
    'a recreated topic goes unnoticed',
    'if (topicId !== place.topicId) {',
    'if (topicId === place.partition.toString()) {',
  ),
  examine('trimmed records go unnoticed', 'if (start > nextOffset) {', 'if (start > nextOffset + 1e15) {'),
  examine('a log that ends too early goes unnoticed', 'if (end < nextOffset) {', 'if (end < nextOffset - 1e15) {'),
  examine('another record batch goes unnoticed', ' || before.tail.crc !== tail.crc', ''),
  examine('another epoch goes unnoticed', 'before.tail?.epoch !== tail.epoch || ', 'before.tail !== undefined && '),
  examine(
    'what was counted is not compared',
    'if (tail !== undefined && start < nextOffset) {',
    'if (tail !== undefined && start > nextOffset) {',
  ),
  reader('a log that departs goes unnoticed', 'if (part.divergesAt === undefined) {', 'if (part.divergesAt !== -2) {'),
  reader(
    'the leader is not asked with the last epoch',
    'lastFetchedEpoch: want.tail?.epoch ?? -1',
    'lastFetchedEpoch: -1',
  ),
]
