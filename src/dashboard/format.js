/** How numbers, times and ids are written. Pure. */

const whole = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** What stands where a number is not known: never 0. */
export const unknown = '–'

/** @param {number | bigint | string | null | undefined} value digits, exact beyond 2^53 too */
export function count(value) {
  if (value === null || value === undefined) return unknown
  return whole.format(typeof value === 'string' ? BigInt(value) : value)
}

/** For axes. @param {number} value */
export const brief = value => compact.format(value)

/** Events a second or a minute. @param {number | null} value */
export function rate(value) {
  if (value === null) return unknown
  if (value === 0 || value >= 10) return whole.format(Math.round(value))
  return value < 0.1 ? 'under 0.1' : value.toFixed(1)
}

/** @param {number | null | undefined} ms */
export function duration(ms) {
  if (ms === null || ms === undefined) return unknown
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h`
  return `${Math.floor(ms / 86_400_000)} days`
}

/** @param {string | number} time ISO 8601 or milliseconds @returns HH:MM:SS of UTC */
export const clock = time => new Date(time).toISOString().slice(11, 19)

/** @param {string | null} time ISO 8601 */
export const moment = time =>
  time === null ? unknown : `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** @param {number} ms since 1970 @returns YYYY-MM-DD of UTC */
export const day = ms => new Date(ms).toISOString().slice(0, 10)

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** @param {string} date YYYY-MM-DD @returns as on an axis: 22 Nov */
export const shortDay = date => `${Number(date.slice(8))} ${months[Number(date.slice(5, 7)) - 1]}`

/** @param {number | bigint} amount @param {string} one @param {string} [many] */
export const amount = (amount, one, many = `${one}s`) =>
  `${count(amount)} ${amount === 1 || amount === 1n ? one : many}`

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** @param {string} text */
export const isUuid = text => uuid.test(text)

/** Controls, what changes the direction of writing or has no width, ends of lines, and halves of characters. */
const illegible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** What senders wrote, with nothing in it that hides or moves text. @param {string} text */
export const legible = text =>
  text.replace(illegible, character => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`)
