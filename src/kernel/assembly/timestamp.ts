/** RFC 3339 date-times, as `event/day.ts` has them; what is not surely one is left to it. */

/** The instant in ms, and the UTC day, of the last that was read. */
export let instantMs: f64 = 0
export let day: i32 = 0

/**
 * @param at where the text begins. @param end the end of all bytes.
 * @returns where the closing quote stands, or 0.
 */
export function readTimestamp(at: usize, end: usize): usize {
  // All sixteen characters of 0000-00-00T00:00 at once: digits are 9 above their 0 at most, signs are what they are.
  const head = v128.load(at)
  const digits = v128.sub<u8>(
    head,
    i8x16(0x30, 0x30, 0x30, 0x30, 0x2d, 0x30, 0x30, 0x2d, 0x30, 0x30, 0, 0x30, 0x30, 0x3a, 0x30, 0x30),
  )
  if (!v128.all_true<u8>(v128.le<u8>(digits, i8x16(9, 9, 9, 9, 0, 9, 9, 0, 9, 9, -1, 9, 9, 0, 9, 9)))) return 0
  if ((load<u8>(at, 10) | 0x20) !== 0x74 || load<u8>(at, 16) !== 0x3a) return 0
  // Pairs of digits as numbers: the first of a pair is the low byte of its lane.
  const pairs = v128.swizzle(digits, i8x16(0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 16, 16, 16, 16))
  const numbers = v128.add<u16>(
    v128.mul<u16>(v128.and(pairs, i16x8.splat(0xff)), i16x8.splat(10)),
    v128.shr<u16>(pairs, 8),
  )
  const year = <i32>v128.extract_lane<u16>(numbers, 0) * 100 + <i32>v128.extract_lane<u16>(numbers, 1)
  const month = <i32>v128.extract_lane<u16>(numbers, 2)
  const date = <i32>v128.extract_lane<u16>(numbers, 3)
  const hour = <i32>v128.extract_lane<u16>(numbers, 4)
  const minute = <i32>v128.extract_lane<u16>(numbers, 5)
  const second = twoDigits(at + 17)
  // The first and the last years are the plain judge's: there an offset decides whether the day exists.
  if (year < 2 || year > 9998 || month < 1 || month > 12 || date < 1 || date > daysIn(year, month)) return 0
  if (hour > 23 || minute > 59 || <u32>second > 59) return 0

  at += 19
  let ms = 0
  if (load<u8>(at) === 0x2e) {
    const first = ++at
    let unit = 100
    for (; at < end && isDigit(load<u8>(at)); at++) {
      ms += <i32>(load<u8>(at) - 0x30) * unit
      unit = unit === 100 ? 10 : unit === 10 ? 1 : 0
    }
    if (at === first) return 0
  }
  let minutes = hour * 60 + minute
  const sign = load<u8>(at)
  if ((sign | 0x20) === 0x7a) {
    at += 1
  } else {
    if ((sign !== 0x2b && sign !== 0x2d) || load<u8>(at, 3) !== 0x3a) return 0
    const hours = twoDigits(at + 1)
    const rest = twoDigits(at + 4)
    if (<u32>hours > 23 || <u32>rest > 59) return 0
    minutes -= (sign === 0x2b ? 1 : -1) * (hours * 60 + rest)
    at += 6
  }
  const midnight = daysSinceEpoch(year, month, date)
  day = midnight + (minutes < 0 ? -1 : minutes >= 1440 ? 1 : 0)
  instantMs = <f64>midnight * 86_400_000 + <f64>((minutes * 60 + second) * 1000 + ms)
  return load<u8>(at) === 0x22 ? at : 0
}

function isDigit(code: u8): bool {
  return <u8>(code - 0x30) <= 9
}

/** Beyond 99 where one of them is no digit. */
function twoDigits(at: usize): i32 {
  const tens = load<u8>(at)
  const ones = load<u8>(at, 1)
  return isDigit(tens) && isDigit(ones) ? <i32>(tens - 0x30) * 10 + <i32>(ones - 0x30) : 100
}

function daysIn(year: i32, month: i32): i32 {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return 30 + ((month ^ (month >> 3)) & 1)
}

/** Of the years that get here, which are all above 0. */
function daysSinceEpoch(year: i32, month: i32, date: i32): i32 {
  const y = month <= 2 ? year - 1 : year
  const era = y / 400
  const yearOfEra = y - era * 400
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date - 1
  return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}
