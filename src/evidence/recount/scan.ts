/**
 * Reads a range of the log again, record by record, for whoever wants to know what is in it. It joins no group, commits
 * nothing and keeps one answer of the broker in memory, and the next one on its way. A range that cannot be read to its
 * end is told from one that can: a proof must not rest on records that nobody saw.
 */
import { setImmediate as yieldTurn } from 'node:timers/promises'
import type { Fetched, Want } from '../../kafka/reader.ts'
import { RecordWalk, type Tail } from '../../kafka/records.ts'
import type { Trouble } from '../../kafka/trouble.ts'

/** What a scan asks of Kafka; `LogReader` has it. */
export interface ScannedLog {
  fetch(wants: readonly Want[]): Promise<readonly Fetched[]>
}

/** The offsets [from, to) of one partition. */
export interface Range {
  readonly topicId: string
  readonly partition: number
  readonly from: number
  readonly to: number
}

export interface ScanOptions {
  readonly batchBytesMax: number
  /** Hears after each answer of the broker how far it is. */
  readonly progress?: (next: number) => void
  readonly signal?: AbortSignal | undefined
}

export interface Scanned {
  /** The offset after the last that was seen. */
  readonly next: number
  /** The record batch of that last one. */
  readonly tail: Tail | undefined
  /** Why it ended before `to`. */
  readonly trouble: Trouble | undefined
}

/** After this without a record the brokers count as away. */
const patienceMs = 60_000

/**
 * Shows every record of the range to `visit`, in order; control records and aborted transactions come as runs with
 * `skipped` set. What is shown holds until `visit` returns. A visit that returns false ends the scan.
 * @throws when the brokers are silent for a minute, or `signal` aborts.
 */
export async function scan(
  log: ScannedLog,
  range: Range,
  visit: (record: RecordWalk) => boolean | undefined,
  options: ScanOptions,
): Promise<Scanned> {
  const { topicId, partition, to } = range
  let next = range.from
  let tail: Tail | undefined
  let asked: Promise<readonly Fetched[]> | undefined
  let deadlineMs = performance.now() + patienceMs
  while (next < to) {
    options.signal?.throwIfAborted()
    const answers = await (asked ?? log.fetch([{ topicId, partition, offset: next, tail }]))
    asked = undefined
    const fetched = answers.find(({ want }) => want.partition === partition && want.offset === next)
    if (fetched?.trouble !== undefined) return { next, tail, trouble: fetched.trouble }
    if (fetched === undefined || fetched.records.length === 0) {
      if (performance.now() < deadlineMs) continue
      throw new Error(`Kafka has shown nothing of partition ${partition} from offset ${next} on for a minute`)
    }
    const after = endOf(fetched.records)
    if (after !== undefined && after.offset > next && after.offset < to) {
      // On its way while this answer is walked through. The walk checks what is only peeked at here.
      asked = log.fetch([{ topicId, partition, ...after }])
      await yieldTurn()
    }
    const walk = new RecordWalk(fetched.records, next, fetched.aborted, options.batchBytesMax)
    while (next < to && walk.next()) {
      next = walk.offset + 1
      tail = walk.tail
      if (visit(walk) === false) return { next, tail, trouble: undefined }
    }
    if (walk.trouble !== undefined) return { next, tail, trouble: walk.trouble }
    deadlineMs = performance.now() + patienceMs
    options.progress?.(Math.min(next, to))
  }
  return { next, tail, trouble: undefined }
}

/** Where the last whole record batch of an answer ends. */
function endOf(records: Buffer): Pick<Want, 'offset' | 'tail'> | undefined {
  let end: Pick<Want, 'offset' | 'tail'> | undefined
  for (let at = 0; at + 61 <= records.length; ) {
    const length = records.readInt32BE(at + 8)
    if (length < 49 || at + 12 + length > records.length) break
    const offset = Number(records.readBigInt64BE(at)) + records.readInt32BE(at + 23) + 1
    end = { offset, tail: { epoch: records.readInt32BE(at + 12), crc: records.readUInt32BE(at + 17) } }
    at += 12 + length
  }
  return end
}
