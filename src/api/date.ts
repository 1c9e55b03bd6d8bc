/** Dates as the API takes them. */
import { parseInstant } from '../event/day.ts'

/** A real day of the years 0001 to 9999 as YYYY-MM-DD. */
export const isDate = (text: string): boolean => text.length === 10 && parseInstant(`${text}T00:00:00Z`) !== undefined
