/** Where a log can be read again behind a damage: neither the broker's word nor a damaged header tells. */
import { crc32c } from '@node-rs/crc32'
import type { Examined } from './examine.ts'
import type { Fetched } from './reader.ts'
import { RecordWalk } from './records.ts'

interface Sound {
  readonly base: number
  readonly last: number
}

const headerBytes = 61

/**
 * @param after an offset that cannot be read. @param logEnd where the search ends.
 * @returns the first offset found behind it from which the broker serves what can be read: the next batch, as a rule.
 * Where the broker itself does not find that one any more, the first offset by halving; it may lie inside a batch,
 * as brokers look batches up by some of their last offsets. Undefined when there is none.
 */
export async function firstReadable(
  log: Pick<Examined, 'look'>,
  { topicId, partition }: { readonly topicId: string; readonly partition: number },
  after: number,
  logEnd: number,
  batchBytesMax: number,
): Promise<number | undefined> {
  const look = (offset: number) => log.look({ topicId, partition, offset, tail: undefined })
  const begins = async (offset: number) => readable(await look(offset), batchBytesMax)
  const served = soundBatches((await look(after)).records).map(({ base }) => base)
  let bad = after
  let good: number | undefined
  for (const base of served.filter(base => base > after && base < logEnd).sort((a, b) => a - b)) {
    if (good !== undefined) break
    if ((await begins(base)) !== base) bad = base
    else if (bad === after) return base
    else good = base
  }
  for (let step = 1; good === undefined; step *= 2) {
    const offset = Math.min(bad + step, logEnd - 1)
    if (offset <= bad) return undefined
    good = await earliest(begins, offset, bad)
    if (good === undefined) bad = offset
  }
  while (good - bad > 1) {
    const middle = Math.floor((good + bad) / 2)
    const found = await earliest(begins, middle, bad)
    if (found === undefined) bad = middle
    else good = found
  }
  return good
}

/** The beginning of the batch that holds a readable offset, if reading can go on there too; else that offset. */
async function earliest(
  begins: (offset: number) => Promise<number | undefined>,
  offset: number,
  bad: number,
): Promise<number | undefined> {
  const base = await begins(offset)
  if (base === undefined || base <= bad || base === offset) return base === undefined ? undefined : offset
  return (await begins(base)) === base ? base : offset
}

/** @returns where the batch that holds the wanted offset begins, undefined when it cannot be read. */
function readable({ want, trouble, records, aborted }: Fetched, batchBytesMax: number): number | undefined {
  if (trouble !== undefined || !new RecordWalk(records, want.offset, aborted, batchBytesMax).next()) return undefined
  const batches = soundBatches(records).filter(({ last }) => last >= want.offset)
  // A batch that says it lies further on than it does is followed by one that lies before it.
  const ascends = batches.every(({ base }, i) => i === 0 || base > batches[i - 1]!.last)
  return ascends ? batches[0]!.base : undefined
}

/** The batches with a right checksum in the bytes of an answer, wherever they begin: a damaged length hides no other. */
function soundBatches(bytes: Buffer): Sound[] {
  const found: Sound[] = []
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    const isBatch = bytes[at + 16] === 2 && end >= at + headerBytes && end <= bytes.length
    if (!isBatch || crc32c(bytes.subarray(at + 21, end)) !== bytes.readUInt32BE(at + 17)) {
      at += 1
      continue
    }
    const base = Number(bytes.readBigInt64BE(at))
    found.push({ base, last: base + bytes.readInt32BE(at + 23) })
    at = end
  }
  return found
}
