/**
 * Where the next page begins: after which day and item. It is a bookmark and gives no right that its holder has not
 * got by asking for the user, so it is checked, not signed: any API of any start can read it, and needs no secret. What
 * it is checked against is whose list it was made for and by which filters.
 */
import { createHash } from 'node:crypto'
import { isDate } from './date.ts'

/** The last row of a page. */
export interface Position {
  readonly date: string
  readonly itemId: string
}

/** Which list: its rows, not how many of them make a page. */
export interface Selection {
  /** In lower case, as all ids here. */
  readonly userId: string
  /** The first and the last day. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly itemId: string | undefined
}

const dateBytes = 4
const idBytes = 16
const checkBytes = 9

/** @returns 39 letters, digits, `-` and `_`; always the same for the same position in the same list. */
export function encodeCursor(selection: Selection, { date, itemId }: Position): string {
  const bytes = Buffer.alloc(dateBytes + idBytes)
  bytes.writeUInt32BE(Number(date.replaceAll('-', '')))
  bytes.write(itemId.replaceAll('-', ''), dateBytes, 'hex')
  return Buffer.concat([bytes, checkOf(selection, bytes)]).toString('base64url')
}

/** @returns undefined for what `encodeCursor` has not made for this selection. */
export function decodeCursor(selection: Selection, cursor: string): Position | undefined {
  const bytes = Buffer.from(cursor, 'base64url')
  if (bytes.length !== dateBytes + idBytes + checkBytes) return undefined
  const day = String(bytes.readUInt32BE()).padStart(8, '0')
  const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`
  if (!isDate(date)) return undefined
  const hex = bytes.toString('hex', dateBytes, dateBytes + idBytes)
  const position = { date, itemId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') }
  // Node reads base64url leniently; what was made here is written in one way only.
  return encodeCursor(selection, position) === cursor ? position : undefined
}

function checkOf({ userId, from, to, itemId }: Selection, position: Buffer): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(['footfall cursor 1', userId, from ?? '', to ?? '', itemId ?? '']))
    .update(position)
    .digest()
    .subarray(0, checkBytes)
}
