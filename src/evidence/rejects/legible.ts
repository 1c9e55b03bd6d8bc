/** What senders put into a record, made fit for a terminal: nothing in it can move a cursor, change colours or hide text. */
import { isUtf8 } from 'node:buffer'

/** Controls, what changes the direction of writing or has no width, ends of lines, and halves of characters. */
const illegible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Such characters become `\u001b` and the like. */
export function safeText(text: string): string {
  return text.replace(illegible, character => {
    const hex = character.codePointAt(0)!.toString(16)
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`
  })
}

/** Bytes in one line: as text where they are UTF-8, else in hexadecimal digits. */
export function legible(bytes: Buffer): string {
  return isUtf8(bytes) ? safeText(bytes.toString('utf8')) : `0x${bytes.toString('hex')}`
}

/** @param max characters, with the dots that say that something was cut off. Cuts between characters, not in one. */
export const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`

const bytesPerLine = 16

/** As `hexdump -C` shows bytes: offset, hexadecimal digits, and what of it is ASCII. `mark` is shown by a line below. */
export function hexDump(bytes: Buffer, bytesMax: number, mark: number | undefined): string[] {
  const lines: string[] = []
  // The marked byte is always shown.
  const start = mark === undefined || mark < bytesMax ? 0 : mark - (mark % bytesPerLine) - bytesPerLine
  for (let at = start; at < Math.min(bytes.length, start + bytesMax); at += bytesPerLine) {
    const part = bytes.subarray(at, at + bytesPerLine)
    const hex = [...part].map(byte => byte.toString(16).padStart(2, '0')).join(' ')
    const ascii = part.toString('latin1').replace(/[^ -~]/g, '.')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(bytesPerLine * 3 - 1)}  |${ascii}|`)
    if (mark !== undefined && mark >= at && mark < at + bytesPerLine) {
      lines.push(`${' '.repeat(10 + (mark - at) * 3)}^^`)
    }
  }
  if (start + bytesMax < bytes.length) lines.push(`... ${bytes.length} bytes in all`)
  return lines
}

/** Where bytes that are not UTF-8 stop being so. */
export function brokenByte(bytes: Buffer): number {
  const text = bytes.toString('utf8')
  let at = 0
  let from = 0
  for (let i = text.indexOf('\ufffd'); i !== -1; i = text.indexOf('\ufffd', i + 1)) {
    at += Buffer.byteLength(text.slice(from, i))
    if (!bytes.subarray(at, at + 3).equals(replacement)) return at
    at += replacement.length
    from = i + 1
  }
  return bytes.length
}

const replacement = Buffer.from('\ufffd')
