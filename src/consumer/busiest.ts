/**
 * Whom and what most of the events are about that were just settled. An estimate for people who look: nothing rests on
 * it, and no table is asked.
 *
 * How: of each batch up to 64 events are drawn, evenly spaced in the order of its rows, each standing for as many as lie
 * between two of them. What it stands for is added to the score of its user and of its item, and scores fade by half in
 * 42 seconds, so that a score is about the number of events of the last minute.
 *
 * How wrong: a batch of up to 64 events is drawn whole. In a larger one a user, whose rows lie together, is off by a 64th
 * of the batch at most; an item, whose rows lie apart, by about the square root of how often it was drawn. Batches add
 * up: with one a second, an item of every tenth event is off by some 5 %. The first minute's scores are too low, for there
 * was none before it. Where more are met than are held, those with low scores are forgotten. What is settled from a
 * backlog is of another time than now.
 *
 * What it costs: a look at the counts of each row of a batch (milliseconds for a million), and up to 64 events.
 */
import { type Delta, rowWords, uuidText } from './delta.ts'

export interface Busy {
  readonly kind: 'user' | 'item'
  readonly id: string
  /** Events a minute. */
  readonly perMinute: number
}

const drawnMax = 64
/** A score that fades by this time constant is, at a steady rate, the number of events in it. */
const fadeMs = 60_000
/** Of each kind. Beyond it the half with the lower scores is given up. */
const heldMax = 4_096
const toldMax = 20
/** What has faded to less is not worth a word. */
const perMinuteMin = 0.5

export class Busiest {
  readonly #users = new Map<string, Score>()
  readonly #items = new Map<string, Score>()

  /** @param counted the sum of all counts of the delta. @param chance from 0 to below 1, another one each time. */
  settled(delta: Delta, counted: number, nowMs: number, chance: number): void {
    const weight = Math.max(1, counted / drawnMax)
    const words = Buffer.from(delta.buffer, delta.byteOffset, delta.byteLength)
    let passed = 0
    let next = chance * weight
    for (let at = 0; at < delta.length; at += rowWords) {
      passed += delta[at + 9]! + delta[at + 10]! + delta[at + 11]!
      if (passed <= next) continue
      const drawn = Math.ceil((passed - next) / weight)
      next += drawn * weight
      add(this.#users, words.toString('latin1', at * 4, at * 4 + 16), drawn * weight, nowMs)
      add(this.#items, words.toString('latin1', at * 4 + 20, at * 4 + 36), drawn * weight, nowMs)
    }
  }

  /** The busiest of each kind, those with most first. */
  told(nowMs: number): Busy[] {
    return [...topOf('user', this.#users, nowMs), ...topOf('item', this.#items, nowMs)]
  }
}

interface Score {
  events: number
  /** When it was so many. */
  atMs: number
}

function add(scores: Map<string, Score>, id: string, events: number, nowMs: number): void {
  const score = scores.get(id)
  if (score !== undefined) {
    score.events = fadedAt(score, nowMs) + events
    score.atMs = nowMs
    return
  }
  if (scores.size >= heldMax) giveUpHalf(scores, nowMs)
  scores.set(id, { events, atMs: nowMs })
}

/** A wall clock that was set back fades nothing. */
const fadedAt = ({ events, atMs }: Score, nowMs: number): number =>
  events * Math.exp(Math.min(0, atMs - nowMs) / fadeMs)

function giveUpHalf(scores: Map<string, Score>, nowMs: number): void {
  for (const [id] of byScore(scores, nowMs).slice(heldMax / 2)) scores.delete(id)
}

function topOf(kind: Busy['kind'], scores: Map<string, Score>, nowMs: number): Busy[] {
  return byScore(scores, nowMs)
    .slice(0, toldMax)
    .filter(([, perMinute]) => perMinute >= perMinuteMin)
    .map(([id, perMinute]) => ({ kind, id: uuidText(Buffer.from(id, 'latin1'), 0), perMinute }))
}

/** The highest first. */
function byScore(scores: ReadonlyMap<string, Score>, nowMs: number): [id: string, perMinute: number][] {
  const faded = [...scores].map(([id, score]): [string, number] => [id, fadedAt(score, nowMs)])
  return faded.sort(([, a], [, b]) => b - a)
}
