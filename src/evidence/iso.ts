/** Times for people and programs, in RFC 3339. */

const lastMs = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * @returns null where the time is unknown. A sender may write any; what lies beyond the year 9999 is told as its end,
 * because neither the format nor, further on, the calendar has more.
 */
export function isoOf(ms: number | null): string | null {
  return ms === null || ms < 0 ? null : new Date(Math.min(ms, lastMs)).toISOString()
}
