/** Events as people would cause them, for pictures: a month of days that differ, an hour of minutes, then a steady few. */

import { setTimeout as pause } from 'node:timers/promises'
import type { Message } from 'kafkajs'
import { closing, type Lifetime } from '../support/environment.ts'
import { bytesOf, uuidOf } from '../support/events.ts'
import { foreignProducer } from '../support/foreign.ts'

const kinds = ['view', 'view', 'view', 'view', 'click', 'view', 'view', 'click', 'view', 'purchase', 'view']

/** The same numbers at every run. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

const roll = dice(7)
let made = 0

function record(atMs: number, partitions: number): Message & { readonly partition: number } {
  made += 1
  const timestamp = new Date(atMs).toISOString()
  const event = {
    user_id: uuidOf(`user ${Math.floor(40 * roll() ** 3)}`),
    item_id: uuidOf(`item ${Math.floor(12 * roll() ** 2)}`),
    activity_type: kinds[Math.floor(roll() * kinds.length)]!,
    timestamp,
    event_id: `e-${made}`,
  }
  const bad = roll()
  const value =
    bad < 0.004
      ? bytesOf({ ...event, activity_type: 'buy' })
      : bad < 0.006
        ? bytesOf({ ...event, item_id: 'sku-4711' })
        : bad < 0.007
          ? Buffer.concat([Buffer.from('{"user_id":"'), Buffer.from([0xff, 0xfe, 0x00]), Buffer.from('"}')])
          : bytesOf(bad > 0.99 ? { ...event, event_id: `e-${made - partitions}` } : event)
  return { value, partition: made % partitions, timestamp: String(atMs) }
}

/** In the order of their times, at least one an hour in each partition: a clock moves by an hour at most. */
export function aMonth(partitions: number): Message[] {
  const now = Date.now()
  const records: Message[] = []
  for (let hour = 29 * 24; hour > 1; hour--) {
    const atMs = now - hour * 3_600_000
    const weekday = new Date(atMs).getUTCDay()
    const many =
      (weekday % 6 === 0 ? 380 : 560) +
      220 * Math.sin(((new Date(atMs).getUTCHours() - 9) / 24) * 2 * Math.PI) +
      90 * roll()
    for (let n = 0; n < many; n++) records.push(record(atMs, partitions))
  }
  for (let minute = 59; minute > 0; minute--) {
    const many = 330 + 120 * Math.sin(minute / 9) + 60 * roll()
    for (let n = 0; n < many; n++) records.push(record(now - minute * 60_000, partitions))
  }
  return records
}

/** Goes on until it is stopped. */
export async function startPeople(
  test: Lifetime,
  topic: string,
  partitions: number,
): Promise<{ stop: () => Promise<void> }> {
  const producer = await foreignProducer(test)
  let isStopping = false
  const sending = (async () => {
    while (!isStopping) {
      const many = Math.floor(3 * roll())
      await producer.send({ topic, messages: Array.from({ length: many }, () => record(Date.now(), partitions)) })
      await pause(100)
    }
  })()
  const stop = async () => {
    isStopping = true
    await sending
  }
  closing(test, stop)
  return { stop }
}
