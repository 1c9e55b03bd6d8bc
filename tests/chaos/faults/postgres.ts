/** Faults of PostgreSQL: stopped, killed, frozen, full, locked, and its backends one by one. */
import { setTimeout as pause } from 'node:timers/promises'
import { signalProcess } from '../../../src/stack/processes.ts'
import { until } from '../../support/environment.ts'
import { asked, insisted } from '../ask.ts'
import type { Stage } from '../stage.ts'
import type { Faults } from './fault.ts'

const targets = () => ['postgres']
const recoveryMs = 60_000
const crossMs = 500
/** What a consumer's writing connection calls itself. */
const writers = "application_name = 'footfall consumer'"

export const postgresFaults: Faults = {
  'postgres stopped at once': {
    weight: 2,
    lastsMs: [0, 2_000],
    targets,
    run: async ({ postgres }, { lastsMs }) => {
      await postgres.stopImmediately()
      await pause(lastsMs)
      await postgres.start()
      return `PostgreSQL stopped in immediate mode, started again after ${lastsMs} ms`
    },
  },
  'postgres killed': {
    weight: 2,
    lastsMs: [0, 2_000],
    targets,
    run: async ({ postgres }, { lastsMs }) => {
      await postgres.kill()
      await pause(lastsMs)
      await postgres.start()
      return `PostgreSQL killed, started again after ${lastsMs} ms`
    },
  },
  'postgres frozen': {
    weight: 1,
    lastsMs: [300, 4_000],
    targets,
    run: async ({ postgres }, { lastsMs }) => {
      postgres.signalAll('SIGSTOP')
      await pause(lastsMs)
      postgres.signalAll('SIGCONT')
      return `PostgreSQL frozen for ${lastsMs} ms`
    },
  },
  // The server takes it for a crash, ends every other session, and recovers.
  'backend killed': {
    weight: 2,
    lastsMs: [200, 600],
    targets,
    run: async (stage, { lastsMs }) => {
      const [pid] = await pidsOf(stage)
      signalProcess(pid!, 'SIGKILL')
      await pause(lastsMs)
      return 'a backend of a consumer killed'
    },
  },
  'sessions terminated': {
    weight: 3,
    lastsMs: [500, 3_000],
    targets,
    run: async (stage, { lastsMs, chance }) => {
      const until = performance.now() + lastsMs
      let ended = 0
      while (performance.now() < until) {
        ended += await terminate(stage)
        await pause(50 + chance * 400)
      }
      return `${ended} sessions of consumers terminated in ${lastsMs} ms`
    },
  },
  // It keeps its locks, and goes on with what it was told when everybody has given it up.
  'backend frozen': {
    weight: 3,
    lastsMs: [500, 9_000],
    targets: () => ['backend'],
    run: async (stage, { lastsMs, which }) => {
      const pids = await pidsOf(stage)
      const pid = pids[which % pids.length]!
      signalProcess(pid, 'SIGSTOP')
      await pause(lastsMs)
      signalProcess(pid, 'SIGCONT')
      return `a backend of a consumer frozen for ${lastsMs} ms`
    },
  },
  'counts locked': {
    weight: 1,
    lastsMs: [500, 4_500],
    targets,
    run: async (stage, { lastsMs }) => {
      await asked(stage.database, async client => {
        await client.query('begin')
        await client.query('lock table daily_user_item_summary in exclusive mode')
        await pause(lastsMs)
        await client.query('rollback')
      })
      return `counts locked by another session for ${lastsMs} ms`
    },
  },
  // Two consumers never deadlock, because both lock rows in key order; this one does not.
  'rows locked in the other order': {
    weight: 2,
    lastsMs: [1_500, 4_000],
    targets,
    run: async (stage, { lastsMs }) => {
      const until = performance.now() + lastsMs
      let times = 0
      for (; performance.now() < until; times++) await crossLocks(stage).catch(() => {}) // its end may be our own
      return `rows locked in the other order ${times} times in ${lastsMs} ms`
    },
  },
  'disk full': {
    weight: 2,
    lastsMs: [1_000, 4_000],
    targets,
    isPossible: ({ postgres }) => postgres.disk !== undefined,
    run: async ({ postgres, database }, { lastsMs }) => {
      postgres.disk!.fill()
      await pause(lastsMs)
      postgres.disk!.free()
      // Where its log had no room the server gives up, sooner or later.
      const answers = async () => {
        await postgres.start()
        return asked(database, client => client.query('select 1'))
      }
      await until(answers, recoveryMs, 'PostgreSQL answers again')
      return `PostgreSQL's disk full for ${lastsMs} ms`
    },
  },
}

/** Backends that write for consumers of this schedule, as soon as there are any; those in a transaction first. */
function pidsOf({ database }: Stage): Promise<number[]> {
  return insisted(database, 'a consumer is connected', async client => {
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and ${writers}
        order by xact_start is null, query_start desc`,
    )
    return rows.length > 0 && rows.map(({ pid }) => pid)
  })
}

/** Most of the time a transaction is over sooner than it is found, so all are ended. */
function terminate({ database }: Stage): Promise<number> {
  return asked(database, async client => {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and ${writers}`,
    )
    return rowCount ?? 0
  })
}

/** Takes the last rows first, and the first ones when a consumer that has them is likely to wait for the last. */
function crossLocks({ database }: Stage): Promise<void> {
  return asked(database, async client => {
    const lock = (order: 'asc' | 'desc') =>
      client.query(
        `select from daily_user_item_summary
          order by user_id ${order}, date ${order}, item_id ${order} limit 100 for update`,
      )
    // Whoever looks for a deadlock first is the one that is ended: the consumer, after the usual second.
    await client.query("set deadlock_timeout = '3s'")
    await client.query('begin')
    await lock('desc')
    await pause(crossMs)
    await lock('asc')
    await client.query('rollback')
  })
}
