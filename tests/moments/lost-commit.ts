/**
 * The session is lost during COMMIT. Whether it had landed nobody tells the consumer: it has to find out from the ledger,
 * and counts each record once in either case.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Dice } from '../fuzz/dice.ts'
import { connect, until } from '../support/environment.ts'
import { startHeard } from '../support/heard.ts'
import { type Deed, proxyPostgres } from '../support/proxy.ts'
import { advances, auditAdvances } from './audit.ts'
import { watchSettles } from './boundaries.ts'
import type { Moment } from './moment.ts'
import { openStage } from './stage.ts'

/** What becomes of a COMMIT on its way. Terminated: the backend is told to end while COMMIT comes. */
const deeds = ['lose', 'lose answer', 'terminate', 'lose', 'lose answer', 'terminate', 'silence', 'terminate'] as const

const outcomes = {
  lose: ['', 'not sent: it did not land, and was settled again'],
  'lose answer': ['answer dropped: it had landed', ''],
  silence: ['answer never came: it had landed', ''],
  terminate: ['backend ended: it had landed', 'backend ended: it did not land, and was settled again'],
} as const

export const lostCommit: Moment = {
  name: 'lost-commit',
  about: 'the session of a settle is lost during COMMIT',
  span: 'batches of 1 to 3,000 records; lost before it is sent, after it has landed, or up to 3 ms around its arrival',
  outcomes: Object.values(outcomes).flatMap(both => both.filter(outcome => outcome !== '')),
  lanes: 3,
  play: async (lifetime, dice, tries, tally) => {
    const stage = await openStage(lifetime, 2)
    const { topic, database, client } = stage
    await auditAdvances(client)
    const killer = await connect(lifetime, database)
    const boundaryOf = watchSettles()
    let deed: (typeof deeds)[number] | undefined
    let done: Promise<unknown> | undefined
    const proxy = await proxyPostgres(lifetime, database, (sql): Deed => {
      const boundary = boundaryOf(sql)
      if (deed === undefined || boundary !== 'commit') return 'forward'
      const now = deed
      deed = undefined
      done = now === 'terminate' ? race(killer, dice, proxy.release) : Promise.resolve()
      return now === 'terminate' ? 'hold' : now
    })
    const consumer = await startHeard(lifetime, { topic, database: proxy.database })
    await until(() => consumer.said('partition_opened').length === 2, 40_000, 'both partitions are open')
    await stage.send(0, 1)
    await stage.check()
    for (const number of tries) {
      const partition = dice.below(2)
      const from = stage.sent[partition]!.length
      const before = await until(() => onlyWriter(client), 20_000, 'it has one session to settle in')
      const wanted = deeds[number % deeds.length]!
      done = undefined
      deed = wanted
      const startMs = performance.now()
      await stage.send(partition, 1 + dice.below(3_000))
      await until(() => done !== undefined, 20_000, 'a COMMIT is on its way')
      await done
      await stage.check()
      await stage.send(partition, 1)
      await stage.check()
      tally.took(wanted === 'silence' ? 'goes on where nobody said no' : 'goes on', performance.now() - startMs)

      const [first] = await advances(client, partition, from)
      assert.ok(first !== undefined)
      assert.equal(first.from, from)
      const outcome = outcomes[wanted][first.pid === before ? 0 : 1]
      assert.notEqual(outcome, '', `${wanted}: it landed ${first.pid === before ? 'all the same' : 'not at all'}`)
      tally.hit(outcome)
    }
    await stage.prove()
  },
}

const writer = `select pid from pg_stat_activity
  where datname = current_database() and application_name = 'footfall consumer'`

async function onlyWriter(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>(writer)
  return rows.length === 1 ? rows[0]!.pid : undefined
}

/** Lets COMMIT go and has its backend ended at nearly the same time: which is first differs. */
async function race(killer: pg.Client, dice: Dice, release: () => void): Promise<void> {
  const [releaseMs, endMs] = [dice.below(4), dice.below(4)]
  const end = pause(endMs).then(() =>
    killer.query(`select pg_terminate_backend(pid) from (${writer}) as writers where pid <> pg_backend_pid()`),
  )
  await pause(releaseMs)
  release()
  await end
}
