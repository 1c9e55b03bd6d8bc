/**
 * Explains one number: the events in the log that add up to it. Row and positions come from one snapshot, and the log is
 * read up to exactly those positions, so that the sum is right while counting goes on. Every partition is looked at:
 * where a sender's key would put a user proves nothing.
 */
import type pg from 'pg'
import { listOffsetsAt } from '../../kafka/bounds.ts'
import { describeTopic } from '../../kafka/topic.ts'
import { type Books, withBooks } from '../books/books.ts'
import { type Lineage, withoutLost } from '../books/ledger.ts'
import { type Claimed, claimsOf } from './claims.ts'
import { type Copy, copyOf } from './copy.ts'
import { type Counts, type ExplainReport, type Missing, none, type Row, verdictOn } from './explain-report.ts'
import { asAway } from './log-access.ts'
import { type LogBounds, readableRange } from './place.ts'
import { sightingsOf, tellRejects } from './repairs.ts'
import { early, isFromStart, remember } from './trace-position.ts'
import type { Tools, TraceOptions } from './trace-report.ts'
import { lookingAt } from './trace-tools.ts'
import { type Look, type Looking, lookForUser, type Seen } from './user-records.ts'

const msPerDay = 86_400_000

/** Ids whose claim the log alone does not tell are looked up in the window, so many of them. */
const lookupsMax = 50

/** @throws LogAway, UnfitDatabase, or what PostgreSQL says. */
export async function explain(tools: Tools, row: Row, options: TraceOptions): Promise<ExplainReport> {
  const { config, pool } = tools
  const deadlineMs = performance.now() + options.seconds * 1_000
  const { books, number } = await withBooks(pool, config.kafka.topic, async (books, client) => ({
    books,
    number: await readNumber(client, row),
  }))
  const { parts, missing } = await plan(tools, books, row)
  const all = parts.reduce((sum, { from, to }) => sum + to - from, 0)
  const looking = lookingAt(tools, options, all, deadlineMs)
  const copies: Copy[] = []
  for (const part of parts) copies.push(...(await eventsOf(tools, part, row, looking, missing)))

  const counted = copies.filter(({ fate }) => fate === 'counted')
  const found: Counts = counted.reduce((sum, { event }) => add(sum, event!.activity_type as keyof Counts), none)
  const untold = copies.filter(({ fate }) => fate === 'untold').length
  const open = books.lineages.filter(({ state }) => state !== 'closed')
  return {
    asked: { user_id: row.user, item_id: row.item, date: row.date },
    as_of: books.asOf,
    positions: open.map(({ partition, nextOffset }) => ({ partition, next_offset: nextOffset })),
    number,
    found,
    verdict: verdictOn(number, found, untold, missing),
    events: copies.slice(0, options.limit),
    more: Math.max(0, copies.length - options.limit),
    untold,
    missing,
  }
}

async function readNumber(client: pg.ClientBase, { user, item, date }: Row): Promise<Counts | null> {
  const { rows } = await client.query<Counts>(
    `select view_count::float8 as view, click_count::float8 as click, purchase_count::float8 as purchase
       from daily_user_item_summary where user_id = $1 and item_id = $2 and date = $3`,
    [user, item, date],
  )
  return rows[0] ?? null
}

/** What is to be read of one lineage: [from, to). */
interface Part {
  readonly history: Lineage
  readonly from: number
  readonly to: number
}

/**
 * Which ranges have to be looked at, and which would have to be and cannot. An event is not appended before its day, but
 * for what may be ahead; and what an id was claimed by lies at most some windows further back.
 */
async function plan(tools: Tools, { lineages }: Books, row: Row): Promise<{ parts: Part[]; missing: Missing[] }> {
  const rules = lineages.flatMap(one => one.rules)
  const aheadMs = Math.max(0, ...rules.map(({ maxAheadMinutes }) => maxAheadMinutes)) * 60_000
  const windowMs = Math.max(0, ...rules.map(({ windowHours }) => windowHours)) * 3_600_000
  const earliestMs = Date.parse(`${row.date}T00:00:00Z`) - aheadMs
  const rowFrom = await offsetsAt(tools, earliestMs)
  const idsFrom = await offsetsAt(tools, earliestMs - 2 * windowMs - 3_600_000)
  const parts: Part[] = []
  const missing: Missing[] = []
  const bounds = new Map<number, LogBounds>()
  for (const history of lineages) {
    const { partition, lineage, startOffset, nextOffset, topicId } = history
    if (!bounds.has(partition)) bounds.set(partition, await tools.log.bounds(partition))
    const log = bounds.get(partition)!
    const lacks = (from: number, to: number, why: string) => {
      if (from < to && history.fates.counted > 0) missing.push({ partition, lineage, from, to, why })
    }
    if (topicId !== log.topicId || log.start < 0) {
      lacks(startOffset, nextOffset, 'its log is not the one there is now')
      continue
    }
    const range = readableRange(
      lineages.filter(one => one.partition === partition),
      history,
      log,
    )
    // A record of the row's time is still there after one that is older: what was deleted before that is older as well.
    if ((rowFrom?.get(partition) ?? log.start) <= log.start) {
      lacks(startOffset, Math.min(range.from, nextOffset), `the log begins at ${log.start}`)
    }
    lacks(Math.max(startOffset, range.to), nextOffset, 'these records are in no log any more')
    parts.push({
      history,
      from: Math.min(range.to, Math.max(range.from, idsFrom?.get(partition) ?? range.from)),
      to: range.to,
    })
  }
  return { parts, missing }
}

/** By partition, the log's end where nothing is as late; undefined where times in the log are the senders'. */
async function offsetsAt({ config, log }: Tools, ms: number): Promise<Map<number, number> | undefined> {
  const topic = await asAway(config, () => describeTopic(config))
  if (topic?.settings?.timestampType !== 'LogAppendTime') return undefined
  const found = await asAway(config, () => listOffsetsAt(config, log.partitions, Math.max(0, ms)))
  return new Map(Array.from({ length: log.partitions }, (_, n) => [n, found.get(n) ?? Number.MAX_SAFE_INTEGER]))
}

/** The events of the row in one lineage. What could not be read is added to `missing`. */
async function eventsOf(tools: Tools, part: Part, row: Row, looking: Looking, missing: Missing[]): Promise<Copy[]> {
  const { history, from, to } = part
  const { partition, lineage } = history
  const looks: Look[] = []
  let clockMs = -1
  for (const range of withoutLost(history, { from, to })) {
    const look = await lookForUser(history, { ...range, clockMs }, row.user, undefined, looking)
    clockMs = look.clockMs
    looks.push(look)
    if (look.next >= range.to) continue
    missing.push({ partition, lineage, from: look.next, to, why: early(look, to) })
    break
  }
  const seen = looks.flatMap(look => look.seen)
  const repairs = seen.filter(({ origin }) => origin !== undefined)
  const told = await tellRejects(tools.pool, partition, repairs, () => history)
  const reach = {
    from,
    clockMs: looks[0]?.firstMs ?? -1,
    isFromStart: isFromStart(history, from),
    isClockKnown: isFromStart(history, from) || looks.every(({ isBrokerTime }) => isBrokerTime),
  }
  const claims = new Map<number, Claimed>()
  let lookups = 0
  for (const [eventId, sightings] of byEventId(sightingsOf(seen, told))) {
    const inRow = sightings.filter(one => isOfRow(one, row))
    if (inRow.length === 0) continue
    let claimed = claimsOf(sightings, reach, history.rules, undefined, history)
    const isUntold = inRow.some(one => claimed[sightings.indexOf(one)]!.fate === 'untold')
    if (isUntold && lookups++ < lookupsMax) {
      const { remembered, now } = await remember(tools, history, row.user, eventId)
      claimed = claimsOf(sightings, reach, history.rules, remembered, now)
    }
    sightings.forEach(({ offset }, i) => void claims.set(offset, claimed[i]!))
  }
  const settled = { is: 'settled', history } as const
  return seen
    .filter(one => one.content.is === 'unrepeatable' || isOfRow(one, row))
    .map(read =>
      copyOf(partition, read.offset, settled, { ...told.get(read.offset), read, claimed: claims.get(read.offset) }),
    )
    .filter(({ fate }) => fate !== 'rejected')
}

function isOfRow({ content }: Seen, { item, date }: Row): boolean {
  if (content.is !== 'event') return false
  return content.event.item === item && content.event.day === Date.parse(`${date}T00:00:00Z`) / msPerDay
}

function byEventId<T extends Seen>(seen: readonly T[]): Map<string, T[]> {
  const ids = new Map<string, T[]>()
  for (const one of seen) {
    const id = one.content.is === 'event' ? one.content.event.eventId : undefined
    if (id !== undefined) ids.set(id, [...(ids.get(id) ?? []), one])
  }
  return ids
}

const add = (counts: Counts, activity: keyof Counts): Counts => ({ ...counts, [activity]: counts[activity] + 1 })
