/**
 * Is the log still the one that was counted? Asked when a partition is opened, again, over new connections, before a
 * trouble becomes a halt, and once more before a person ends it. Keeps G7.
 */
import { pause, realTime, type Time } from '../runtime/time.ts'
import type { Fetched, Want } from './reader.ts'
import { RecordWalk, type Tail } from './records.ts'
import { compacted, silence, silenceMsMax, type Trouble } from './trouble.ts'

const silentLookMs = 250

/** How far a partition was counted. */
export interface Place {
  readonly topicId: string
  readonly partition: number
  readonly nextOffset: number
  readonly tail: Tail | undefined
}

/** What is asked of a log; `reader.ts` and whatever stands in for it have this. */
export interface Examined {
  topic(): Promise<{ readonly id: string } | undefined>
  isCompacted(): Promise<boolean>
  bounds(partition: number): Promise<{ readonly start: number; readonly end: number }>
  look(want: Want): Promise<Fetched>
}

/**
 * Compares topic id, bounds and the record batch before `nextOffset` with the log; and, when `ahead`, whether the
 * record at `nextOffset` can be read.
 * @param silenceMs how long the brokers may show nothing where there is something.
 * @returns the trouble, or undefined when all is well. @throws when the brokers cannot tell at the moment.
 */
export async function examine(
  log: Examined,
  place: Place,
  batchBytesMax: number,
  ahead: boolean,
  time: Time = realTime,
  silenceMs = silenceMsMax,
): Promise<Trouble | undefined> {
  const { partition, nextOffset, tail } = place
  const bounds = { batchBytesMax, silenceMs, time }
  const topicId = (await log.topic())?.id
  if (topicId === undefined) throw new Error('the topic is not there at the moment')
  if (topicId !== place.topicId) {
    const detail = `counted under topic id ${place.topicId}, which is ${topicId} now`
    return { reason: 'recreated', from: nextOffset, to: nextOffset, detail }
  }
  if (await log.isCompacted()) return compacted(nextOffset)
  const { start, end } = await log.bounds(partition)
  if (start > nextOffset) {
    const detail = `offsets ${nextOffset} to ${start - 1} were deleted before they were read`
    return { reason: 'trimmed', from: nextOffset, to: start - 1, detail }
  }
  if (end < nextOffset) {
    const detail = `the log ends at ${end}, counted up to ${nextOffset}`
    return (await departure(log, place)) ?? { reason: 'truncated', from: end, to: nextOffset - 1, detail }
  }
  const want = { topicId, partition }
  if (tail !== undefined && start < nextOffset) {
    const before = await lookAt(log, { ...want, offset: nextOffset - 1, tail: undefined }, bounds)
    // The same batch is no trouble if it cannot be decoded any more: it was, and nothing of it is needed.
    if (before.tail?.epoch !== tail.epoch || before.tail.crc !== tail.crc) {
      const detail = `the record batch before ${nextOffset} is not the one that was counted`
      const diverged = { reason: 'diverged', from: nextOffset - 1, to: nextOffset - 1, detail } as const
      return before.trouble ?? (await departure(log, place)) ?? diverged
    }
  }
  if (!ahead || end === nextOffset) return undefined
  return (await lookAt(log, { ...want, offset: nextOffset, tail }, bounds)).trouble
}

interface LookBounds {
  readonly batchBytesMax: number
  readonly silenceMs: number
  readonly time: Time
}

/** Where the leader epochs say that the log goes another way than what was counted; undefined when they do not. */
async function departure(log: Examined, place: Place): Promise<Trouble | undefined> {
  const { topicId, partition, nextOffset: offset, tail } = place
  const { trouble } = await log.look({ topicId, partition, offset, tail })
  return trouble?.reason === 'truncated' ? trouble : undefined
}

/** The record batch at an offset, as far as its checksum is right, and why it cannot be read. */
async function lookAt(log: Examined, want: Want, bounds: LookBounds): Promise<{ tail?: Tail; trouble?: Trouble }> {
  const fetched = await lookPatiently(log, want, bounds)
  if (fetched.trouble !== undefined) return { trouble: fetched.trouble }
  const walk = new RecordWalk(fetched.records, want.offset, fetched.aborted, bounds.batchBytesMax)
  if (walk.next()) return { tail: walk.tail }
  if (walk.trouble !== undefined) return { tail: walk.tail, trouble: walk.trouble }
  if (fetched.isSilent) return { trouble: silence(want.offset, fetched.logEnd) }
  throw new Error(`the broker did not show offset ${want.offset} of partition ${want.partition}`)
}

/** Looks again while the broker shows nothing, for as long as that may be. */
async function lookPatiently(log: Examined, want: Want, { silenceMs, time }: LookBounds): Promise<Fetched> {
  const deadline = time.nowMs() + silenceMs
  for (;;) {
    const fetched = await log.look(want)
    if (!fetched.isSilent || time.nowMs() > deadline) return fetched
    await pause(time, silentLookMs)
  }
}
