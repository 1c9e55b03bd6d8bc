/** Ten times as many events as PostgreSQL takes: each row that is written sleeps. */
import { setTimeout as pause } from 'node:timers/promises'
import { flood, openArena } from './arena.ts'
import type { Limit } from './limit.ts'

/** About a thousand rows a second. */
const rowMs = 1
const offeredPerSecond = 10_000
const offeredMs = 30_000

export const slow: Limit = {
  name: 'slow',
  about: `${offeredPerSecond} events a second, each into a row of its own, where PostgreSQL takes about ${1_000 / rowMs}`,
  run: async (lifetime, scale) => {
    const arena = await openArena(lifetime)
    const { client } = arena
    await client.query(
      `create function sleep() returns trigger language plpgsql as $$
         begin perform pg_sleep(${rowMs} / 1000.0); return new; end $$;
       create trigger sleep before insert or update on daily_user_item_summary for each row execute function sleep()`,
    )
    arena.trickle()
    const count = Math.round((scale * offeredPerSecond * offeredMs) / 1_000)
    const startMs = performance.now()
    await arena.send(flood(count, n => n % 3))
    await pause(Math.max(0, scale * offeredMs - (performance.now() - startMs)))
    await client.query('drop trigger sleep on daily_user_item_summary')
    return arena.finish(performance.now())
  },
}
