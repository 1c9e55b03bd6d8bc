/** From what was asked to the answer's status, headers and body. Keeps G8: what is sent was read in one snapshot. */
import { pipeline, Readable } from 'node:stream'
import type pg from 'pg'
import { type Coding, chooseCoding, createEncoder, encode } from './coding.ts'
import { type Row, readRows, type WholeList } from './counts.ts'
import { encodeCursor } from './cursor.ts'
import { digest, entityTag, matches } from './etag.ts'
import { csvName, formats } from './format.ts'
import type { Gate } from './gate.ts'
import type { Limits } from './limits.ts'
import { readLongList } from './long-list.ts'
import type { Asked, Name } from './parameters.ts'
import type { Rounds } from './rounds.ts'

export interface Source {
  readonly pool: pg.Pool
  readonly limits: Limits
  /** By user, of one row more than a list has that is answered at once. */
  readonly wholeLists: Rounds<WholeList>
  /** Bounds the long lists that are being sent. */
  readonly lists: Gate
}

/** What the headers of the request say about the answer. */
export interface Wishes {
  readonly acceptEncoding: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly isHead: boolean
}

type Headers = Readonly<Record<string, string>>

export interface Counts {
  readonly status: 200 | 304
  readonly headers: Headers
  readonly body: string | Buffer | Readable | undefined
}

/** @throws what faultKind sorts. A stream in the answer is to be sent or destroyed. */
export function answerCounts(
  source: Source,
  asked: Asked,
  wishes: Wishes,
): Promise<Counts | 'no_activity' | 'overloaded'> {
  const isWhole = (asked.from ?? asked.to ?? asked.itemId ?? asked.after ?? asked.limit) === undefined
  return isWhole && asked.format === 'json' ? answerWhole(source, asked, wishes) : answerPart(source, asked, wishes)
}

/** Most requests: they are read together. */
async function answerWhole(
  source: Source,
  asked: Asked,
  wishes: Wishes,
): Promise<Counts | 'no_activity' | 'overloaded'> {
  const list = await source.wholeLists.ask(asked.userId)
  if (list === undefined) return 'no_activity'
  return list.count <= source.limits.rowsMax
    ? await short(`[${list.text}]`, undefined, asked, wishes)
    : long(source, asked, wishes)
}

async function answerPart(
  source: Source,
  asked: Asked,
  wishes: Wishes,
): Promise<Counts | 'no_activity' | 'overloaded'> {
  const rowsMax = asked.limit ?? source.limits.rowsMax
  const rows = await readRows(source.pool, asked, rowsMax + 1)
  if (rows === undefined) return 'no_activity'
  const { open, close, render } = formats[asked.format]
  const textOf = (rows: readonly Row[]) => `${open}${render(rows)}${close}`
  if (rows.length <= rowsMax) return short(textOf(rows), undefined, asked, wishes)
  if (asked.limit === undefined && asked.after === undefined) return long(source, asked, wishes)
  const page = rows.slice(0, rowsMax)
  return short(textOf(page), nextLink(asked, page.at(-1)!), asked, wishes)
}

async function short(text: string, link: string | undefined, asked: Asked, wishes: Wishes): Promise<Counts> {
  const coding = chooseCoding(wishes.acceptEncoding, text.length)
  const tag = entityTag(digest(text, link ?? ''), coding)
  const headers = headersOf(tag, link)
  if (matches(wishes.ifNoneMatch, tag)) return notModified(headers, wishes)
  return {
    status: 200,
    headers: { ...contentHeaders(asked, coding), ...headers },
    body: coding === undefined ? text : await encode(text, coding),
  }
}

async function long({ pool, limits, lists }: Source, asked: Asked, wishes: Wishes): Promise<Counts | 'overloaded'> {
  const leave = lists.enter()
  if (leave === undefined) return 'overloaded'
  const list = await readLongList(pool, asked, limits, leave)
  const coding = chooseCoding(wishes.acceptEncoding, Number.POSITIVE_INFINITY)
  const tag = entityTag(list.digest, coding)
  const kept = headersOf(tag, undefined)
  const headers = { ...contentHeaders(asked, coding), ...kept }
  const isCurrent = matches(wishes.ifNoneMatch, tag)
  if (!isCurrent && !wishes.isHead) {
    const stream = await list.open()
    return { status: 200, headers, body: coding === undefined ? stream : encoded(stream, coding) }
  }
  await list.close()
  return isCurrent ? notModified(kept, wishes) : { status: 200, headers, body: nothing() }
}

/** Whichever of the two ends early ends the other. */
const encoded = (stream: Readable, coding: Coding): Readable => pipeline(stream, createEncoder(coding), () => {})

const notModified = (headers: Headers, { isHead }: Wishes): Counts => ({
  status: 304,
  headers,
  body: isHead ? nothing() : undefined,
})

/** To a HEAD fastify gives the length of what it would send, and 0 for no body, which is not that of the list. */
const nothing = (): Readable => Readable.from([])

/** Of every success, also of one without a body. */
const headersOf = (tag: string, link: string | undefined): Headers => ({
  // It may be kept, but not shown again without asking: a later read never shows less.
  'cache-control': 'private, no-cache',
  vary: 'Accept-Encoding',
  etag: tag,
  ...(link !== undefined && { link }),
})

const contentHeaders = (asked: Asked, coding: Coding | undefined): Headers => ({
  'content-type': formats[asked.format].type,
  ...(asked.format === 'csv' && { 'content-disposition': `attachment; filename="${csvName(asked)}"` }),
  ...(coding !== undefined && { 'content-encoding': coding }),
})

/** The same query, but for where it begins. */
function nextLink(asked: Asked, { 0: itemId, 1: date }: Row): string {
  const cursor = encodeCursor(asked, { date, itemId })
  const { from, to, itemId: item_id, limit } = asked
  // What was awaited for this page is counted for good.
  const format = asked.format === 'json' ? undefined : asked.format
  const values = { from, to, item_id, limit, cursor, min_position: undefined, format } satisfies Record<Name, unknown>
  const query = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  return `</api/user-activity-summary/${asked.userId}?${query.join('&')}>; rel="next"`
}
