/** One key, or one partition, gets nearly everything. */
import { uuidOf } from '../support/events.ts'
import { flood, openArena } from './arena.ts'
import type { Limit } from './limit.ts'

const events = 500_000
const idol = uuidOf('a user whom everybody follows')

export const oneKey: Limit = {
  name: 'one-key',
  about: `${events} events, nine in ten of one key`,
  run: async (lifetime, scale) => {
    const arena = await openArena(lifetime)
    arena.trickle()
    const isIdol = (n: number) => n % 10 !== 0
    const others = Array.from({ length: 100 }, (_, n) => uuidOf(`user ${n}`))
    const userOf = (n: number) => (isIdol(n) ? idol : others[n % 100]!)
    await arena.send(flood(Math.round(scale * events), n => (isIdol(n) ? 0 : n % 3), userOf))
    return arena.finish(performance.now())
  },
}

export const oneHot: Limit = {
  name: 'one-hot',
  about: `${events} events in one partition, each into a row of its own, and next to nothing in the others`,
  run: async (lifetime, scale) => {
    const arena = await openArena(lifetime)
    arena.trickle()
    await arena.send(flood(Math.round(scale * events), () => 0))
    return arena.finish(performance.now())
  },
}
