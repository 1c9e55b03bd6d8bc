/** PostgreSQL stands still: all its processes are stopped, and connections stay open without an answer. */
import { setTimeout as pause } from 'node:timers/promises'
import { childrenOf, signalProcess } from '../../src/stack/processes.ts'
import { ownPostgres } from '../support/environment.ts'
import { flood, openArena } from './arena.ts'
import type { Limit } from './limit.ts'

const stalledMs = 60_000
const events = 300_000

export const stalled: Limit = {
  name: 'stalled',
  about: `PostgreSQL stopped for ${stalledMs / 1_000} s, while ${events} events come`,
  run: async (lifetime, scale) => {
    const postgres = await ownPostgres(lifetime)
    const arena = await openArena(lifetime, postgres)
    arena.trickle()
    const pids = [postgres.pid(), ...childrenOf(postgres.pid()).map(({ pid }) => pid)]
    const going = () => {
      for (const pid of pids.toReversed()) signalProcess(pid, 'SIGCONT')
    }
    // The server first when it stops, so that it starts no others; last when it goes on.
    for (const pid of pids) signalProcess(pid, 'SIGSTOP')
    const startMs = performance.now()
    try {
      await arena.send(flood(Math.round(scale * events), n => n % 3))
      await pause(Math.max(0, scale * stalledMs - (performance.now() - startMs)))
    } finally {
      going()
    }
    return arena.finish(performance.now())
  },
}
