/** What can become of a record. Both lists are closed: the ledger, the metrics and the documents use these words. */

/** The fates that reading gives; `lost` is the fifth balance of a ledger and needs an operator's word. */
export const fates = ['counted', 'duplicate', 'rejected', 'skipped'] as const
export type Fate = (typeof fates)[number]

/** Why a record was rejected, and what that means to the one who sent it. */
export const reasons = {
  empty: 'the value has no bytes',
  not_utf8: 'the value is not UTF-8',
  not_json: 'the value is not one JSON document',
  not_object: 'the value is JSON, but not an object',
  missing_member: 'a required member is missing',
  wrong_type: 'a member is not a string',
  not_uuid: 'the member is not a UUID of the form 8-4-4-4-12',
  unknown_activity: 'activity_type is none of view, click, purchase',
  bad_timestamp: 'timestamp is not an RFC 3339 date-time with an offset, or no real calendar instant',
  bad_event_id: 'event_id is not 1 to 128 visible ASCII characters',
  too_old: 'the event is older than the rules allow, measured against its append time',
  too_far_ahead: 'the event is further ahead of its append time than the rules allow',
  unknown_origin: 'the header footfall-origin names no rejected record of this partition',
} as const
export type Reason = keyof typeof reasons

/** Why a record is bad: `pointer` is the JSON pointer of the member ('' = the whole value), `detail` our own words. */
export interface Rejection {
  readonly reason: Reason
  readonly pointer: string
  readonly detail: string
}
