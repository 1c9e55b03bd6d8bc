/**
 * What the load says. Events with and those without an id are about different users: if Kafka lost track of a batch and
 * took it twice, those with an id count once all the same, and only the others are uncertain by so much.
 */
import type { UserActivity } from '../../src/event/schema.ts'
import { headerOf } from '../../src/kafka/headers.ts'
import type { OutgoingRecord } from '../../src/kafka/record-batch.ts'
import type { Random } from '../../src/producer/random.ts'
import { uuidOf } from '../support/events.ts'

export type Kind = 'with id' | 'without id' | 'bad' | 'null'

export interface Drawn {
  readonly number: number
  readonly kind: Kind
  readonly event: UserActivity
  readonly partition: number
}

const identified = Array.from({ length: 40 }, (_, i) => uuidOf(`user ${i} with ids`))
const anonymous = Array.from({ length: 20 }, (_, i) => uuidOf(`user ${i} without`))
const items = Array.from({ length: 20 }, (_, i) => uuidOf(`item ${i}`))
const activities = ['view', 'view', 'view', 'click', 'purchase'] as const
const numberHeader = 'number'

/** Some of those that a reader may ask for. */
export const someUsers = [identified[0]!, identified[1]!, anonymous[0]!]

/** Whether a row belongs to a user whose counts are exact whatever Kafka lost track of. */
export const isExact = (row: string): boolean => identified.includes(row.slice(0, 36))

/** @param baseMs the latest time an event may have happened. */
export function drawEvent(random: Random, baseMs: number, number: number, partitions: number): Drawn {
  const of = (count: number) => random() % count
  const percent = of(100)
  const kind: Kind = percent < 70 ? 'with id' : percent < 96 ? 'without id' : percent < 99 ? 'bad' : 'null'
  const event: UserActivity = {
    user_id: kind === 'with id' ? identified[of(identified.length)]! : anonymous[of(anonymous.length)]!,
    item_id: items[of(items.length)]!,
    activity_type: activities[of(activities.length)]!,
    timestamp: new Date(baseMs - of(3) * 86_400_000).toISOString(),
    ...(kind === 'with id' && { event_id: `chaos-${number}` }),
  }
  return { number, kind, event, partition: of(partitions) }
}

/** Bad ones are bad in two ways: no JSON at all, and an activity that there is not. */
export function recordOf({ number, kind, event, partition }: Drawn): OutgoingRecord {
  const key = Buffer.from(event.user_id)
  const headers = [[numberHeader, Buffer.from(String(number))]] as const
  const text = JSON.stringify(kind === 'bad' ? { ...event, activity_type: 'like' } : event)
  const value = Buffer.from(kind === 'bad' && text.length % 2 === 0 ? text.slice(1) : text)
  return { key, value: kind === 'null' ? null : value, headers, partition }
}

/** Which event a record of ours carries, whatever its value is. */
export const numberOf = (headers: Buffer): number => Number(headerOf(headers, numberHeader)!.toString())
