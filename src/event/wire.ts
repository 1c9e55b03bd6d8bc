/** An event as it lies in Kafka: what our own producers write. Readers take any JSON that passes the schema. */
import type { UserActivity } from './schema.ts'

/**
 * The record's key: the canonical user id, so that one user's events share a partition however the id was written.
 * Re-sent events are recognised per partition, which is why the case of the id must not move them.
 */
export function eventKey(event: UserActivity): Buffer {
  return Buffer.from(event.user_id.toLowerCase(), 'utf8')
}

/** The record's value: JSON in UTF-8, members in the order they were given. */
export function eventValue(event: UserActivity): Buffer {
  return Buffer.from(JSON.stringify(event), 'utf8')
}
