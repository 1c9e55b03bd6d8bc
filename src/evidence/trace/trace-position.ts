/** `trace --position`: the books, the reject and the record of one offset, and of its event id as much log as it takes. */
import type pg from 'pg'
import { listOffsetsAt } from '../../kafka/bounds.ts'
import { scan } from '../recount/scan.ts'
import { type Claimed, claimsOf, type Remembered, type Standing } from './claims.ts'
import { type Copy, copyOf, type Reject } from './copy.ts'
import { type Books, type History, withBooks } from './history.ts'
import { asAway } from './log-access.ts'
import { formerPlaces, isLost, type LogBounds, placeOf, readableRange, rulesAt } from './place.ts'
import type { Tools, TraceOptions, TraceReport } from './trace-report.ts'
import { type Look, type Looking, lookForUser, type Read, readRecord } from './user-records.ts'
import { lookUp, storedId } from './window-lookup.ts'

interface At {
  readonly partition: number
  readonly offset: number
}

/** @see trace */
export async function tracePosition(tools: Tools, at: At, options: TraceOptions): Promise<TraceReport> {
  const { config, pool, log } = tools
  const { partition, offset } = at
  const deadlineMs = performance.now() + options.seconds * 1_000
  // The books first: the log only grows, so what they have counted lies in the bounds that are read after them.
  const { books, rejects } = await withBooks(pool, config.kafka.topic, async (books, client) => ({
    books,
    rejects: await readRejects(client, partition, [offset]),
  }))
  const bounds = await log.bounds(partition)
  const histories = books.histories.filter(one => one.partition === partition)
  const place = placeOf(histories, bounds, partition, offset)
  const rejectOf = ({ topicId, lineage }: History) =>
    rejects.find(one => one.topicId === topicId && one.lineage === lineage)

  let read: Read | undefined
  let claimed: Claimed | undefined
  if (place.is === 'settled' || place.is === 'waiting') {
    read = await readAt(tools, bounds, place.history, at, options.signal)
  }
  if (place.is === 'settled' && read?.content.is === 'event' && read.content.event.eventId !== undefined) {
    const { batchBytesMax } = config.consumer
    const looking = { log: log.reader, batchBytesMax, deadlineMs, signal: options.signal }
    claimed = await claimedAt(tools, place.history, histories, bounds, read, looking, options)
  }
  const reject = 'history' in place && place.history !== undefined ? rejectOf(place.history) : undefined
  const former = formerPlaces(histories, bounds, offset).map(history =>
    copyOf(partition, offset, { is: 'closed', history }, { reject: rejectOf(history) }),
  )
  const copies: Copy[] = [copyOf(partition, offset, place, { read, reject, claimed }), ...former]
  const asked = { position: `${partition}:${offset}` }
  return { asked, as_of: books.asOf, copies, more: 0, looked: [], is_complete: true }
}

export interface StoredReject extends Reject {
  readonly topicId: string
  readonly lineage: number
  readonly offset: number
  readonly appendMs: number
}

/** Of all lineages of a partition. Their bytes stay where they are. */
export async function readRejects(
  client: pg.ClientBase,
  partition: number,
  offsets: readonly number[],
): Promise<StoredReject[]> {
  const { rows } = await client.query<StoredReject>(
    `select topic_id as "topicId", lineage, "offset"::float8 as "offset", reason, pointer, detail, label,
            append_ms::float8 as "appendMs"
       from partition_ledger join rejects using (topic_id, partition, lineage)
      where partition = $1 and "offset" = any ($2::bigint[])`,
    [partition, offsets],
  )
  return rows
}

async function readAt(
  { log, config }: Tools,
  { topicId }: LogBounds,
  history: History | undefined,
  { partition, offset }: At,
  signal: AbortSignal | undefined,
): Promise<Read | undefined> {
  const { batchBytesMax } = config.consumer
  let read: Read | undefined
  await scan(
    log.reader,
    { topicId, partition, from: offset, to: offset + 1 },
    record => {
      read = readRecord(record, history && rulesAt(history, offset))
      return false
    },
    { batchBytesMax, signal },
  )
  return read && { ...read, offset } // a run of skipped offsets stands for each of them
}

/** Whether the event at `read.offset` claimed its id, or which record had. */
async function claimedAt(
  tools: Tools,
  history: History,
  histories: readonly History[],
  bounds: LogBounds,
  read: Read,
  looking: Looking,
  { progress }: TraceOptions,
): Promise<Claimed | undefined> {
  if (read.content.is !== 'event') return undefined
  const { user, eventId } = read.content.event
  const { offset } = read
  const { remembered, now } = await remember(tools, history, user, eventId!, offset + 1)
  const readable = readableRange(histories, history, bounds)
  const look = (from: number, to: number): Promise<Look> => {
    let done = 0
    const tell = (records: number) => {
      done += records
      progress?.(done, to - from)
    }
    return lookForUser(history, { from, to }, user, eventId, { ...looking, progress: tell })
  }
  if (typeof remembered === 'object') {
    const from = Math.max(remembered.from, readable.from)
    const to = Math.min(remembered.to, offset + 1)
    const found = await look(from, to)
    if (found.next < to) return { fate: 'untold', why: early(found, to) }
    if (offset < remembered.to) {
      return tell(history, { ...found, isFromStart: false }, remembered, now, offset)
    }
    const first = found.seen.find(one => one.content.is === 'event' && !isLost(history, one.offset))?.offset
    return { fate: 'duplicate', of: remembered.from === from ? (first ?? null) : null }
  }
  const from = await lookFrom(tools, history, readable.from, read)
  const found = await look(from, offset + 1)
  if (found.next <= offset) {
    const why = early(found, offset + 1)
    const [byTheWindow] = claimsOf(
      [{ offset, clockMs: read.appendMs }],
      { from: offset, clockMs: -1, isFromStart: false, isClockKnown: true },
      history.rules,
      remembered,
      now,
    )
    return byTheWindow?.fate === 'duplicate' ? byTheWindow : { fate: 'untold', why }
  }
  return tell(history, { ...found, isFromStart: isFromStart(history, from) }, remembered, now, offset)
}

function tell(
  history: History,
  look: Look & { readonly isFromStart: boolean },
  remembered: Remembered,
  now: Standing,
  offset: number,
): Claimed | undefined {
  const sightings = look.seen.filter(({ content, offset }) => content.is === 'event' && !isLost(history, offset))
  const reach = { ...look, clockMs: look.firstMs, isClockKnown: look.isFromStart || look.isBrokerTime }
  return claimsOf(sightings, reach, history.rules, remembered, now)[sightings.findIndex(one => one.offset === offset)]
}

/** What the window holds of the id, and where counting stood at that moment. A closed lineage has no window. */
export async function remember(
  { pool, config }: Pick<Tools, 'pool' | 'config'>,
  history: History,
  user: string,
  eventId: string,
  before?: number,
): Promise<{ remembered: Remembered; now: Standing }> {
  return withBooks(pool, config.kafka.topic, async ({ histories, idKey }: Books, client) => {
    const now = histories.find(one => one.partition === history.partition && one.state !== 'closed')
    if (now?.topicId !== history.topicId || now.lineage !== history.lineage)
      return { remembered: undefined, now: history }
    return { remembered: await lookUp(client, now, storedId(idKey, user, eventId), before), now }
  })
}

/** How many windows before a record its id's history is looked at. */
const windowsBack = 2

/** Nothing that was appended earlier than this has a say, or hardly: what has is told as untold. */
async function lookFrom(
  { config, log }: Tools,
  { rules, partition }: History,
  from: number,
  read: Read,
): Promise<number> {
  if (read.appendMs < 0) return from
  const windowMs = Math.max(...rules.map(({ windowHours }) => windowHours)) * 3_600_000
  const earliestMs = Math.max(0, read.appendMs - windowsBack * windowMs - 3_600_000)
  const offsets = await asAway(config, () => listOffsetsAt(config, log.partitions, earliestMs))
  return Math.min(read.offset, Math.max(from, offsets.get(partition) ?? from))
}

export const isFromStart = ({ startOffset, inherits }: History, from: number): boolean =>
  from <= startOffset && !inherits

/** Why a look ended before it was done. */
export function early({ next, trouble }: Pick<Look, 'next' | 'trouble'>, to: number): string {
  if (trouble !== undefined) return `the log cannot be read at ${trouble.from}: ${trouble.reason}, ${trouble.detail}`
  return `the time was up at offset ${next} of ${to}`
}
