/** Instants and days. A day is a UTC date, held as the number of days since 1970-01-01. */

export const msPerDay = 86_400_000

const firstDay = daysSinceEpoch(1, 1, 1)
const lastDay = daysSinceEpoch(9999, 12, 31)

/**
 * The instant of an RFC 3339 date-time with an offset, in ms since 1970; finer fractions are cut, never rounded up.
 *
 * Refused, because no calendar has it or a database would roll it over: 30 February, hour 24, and second 60 (no leap
 * second was inserted since 2016, so a recent one is always a fault of the sender's). Days outside the years 1 to 9999
 * in UTC are refused too.
 * @returns undefined when the text is no such instant.
 */
export function parseInstant(text: string): number | undefined {
  const length = text.length
  if (length < 20) return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const date = digits(text, 8, 2)
  const hour = digits(text, 11, 2)
  const minute = digits(text, 14, 2)
  const second = digits(text, 17, 2)
  if (year < 0 || month < 1 || month > 12 || date < 1 || date > daysInMonth(year, month)) return undefined
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined
  if (text.charCodeAt(4) !== minus || text.charCodeAt(7) !== minus) return undefined
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return undefined
  const separator = text.charCodeAt(10)
  if (separator !== upperT && separator !== lowerT) return undefined

  let at = 19
  let ms = 0
  if (text.charCodeAt(at) === point) {
    const first = ++at
    let unit = 100
    for (; at < length && isDigit(text.charCodeAt(at)); at++) {
      ms += (text.charCodeAt(at) - zero) * unit
      unit = unit === 100 ? 10 : unit === 10 ? 1 : 0
    }
    if (at === first) return undefined
  }
  const offset = offsetMinutes(text, at)
  if (offset === undefined) return undefined
  const instant =
    daysSinceEpoch(year, month, date) * msPerDay + ((hour * 60 + minute - offset) * 60 + second) * 1000 + ms
  const day = dayOf(instant)
  return day >= firstDay && day <= lastDay ? instant : undefined
}

/** The UTC day of an instant in ms. */
export function dayOf(instantMs: number): number {
  return Math.floor(instantMs / msPerDay)
}

/** A day as YYYY-MM-DD. */
export function dayText(day: number): string {
  return new Date(day * msPerDay).toISOString().slice(0, 10)
}

const zero = 48
const minus = 45
const plus = 43
const colon = 58
const point = 46
const upperT = 84
const lowerT = 116
const upperZ = 90
const lowerZ = 122

const isDigit = (code: number): boolean => code >= zero && code <= 57

/** The number written by `count` digits at `at`, or -1 when one of them is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const code = text.charCodeAt(i)
    if (!isDigit(code)) return -1
    value = value * 10 + code - zero
  }
  return value
}

/** Minutes east of UTC of an offset that ends the text. */
function offsetMinutes(text: string, at: number): number | undefined {
  const sign = text.charCodeAt(at)
  if (sign === upperZ || sign === lowerZ) return at + 1 === text.length ? 0 : undefined
  if ((sign !== plus && sign !== minus) || at + 6 !== text.length || text.charCodeAt(at + 3) !== colon) return undefined
  const hour = digits(text, at + 1, 2)
  const minute = digits(text, at + 4, 2)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return undefined
  return (sign === plus ? 1 : -1) * (hour * 60 + minute)
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar; Date.UTC would read the years 0 to 99 as 1900 to 1999. */
function daysSinceEpoch(year: number, month: number, date: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + date - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
