/** `trace --user`: every copy of a user's events, or of one event, that a look at the log finds. */
import { withBooks } from '../books/books.ts'
import type { Lineage } from '../books/ledger.ts'
import { type Claimed, claimsOf, type Remembered, type Standing } from './claims.ts'
import { type Copy, copyOf } from './copy.ts'
import { isLost, type LogBounds, placeOf, readableRange } from './place.ts'
import { sightingsOf, type Told, tellRejects } from './repairs.ts'
import { early, isFromStart } from './trace-position.ts'
import type { Looked, Tools, TraceOptions, TraceReport } from './trace-report.ts'
import { lookingAt } from './trace-tools.ts'
import { type Looking, lookForUser, type Seen } from './user-records.ts'
import { lookUp, storedId } from './window-lookup.ts'

/** Looked at in one go; the newest part of each partition comes first. */
const chunkOffsets = 100_000

/** More of one user are not kept in memory; the oldest are left out. */
const seenMax = 100_000

interface Asked {
  readonly user: string
  readonly eventId: string | undefined
}

interface Window {
  readonly remembered: Remembered
  readonly now: Standing
}

/** What was looked at of one partition, without a hole up to its end, or up to the end of a segment of the window. */
interface Part {
  readonly bounds: LogBounds
  readonly partition: number
  readonly histories: readonly Lineage[]
  readonly window: Window | undefined
  seen: Seen[]
  from: number
  readonly to: number
  /** The oldest that is wanted. */
  readonly downTo: number
  /** Append time of the oldest record that was looked at; -1: not known. */
  firstMs: number
  isBrokerTime: boolean
  stopped: boolean
  /** Why not all of the log; null: all of it. */
  why: string | null
}

/** @see trace */
export async function traceUser(tools: Tools, asked: Asked, options: TraceOptions): Promise<TraceReport> {
  const { config, pool, log } = tools
  const { books, windows } = await withBooks(pool, config.kafka.topic, async (books, client) => {
    const windows = new Map<number, Window>()
    if (asked.eventId === undefined) return { books, windows }
    const id = storedId(books.idKey, asked.user, asked.eventId)
    for (const history of books.lineages) {
      if (history.state === 'closed' || history.topicId !== log.topicId) continue
      windows.set(history.partition, { remembered: await lookUp(client, history, id), now: history })
    }
    return { books, windows }
  })
  const isRemembered = [...windows.values()].some(({ remembered }) => typeof remembered === 'object')
  const isQuick = isRemembered && !options.isThorough
  const parts: Part[] = []
  for (let partition = 0; partition < log.partitions; partition++) {
    const histories = books.lineages.filter(one => one.partition === partition)
    parts.push(partOf(partition, histories, await log.bounds(partition), windows.get(partition), isQuick))
  }
  await lookNewestFirst(tools, parts, asked, options)
  const found: Copy[] = []
  for (const part of parts) found.push(...(await copiesOf(tools, part)))
  return {
    asked: { user_id: asked.user, event_id: asked.eventId ?? null },
    as_of: books.asOf,
    copies: found.slice(0, options.limit),
    more: Math.max(0, found.length - options.limit),
    looked: parts.map(lookedOf),
    is_complete: parts.every(({ why }) => why === null),
  }
}

/** @param isQuick only where the window says that the id was claimed. */
function partOf(
  partition: number,
  histories: readonly Lineage[],
  bounds: LogBounds,
  window: Window | undefined,
  isQuick: boolean,
): Part {
  const part = {
    bounds,
    partition,
    histories,
    window,
    seen: [],
    firstMs: -1,
    isBrokerTime: true,
    stopped: false,
    why: null,
  }
  const current = histories.findLast(({ topicId }) => topicId === bounds.topicId)
  if (!isQuick) return { ...part, from: bounds.end, to: bounds.end, downTo: bounds.start }
  const why = 'the id is remembered, and only its segment of the window was looked at: --seconds looks at more'
  if (typeof window?.remembered !== 'object' || current === undefined) {
    return { ...part, from: bounds.end, to: bounds.end, downTo: bounds.end, why }
  }
  const readable = readableRange(histories, current, bounds)
  const to = Math.max(readable.from, Math.min(window.remembered.to, readable.to))
  return { ...part, from: to, to, downTo: Math.min(to, Math.max(window.remembered.from, readable.from)), why }
}

/** All partitions in turn, so that each is looked at about as far back when the time is up. */
async function lookNewestFirst(tools: Tools, parts: Part[], asked: Asked, options: TraceOptions): Promise<void> {
  const deadlineMs = performance.now() + options.seconds * 1_000
  const all = parts.reduce((sum, { from, downTo }) => sum + from - downTo, 0)
  const looking = lookingAt(tools, options, all, deadlineMs)
  const isOpen = ({ from, downTo, stopped }: Part) => downTo < from && !stopped
  while (parts.some(isOpen)) {
    for (const part of parts.filter(isOpen)) await lookFurtherBack(part, asked, looking)
    if (parts.reduce((sum, { seen }) => sum + seen.length, 0) < seenMax) continue
    for (const part of parts.filter(isOpen)) stop(part, `${seenMax} records were found, and older ones not looked for`)
  }
}

async function lookFurtherBack(part: Part, { user, eventId }: Asked, looking: Looking): Promise<void> {
  const { histories, bounds, partition } = part
  const to = part.from
  const history = historyAt(histories, bounds, to - 1)
  const from = Math.max(part.downTo, to - chunkOffsets, history?.startOffset ?? 0)
  const of = history ?? { topicId: bounds.topicId, partition, rules: [] }
  const look = await lookForUser(of, { from, to }, user, eventId, looking)
  if (look.next < to) return stop(part, early(look, to))
  part.seen = [...look.seen, ...part.seen]
  part.from = from
  part.firstMs = look.firstMs
  part.isBrokerTime &&= look.isBrokerTime
}

function stop(part: Part, why: string): void {
  part.stopped = true
  part.why = why
}

const historyAt = (histories: readonly Lineage[], { topicId }: LogBounds, offset: number): Lineage | undefined =>
  histories.findLast(one => one.topicId === topicId && one.startOffset <= offset)

/** Newest first. */
async function copiesOf({ pool }: Tools, part: Part): Promise<Copy[]> {
  const { partition, histories, bounds, seen } = part
  if (seen.length === 0) return []
  const told = await tellRejects(pool, partition, seen, offset => historyAt(histories, bounds, offset))
  const claims = claimsByOffset(part, told)
  return seen.reverse().map(read => {
    const { offset } = read
    const place = placeOf(histories, bounds, partition, offset)
    const repaired = told.get(offset)?.reject?.repaired
    const isHere = repaired && historyAt(histories, bounds, repaired.offset)?.lineage === repaired.lineage
    const by = isHere ? seen.find(one => one.offset === repaired.offset)?.content : undefined
    return copyOf(partition, offset, place, {
      ...told.get(offset),
      read,
      claimed: claims.get(offset),
      repairing: by?.is === 'event' ? by.event : undefined,
    })
  })
}

function claimsByOffset(part: Part, told: ReadonlyMap<number, Told>): Map<number, Claimed> {
  const { histories, bounds, seen, from, firstMs, isBrokerTime, window } = part
  const claims = new Map<number, Claimed>()
  for (const history of histories) {
    const range = readableRange(histories, history, bounds)
    const settled = seen.filter(({ offset }) => offset >= range.from && offset < range.to && !isLost(history, offset))
    const start = Math.max(from, range.from)
    const reach = {
      from: start,
      clockMs: firstMs,
      isFromStart: isFromStart(history, start),
      isClockKnown: isBrokerTime,
    }
    const isCurrent = history.state !== 'closed' && history.topicId === bounds.topicId
    for (const sightings of byEventId(sightingsOf(settled, told))) {
      const remembered = isCurrent ? window?.remembered : undefined
      const told = claimsOf(sightings, reach, history.rules, remembered, window?.now ?? history)
      sightings.forEach(({ offset }, i) => void claims.set(offset, told[i]!))
    }
  }
  return claims
}

/** The valid events that have an id, those with the same one together. */
function byEventId<T extends Seen>(seen: readonly T[]): Iterable<T[]> {
  const withId = seen.filter(({ content }) => content.is === 'event' && content.event.eventId !== undefined)
  return Map.groupBy(withId, ({ content }) => (content.is === 'event' ? content.event.eventId : undefined)).values()
}

function lookedOf({ partition, from, to, bounds, why }: Part): Looked {
  return { partition, from, to, log_start: bounds.start, log_end: bounds.end, why }
}
