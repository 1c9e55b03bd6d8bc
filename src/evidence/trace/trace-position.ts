/** `trace --position`: the books, the reject and the record of one offset, and of its event id as much log as it takes. */
import { listOffsetsAt } from '../../kafka/bounds.ts'
import { type Books, withBooks } from '../books/books.ts'
import type { Lineage } from '../books/ledger.ts'
import { scan } from '../recount/scan.ts'
import type { CountedEvent } from '../recount/verdict.ts'
import { type Claimed, claimsOf, firstClaim, type Remembered, type Sighting, type Standing } from './claims.ts'
import { type Copy, copyOf } from './copy.ts'
import { asAway } from './log-access.ts'
import { formerPlaces, isLost, type LogBounds, placeOf, readableRange, rulesAt } from './place.ts'
import { readRejects, rejectAt, type StoredReject, sightingsOf, tellRejects } from './repairs.ts'
import type { Known } from './told.ts'
import type { Tools, TraceOptions, TraceReport } from './trace-report.ts'
import { type Look, type Looking, lookForUser, type Read, readRecord, type Seen } from './user-records.ts'
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
  const histories = books.lineages.filter(one => one.partition === partition)
  const place = placeOf(histories, bounds, partition, offset)
  const copyIn = async (history: Lineage | undefined, place: Parameters<typeof copyOf>[2], known: Known) => {
    const reject = history && rejectAt(rejects, { ...history, offset })
    const repairing = reject && (await readRepairing(tools, reject, histories, bounds, options.signal))
    return copyOf(partition, offset, place, { ...known, reject, repairing })
  }

  let read: Read | undefined
  let claimed: Claimed | undefined
  if (place.is === 'settled' || place.is === 'waiting') {
    read = await readAt(tools, bounds, place.history, at, options.signal)
  }
  const repair =
    place.is === 'settled' && read !== undefined
      ? (await tellRejects(pool, partition, [read], () => place.history)).get(offset)?.repair
      : undefined
  const isTold = repair !== undefined && repair.is !== 'duplicate'
  if (place.is === 'settled' && read?.content.is === 'event' && read.content.event.eventId !== undefined && !isTold) {
    const { batchBytesMax } = config.consumer
    const looking = { log: log.reader, batchBytesMax, deadlineMs, signal: options.signal }
    claimed = await claimedAt(tools, place.history, histories, bounds, read, looking, options)
  }
  const copies: Copy[] = [
    await copyIn('history' in place ? place.history : undefined, place, { read, repair, claimed }),
  ]
  for (const history of formerPlaces(histories, bounds, offset)) {
    copies.push(await copyIn(history, { is: 'closed', history }, {}))
  }
  const asked = { position: `${partition}:${offset}` }
  return { asked, as_of: books.asOf, copies, more: 0, looked: [], is_complete: true }
}

/** The event of the record that repaired a reject, where the log of now still has it. */
async function readRepairing(
  tools: Tools,
  { partition, repaired }: StoredReject,
  histories: readonly Lineage[],
  bounds: LogBounds,
  signal: AbortSignal | undefined,
): Promise<CountedEvent | undefined> {
  const history = histories.find(one => one.topicId === repaired?.topicId && one.lineage === repaired.lineage)
  if (repaired === null || history === undefined) return undefined
  const { offset } = repaired
  const { from, to } = readableRange(histories, history, bounds)
  if (offset < from || offset >= to) return undefined
  const read = await readAt(tools, bounds, history, { partition, offset }, signal)
  return read?.content.is === 'event' ? read.content.event : undefined
}

async function readAt(
  { log, config }: Tools,
  { topicId }: LogBounds,
  history: Lineage | undefined,
  { partition, offset }: At,
  signal: AbortSignal | undefined,
): Promise<Read | undefined> {
  const { batchBytesMax } = config.consumer
  let read: Read | undefined
  await scan(
    log.reader,
    { topicId, partition, from: offset, to: offset + 1 },
    record => {
      read = readRecord(record, partition, history && rulesAt(history, offset))
      return false
    },
    { batchBytesMax, signal },
  )
  return read && { ...read, offset } // a run of skipped offsets stands for each of them
}

/** Whether the event at `read.offset` claimed its id, or which record had. */
async function claimedAt(
  tools: Tools,
  history: Lineage,
  histories: readonly Lineage[],
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
    const sightings = await sightingsIn(tools, history, found.seen)
    if (offset < remembered.to) {
      return tell(history, { ...found, isFromStart: false }, sightings, remembered, now, offset)
    }
    return { fate: 'duplicate', of: remembered.from === from ? (firstClaim(sightings)?.offset ?? null) : null }
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
  const sightings = await sightingsIn(tools, history, found.seen)
  return tell(history, { ...found, isFromStart: isFromStart(history, from) }, sightings, remembered, now, offset)
}

async function sightingsIn({ pool }: Tools, history: Lineage, seen: readonly Seen[]): Promise<Sighting[]> {
  const settled = seen.filter(({ offset }) => !isLost(history, offset))
  return sightingsOf(settled, await tellRejects(pool, history.partition, settled, () => history))
}

function tell(
  history: Lineage,
  look: Look & { readonly isFromStart: boolean },
  sightings: readonly Sighting[],
  remembered: Remembered,
  now: Standing,
  offset: number,
): Claimed | undefined {
  const reach = { ...look, clockMs: look.firstMs, isClockKnown: look.isFromStart || look.isBrokerTime }
  return claimsOf(sightings, reach, history.rules, remembered, now)[sightings.findIndex(one => one.offset === offset)]
}

/** What the window holds of the id, and where counting stood at that moment. A closed lineage has no window. */
export async function remember(
  { pool, config }: Pick<Tools, 'pool' | 'config'>,
  history: Lineage,
  user: string,
  eventId: string,
  before?: number,
): Promise<{ remembered: Remembered; now: Standing }> {
  return withBooks(pool, config.kafka.topic, async ({ lineages, idKey }: Books, client) => {
    const now = lineages.find(one => one.partition === history.partition && one.state !== 'closed')
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
  { rules, partition }: Lineage,
  from: number,
  read: Read,
): Promise<number> {
  if (read.appendMs < 0) return from
  const windowMs = Math.max(...rules.map(({ windowHours }) => windowHours)) * 3_600_000
  const earliestMs = Math.max(0, read.appendMs - windowsBack * windowMs - 3_600_000)
  const offsets = await asAway(config, () => listOffsetsAt(config, log.partitions, earliestMs))
  return Math.min(read.offset, Math.max(from, offsets.get(partition) ?? from))
}

export const isFromStart = ({ startOffset, inherits }: Lineage, from: number): boolean =>
  from <= startOffset && !inherits

/** Why a look ended before it was done. */
export function early({ next, trouble }: Pick<Look, 'next' | 'trouble'>, to: number): string {
  if (trouble !== undefined) return `the log cannot be read at ${trouble.from}: ${trouble.reason}, ${trouble.detail}`
  return `the time was up at offset ${next} of ${to}`
}
