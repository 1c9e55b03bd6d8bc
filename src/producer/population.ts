/**
 * The people of the simulation, what they look at, and their habits. The population is the same in every run and on
 * every machine: user and item number k always have the same id. Popularity of both follows Zipf's law.
 */
import type { Activity, UserActivity } from '../event/schema.ts'
import { seededRandom } from './random.ts'
import { zipf } from './zipf.ts'

export interface Population {
  readonly users: number
  readonly items: number
}

/** Changing these two changes every id that people may have written down. */
const userSalt = 0x75736572
const itemSalt = 0x6974656d

/** Of a hundred events this many are views and clicks; the rest are purchases. */
const habits = { viewPercent: 80, clickPercent: 16 }

/**
 * An endless sequence of events. Event number n of a seed has the same user, item, type and event id in every run with
 * the same population, so a sequence that is sent again is all duplicates.
 * @returns takes the moment of the next event as RFC 3339 text.
 */
export function simulate(population: Population, seed: string): (timestamp: string) => UserActivity {
  const random = seededRandom(seed)
  const drawUser = zipf(population.users, random)
  const drawItem = zipf(population.items, random)
  let number = 0
  return timestamp => {
    number += 1
    return {
      user_id: userId(drawUser()),
      item_id: itemId(drawItem()),
      activity_type: habit(random()),
      timestamp,
      event_id: `sim-${seed}-${number}`,
    }
  }
}

/** @param rank 0 is the busiest. */
export const userId = (rank: number): string => uuid(rank, userSalt)

/** @param rank 0 is the most popular. Never the seeded item's: that one has no version digit of 4. */
export const itemId = (rank: number): string => uuid(rank, itemSalt)

function habit(draw: number): Activity {
  const percent = (draw / 2 ** 32) * 100
  if (percent < habits.viewPercent) return 'view'
  return percent < habits.viewPercent + habits.clickPercent ? 'click' : 'purchase'
}

/** A version 4 UUID of a number: four bijective hashes, so that no two ranks share an id. */
function uuid(rank: number, salt: number): string {
  const word = (index: number) => scramble(Math.imul(rank * 4 + index, 0x9e3779b1) ^ salt)
  const [a, b, c, d] = [word(0), word(1), word(2), word(3)]
  const version = 0x4000 | (b & 0x0fff)
  const variant = 0x8000 | ((c >>> 16) & 0x3fff)
  return `${hex8(a)}-${hex4(b >>> 16)}-${hex4(version)}-${hex4(variant)}-${hex4(c & 0xffff)}${hex8(d)}`
}

/** The finalizer of MurmurHash3. */
function scramble(word: number): number {
  let hash = word
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const hex4 = (half: number): string => hexPairs[half >>> 8]! + hexPairs[half & 0xff]!
const hex8 = (word: number): string => hex4(word >>> 16) + hex4(word & 0xffff)
