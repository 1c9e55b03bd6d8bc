/**
 * A list that is too long for one statement. Keeps G8: all of it is read in one repeatable-read snapshot, through a
 * cursor, so that neither we nor PostgreSQL hold more of it than a part; and it ends as a list only when all its rows
 * were sent.
 */
import { Readable } from 'node:stream'
import type pg from 'pg'
import { columns, order, type Row, selection, selectionValues } from './counts.ts'
import { digest } from './etag.ts'
import { type Format, formats } from './format.ts'
import type { Limits } from './limits.ts'
import type { Asked } from './parameters.ts'

export interface LongList {
  /** Of the content, known before it is read. */
  readonly digest: string
  /** Reads the first part, so that what fails early can still be answered as a problem; then the rest as it is taken. */
  open(): Promise<Readable>
  /** Gives the connection back. The stream of `open` does so when it is closed, however that comes. */
  close(): Promise<void>
}

/** About 150 KB of text: a few of them in memory, and few turns to the database. */
const partRows = 1_000

/** PostgreSQL ends a pause in a transaction; ours lasts as long as a slow reader takes, who is cut off before that. */
const pauseMarginMs = 5_000

/**
 * @param closed called once, when nothing is held any more.
 * @throws what faultKind sorts; nothing is held then.
 */
export async function readLongList(pool: pg.Pool, asked: Asked, limits: Limits, closed: () => void): Promise<LongList> {
  const client = await pool.connect().catch((error: unknown) => {
    closed()
    throw error
  })
  // While it is ours nobody else listens, and its loss without a listener would end the process; the query says it too.
  client.on('error', ignore)
  let isBroken = false
  let closing: Promise<void> | undefined
  const ask = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      isBroken = true
      throw error
    }
  }
  const close = async () => {
    if (!isBroken) await ask(() => client.query('rollback')).catch(ignore)
    client.off('error', ignore)
    // In the middle of whatever has failed a connection is of no use to the next one.
    client.release(isBroken)
    closed()
  }
  const closeOnce = () => {
    closing ??= close()
    return closing
  }
  const values = [...selectionValues(asked)]
  const orClose = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await ask(run)
    } catch (error) {
      await closeOnce()
      throw error
    }
  }
  const format = formats[asked.format]
  const { content, count } = await orClose(async () => {
    await client.query(
      `begin isolation level repeatable read, read only;
       set local idle_in_transaction_session_timeout = ${limits.listTimeoutMs + pauseMarginMs}`,
    )
    return contentOf(client, values)
  })
  const open = async () => {
    const next = () => ask(() => fetchPart(client))
    const first = await orClose(async () => {
      await client.query({ text: `declare list no scroll cursor for select ${columns} ${selection} ${order}`, values })
      return fetchPart(client)
    })
    const stream = Readable.from(textOf(format, first, next, count), { objectMode: false })
    const cutOff = setTimeout(() => stream.destroy(new Error('the list took too long')), limits.listTimeoutMs)
    return stream.once('close', () => {
      clearTimeout(cutOff)
      void closeOnce()
    })
  }
  return { digest: digest(asked.format, content), open, close: closeOnce }
}

const ignore = () => {}

/**
 * What the rows are, without reading them here: their number and two sums of 64-bit hashes. Keys are unique and the
 * order is given, so the set of rows is the content.
 */
async function contentOf(
  client: pg.PoolClient,
  values: (string | null)[],
): Promise<{ content: string; count: number }> {
  const { rows } = await client.query<[count: string, first: string, second: string]>({
    text: `select count(*), sum(hash_record_extended(row(${columns}), 1)::numeric),
                  sum(hash_record_extended(row(${columns}), 2)::numeric) ${selection}`,
    values,
    rowMode: 'array',
  })
  return { content: digest('long', ...rows[0]!), count: Number(rows[0]![0]) }
}

async function fetchPart(client: pg.PoolClient): Promise<Row[]> {
  const { rows } = await client.query<Row>({ text: `fetch ${partRows} from list`, rowMode: 'array' })
  return rows
}

async function* textOf(
  { open, between, close, render }: Format,
  first: readonly Row[],
  next: () => Promise<Row[]>,
  count: number,
): AsyncGenerator<string> {
  let sent = 0
  for (let rows = first; rows.length > 0; rows = await next()) {
    yield `${sent === 0 ? open : between}${render(rows)}`
    sent += rows.length
  }
  if (sent !== count) throw new Error(`the list has ${sent} rows, its snapshot has ${count}`)
  yield sent === 0 ? open + close : close
}
