/**
 * Is the log still the one we counted? Asked when a partition is opened, and again, over new connections, before a
 * trouble becomes a halt. Keeps G7.
 */
import { RecordWalk, type Tail } from '../kafka/records.ts'
import type { Trouble } from '../kafka/trouble.ts'
import type { Lineage } from './batch.ts'
import type { Fetched, Log, Want } from './log.ts'

export interface Place {
  readonly of: Lineage
  readonly nextOffset: number
  readonly tail: Tail | undefined
}

/**
 * Compares topic id, bounds and the record batch before `nextOffset` with the log; and, when `ahead`, whether the
 * record at `nextOffset` can be read.
 * @returns the trouble, or undefined when all is well. @throws when the brokers cannot tell at the moment.
 */
export async function examine(
  log: Log,
  { of, nextOffset, tail }: Place,
  batchBytesMax: number,
  ahead: boolean,
): Promise<Trouble | undefined> {
  const topicId = (await log.topic())?.id
  if (topicId === undefined) throw new Error('the topic is not there at the moment')
  if (topicId !== of.topicId) {
    const detail = `counted under topic id ${of.topicId}, which is ${topicId} now`
    return { reason: 'recreated', from: nextOffset, to: nextOffset, detail }
  }
  const { start, end } = await log.bounds(of.partition)
  if (start > nextOffset) {
    const detail = `offsets ${nextOffset} to ${start - 1} were deleted before they were read`
    return { reason: 'trimmed', from: nextOffset, to: start - 1, detail }
  }
  if (end < nextOffset) {
    const detail = `the log ends at ${end}, counted up to ${nextOffset}`
    return { reason: 'truncated', from: end, to: nextOffset - 1, detail }
  }
  const want = { topicId, partition: of.partition }
  if (tail !== undefined && start < nextOffset) {
    const before = await lookAt(log, { ...want, offset: nextOffset - 1, tail: undefined }, batchBytesMax)
    // The same batch is no trouble if it cannot be decoded any more: it was, and nothing of it is needed.
    if (before.tail?.epoch !== tail.epoch || before.tail.crc !== tail.crc) {
      const detail = `the record batch before ${nextOffset} is not the one that was counted`
      return before.trouble ?? { reason: 'diverged', from: nextOffset - 1, to: nextOffset - 1, detail }
    }
  }
  if (!ahead || end === nextOffset) return undefined
  return (await lookAt(log, { ...want, offset: nextOffset, tail }, batchBytesMax)).trouble
}

/** The record batch at an offset, as far as its checksum is right, and why it cannot be read. */
async function lookAt(log: Log, want: Want, batchBytesMax: number): Promise<{ tail?: Tail; trouble?: Trouble }> {
  const fetched: Fetched = await log.look(want)
  if (fetched.trouble !== undefined) return { trouble: fetched.trouble }
  const walk = new RecordWalk(fetched.records, want.offset, fetched.aborted, batchBytesMax)
  if (walk.next()) return { tail: walk.tail }
  if (walk.trouble !== undefined) return { tail: walk.tail, trouble: walk.trouble }
  throw new Error(`the broker did not show offset ${want.offset} of partition ${want.partition}`)
}
