/** What a batch adds to the counts: day -> user -> item -> how many of each. Nested, because joined keys cost more. */
import type { Event } from '../event/judge.ts'

export interface Counts {
  view: number
  click: number
  purchase: number
}

export type Delta = Map<number, Map<string, Map<string, Counts>>>

/** Adds one event. */
export function addEvent(delta: Delta, event: Event): void {
  countsOf(delta, event.day, event.userId, event.itemId)[event.activity] += 1
}

/** The sum of several deltas, in a new one: the parts stay as they are, for a settle that has to be tried again. */
export function sumOf(deltas: readonly Delta[]): Delta {
  if (deltas.length === 1) return deltas[0]!
  const sum: Delta = new Map()
  for (const delta of deltas) {
    for (const [day, users] of delta) {
      for (const [userId, items] of users) {
        for (const [itemId, part] of items) {
          const counts = countsOf(sum, day, userId, itemId)
          counts.view += part.view
          counts.click += part.click
          counts.purchase += part.purchase
        }
      }
    }
  }
  return sum
}

function countsOf(delta: Delta, day: number, userId: string, itemId: string): Counts {
  let users = delta.get(day)
  if (users === undefined) {
    users = new Map()
    delta.set(day, users)
  }
  let items = users.get(userId)
  if (items === undefined) {
    items = new Map()
    users.set(userId, items)
  }
  let counts = items.get(itemId)
  if (counts === undefined) {
    counts = { view: 0, click: 0, purchase: 0 }
    items.set(itemId, counts)
  }
  return counts
}
