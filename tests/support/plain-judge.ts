/** The contract read out slowly, without a line of the product's: what the judge is compared with. */

/** The instant of a timestamp in ms, by the platform's own calendar; undefined when there is no such instant. */
export function plainInstant(text: string): number | undefined {
  const form = /^(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/.exec(text)
  if (form === null) return undefined
  const [, date, hour, minute, second, fraction, offset] = form as unknown as string[]
  const midnight = new Date(`${date}T00:00:00.000Z`)
  // Date rolls the 30th of February over; a date that comes back as it went in is one.
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== date) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  let ms = midnight.getTime() + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000
  ms += Number((fraction ?? '').slice(0, 3).padEnd(3, '0'))
  if (!/z/i.test(offset!)) {
    const [hours, minutes] = [Number(offset!.slice(1, 3)), Number(offset!.slice(4))]
    if (hours > 23 || minutes > 59) return undefined
    ms -= (offset![0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000
  }
  return ms >= Date.parse('0001-01-01T00:00:00Z') && ms <= Date.parse('9999-12-31T23:59:59.999Z') ? ms : undefined
}

export type PlainVerdict =
  | { readonly reason: string; readonly pointer: string }
  | {
      readonly userId: string
      readonly itemId: string
      readonly activity: string
      readonly date: string
      readonly eventId: string | undefined
    }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @param appendMs -1 = unknown. */
export function plainJudge(
  bytes: Uint8Array,
  appendMs: number,
  limits: { readonly maxAgeDays: number; readonly maxAheadMinutes: number },
): PlainVerdict {
  if (bytes.length === 0) return { reason: 'empty', pointer: '' }
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return { reason: 'not_utf8', pointer: '' }
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { reason: 'not_json', pointer: '' }
  }
  if (Object.prototype.toString.call(value) !== '[object Object]') return { reason: 'not_object', pointer: '' }
  const event = value as Record<string, unknown>
  for (const name of ['user_id', 'item_id', 'activity_type', 'timestamp']) {
    if (!Object.hasOwn(event, name)) return { reason: 'missing_member', pointer: `/${name}` }
  }
  const checks: [name: string, reason: string, keeps: (text: string) => boolean][] = [
    ['user_id', 'not_uuid', isUuid],
    ['item_id', 'not_uuid', isUuid],
    ['activity_type', 'unknown_activity', text => ['view', 'click', 'purchase'].includes(text)],
    ['timestamp', 'bad_timestamp', text => plainInstant(text) !== undefined],
    ['event_id', 'bad_event_id', text => /^[\x21-\x7e]{1,128}$/.test(text)],
  ]
  for (const [name, reason, keeps] of checks) {
    if (!Object.hasOwn(event, name)) continue
    const member = event[name]
    if (typeof member !== 'string') return { reason: 'wrong_type', pointer: `/${name}` }
    if (!keeps(member)) return { reason, pointer: `/${name}` }
  }
  const is = event as Record<string, string>
  const instant = plainInstant(is['timestamp']!)!
  const known = appendMs !== -1
  if (known && appendMs - instant > limits.maxAgeDays * 86_400_000) return { reason: 'too_old', pointer: '/timestamp' }
  if (known && instant - appendMs > limits.maxAheadMinutes * 60_000) {
    return { reason: 'too_far_ahead', pointer: '/timestamp' }
  }
  return {
    userId: is['user_id']!.toLowerCase(),
    itemId: is['item_id']!.toLowerCase(),
    activity: is['activity_type']!,
    date: new Date(instant).toISOString().slice(0, 10),
    eventId: is['event_id'],
  }
}

const isUuid = (text: string) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
