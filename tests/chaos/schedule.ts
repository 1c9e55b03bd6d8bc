/** What happens in one schedule, drawn from its seed: how many of what, and which faults when. Pure. */
import { seededRandom } from '../../src/producer/random.ts'

/** One fault as drawn; what its numbers mean is the fault's own business. */
export interface Planned {
  readonly fault: string
  /** How long after the one before it was begun, or over. */
  readonly afterMs: number
  /** It waits until what the one before it held up is counted; else they overlap, unless they meet in one target. */
  readonly waits: boolean
  readonly lastsMs: number
  /** Which of several consumers or brokers, modulo their number. */
  readonly which: number
  /** From 0 up to 1, for whatever else is to be chosen. */
  readonly chance: number
}

export interface Schedule {
  /** Draws this very schedule again. */
  readonly seed: string
  readonly brokers: 1 | 3
  readonly consumers: number
  readonly partitions: number
  /** The consumers have static member ids, as under the supervisor. */
  readonly areStatic: boolean
  readonly faults: readonly Planned[]
}

/** What a schedule may draw from: each fault's name, how often it comes compared with others, and where it makes sense. */
export interface Drawable {
  readonly weight: number
  /** Shortest and longest time from its beginning to its end. */
  readonly lastsMs: readonly [number, number]
  /** It takes so many brokers; left out: any number. */
  readonly brokers?: 1 | 3
  readonly consumersMin?: number
  /** It waits for a timeout of ten seconds or so: one in a schedule is enough. */
  readonly isLong?: true
}

export interface Wishes {
  readonly faults: number
  /** undefined: mostly one, sometimes three. */
  readonly brokers: 1 | 3 | undefined
  /** undefined: up to four. */
  readonly consumersMax?: number
  /** Faults that must be among them, in this order before the others. */
  readonly first?: readonly string[]
}

/** @param table the faults that are possible on this machine. */
export function drawSchedule(seed: string, table: Readonly<Record<string, Drawable>>, wishes: Wishes): Schedule {
  const random = seededRandom(seed)
  const chance = () => random() / 2 ** 32
  const between = (least: number, most: number) => Math.floor(least + chance() * (most - least + 1))
  const isThree = chance() < 0.25
  const names = Object.keys(table)
  const brokers = wishes.brokers ?? (isThree ? 3 : 1)
  const consumersMin = names.length === 1 ? (table[names[0]!]!.consumersMin ?? 1) : 1
  const consumers = Math.max(
    between(1, wishes.consumersMax ?? 4),
    consumersMin,
    ...(wishes.first ?? []).map(name => table[name]!.consumersMin ?? 1),
  )
  // As many as consumers at least: a fault of one that has nothing to do is none.
  const partitions = between(Math.max(2, consumers), 6)
  const areStatic = chance() < 0.5
  const drawn: string[] = []
  const possible = Object.keys(table).filter(name => {
    const { brokers: only = brokers, consumersMin = 1 } = table[name]!
    return only === brokers && consumersMin <= consumers
  })
  const hasLong = () => drawn.some(name => table[name]!.isLong)
  for (let i = 0; i < wishes.faults; i++) {
    const others = possible.filter(name => drawn.at(-1) !== name && !(table[name]!.isLong && hasLong()))
    const wished = wishes.first?.[i]
    drawn.push(wished ?? pick(others.length > 0 ? others : possible, name => table[name]!.weight, chance()))
  }
  const faults = drawn.map(fault => {
    const waits = chance() < 0.5
    const afterMs = between(100, waits ? 500 : 1_500)
    const lastsMs = between(...table[fault]!.lastsMs)
    return { fault, afterMs, waits, lastsMs, which: between(0, 11), chance: chance() }
  })
  return { seed, brokers, consumers, partitions, areStatic, faults }
}

function pick(names: readonly string[], weightOf: (name: string) => number, chance: number): string {
  let rest = chance * names.reduce((sum, name) => sum + weightOf(name), 0)
  for (const name of names) {
    rest -= weightOf(name)
    if (rest < 0) return name
  }
  return names.at(-1)!
}
