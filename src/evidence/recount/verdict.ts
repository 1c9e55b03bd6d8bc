/**
 * What the contract says of a record's value, read out plainly and without a line of the consumer's judge: TextDecoder,
 * JSON.parse, ajv with the formats of ajv-formats, Date.parse. Where the contract differs from ajv-formats it is said
 * here, in the recount's own words.
 */
import type { FormatDefinition } from 'ajv'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import formats, { type FormatName } from 'ajv-formats'
import { type Activity, type UserActivity, userActivitySchema } from '../../event/schema.ts'

/** The versions of the consumer's judge whose verdicts this file repeats. */
export const judgesRepeated: readonly number[] = [1, 2]

/** An event as it counts; ids in lower case. */
export interface CountedEvent {
  readonly user: string
  readonly item: string
  readonly activity: Activity
  readonly instantMs: number
  /** Days since 1970-01-01, UTC. */
  readonly day: number
  readonly eventId: string | undefined
}

/** Why a value is bad: the reason's code and the JSON pointer of the member. */
export interface Refusal {
  readonly reason: string
  readonly pointer: string
}

export interface AgeLimits {
  readonly maxAgeDays: number
  readonly maxAheadMinutes: number
}

const msPerDay = 86_400_000
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const uuidOfAjv = published('uuid')
const dateTimeOfAjv = published('date-time')

const ajv = new Ajv2020({
  formats: {
    // That of ajv-formats takes "urn:uuid:" before it, too.
    uuid: { type: 'string', validate: text => text.length === 36 && uuidOfAjv(text) },
    'date-time': { type: 'string', validate: isTimestamp },
  },
})
const fits = ajv.compile(userActivitySchema)

/** @param appendMs when the record was appended; -1 = unknown, and then its age is not judged. */
export function verdictOf(value: Uint8Array, appendMs: number, limits: AgeLimits): CountedEvent | Refusal {
  if (value.length === 0) return { reason: 'empty', pointer: '' }
  let text: string
  try {
    text = utf8.decode(value)
  } catch {
    return { reason: 'not_utf8', pointer: '' }
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { reason: 'not_json', pointer: '' }
  }
  if (!fits(parsed)) return refusalOf(fits.errors![0]!)
  const event = parsed as UserActivity
  const instantMs = instantOf(event.timestamp)
  if (appendMs !== -1) {
    if (appendMs - instantMs > limits.maxAgeDays * msPerDay) return { reason: 'too_old', pointer: '/timestamp' }
    if (instantMs - appendMs > limits.maxAheadMinutes * 60_000) {
      return { reason: 'too_far_ahead', pointer: '/timestamp' }
    }
  }
  return {
    user: event.user_id.toLowerCase(),
    item: event.item_id.toLowerCase(),
    activity: event.activity_type,
    instantMs,
    day: Math.floor(instantMs / msPerDay),
    eventId: event.event_id,
  }
}

const wholeSeconds = 'YYYY-MM-DDThh:mm:ss'.length
const firstMs = Date.parse('0001-01-01T00:00:00Z')
const lastMs = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * Narrower than ajv-formats: a T and no blank, an offset with its colon, no hour 24 or second 60, and in UTC a year from
 * 1 to 9999.
 * Wider: any number of fraction digits, where ajv-formats rounds 59.99999999999999999 up to 60.
 */
function isTimestamp(text: string): boolean {
  if (!timestampForm.test(text)) return false
  const hasLongFraction = text.length > 'YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ'.length
  if (!dateTimeOfAjv(hasLongFraction ? text.slice(0, wholeSeconds) + zoneOf(text) : text)) return false
  if (!text.startsWith('000') && !text.startsWith('9999')) return true
  const ms = instantOf(text)
  return ms >= firstMs && ms <= lastMs
}

/** Hours and minutes, because ajv-formats takes 29:29+05:30 for the 23:59 of a leap second. */
const timestampForm = /^\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/** Of a text that is a timestamp; what is finer than a millisecond is cut off. */
function instantOf(text: string): number {
  const seconds = Date.parse(`${text.slice(0, wholeSeconds).toUpperCase()}Z`)
  if (text.length === wholeSeconds + 1) return seconds
  const zone = zoneOf(text)
  const fraction = text.slice(wholeSeconds + 1, Math.min(wholeSeconds + 4, text.length - zone.length))
  const ms = seconds + Number(fraction) * (fraction.length === 3 ? 1 : fraction.length === 2 ? 10 : 100)
  if (zone.length === 1) return ms
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))
  return zone.startsWith('-') ? ms + minutes * 60_000 : ms - minutes * 60_000
}

const zoneOf = (text: string): string => (text.endsWith('Z') || text.endsWith('z') ? 'Z' : text.slice(-6))

function refusalOf(error: ErrorObject): Refusal {
  const pointer = error.instancePath
  switch (error.keyword) {
    case 'required':
      return { reason: 'missing_member', pointer: `/${error.params['missingProperty']}` }
    case 'type':
      return { reason: pointer === '' ? 'not_object' : 'wrong_type', pointer }
    case 'enum':
      return { reason: 'unknown_activity', pointer }
    case 'pattern':
      return { reason: 'bad_event_id', pointer }
    default:
      return { reason: error.params['format'] === 'uuid' ? 'not_uuid' : 'bad_timestamp', pointer }
  }
}

function published(name: FormatName): (text: string) => boolean {
  const format = formats.default.get(name)
  if (format instanceof RegExp) return text => format.test(text)
  const { validate } = format as FormatDefinition<string>
  return validate as (text: string) => boolean
}
