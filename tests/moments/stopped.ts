/**
 * A consumer that is stopped (SIGSTOP) inside its settle transaction holds up those that count into the same rows, and
 * those only until PostgreSQL ends the transaction; the partitions of others go on as if nothing were.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { ledger } from '../support/counting.ts'
import { type Role, roleProcess, settingsFor, until } from '../support/environment.ts'
import { startHeard } from '../support/heard.ts'
import { type Deed, proxyPostgres } from '../support/proxy.ts'
import { type Boundary, boundaries, watchSettles } from './boundaries.ts'
import type { Moment } from './moment.ts'
import { openStage, type Stage } from './stage.ts'

/** What PostgreSQL grants a transaction, see postgres/connect.ts. */
const transactionMs = 5_000
/** For what comes before and after, on a machine that others use as well. */
const slackMs = 2_500
const assignedDeadlineMs = 45_000
const records = 60

/** After which statement it is stopped, and whether that lasts until PostgreSQL has ended the transaction. */
interface Case {
  readonly after: Boundary
  readonly isLong: boolean
  readonly outcome: string
}

const cases = boundaries.flatMap((after): readonly Case[] =>
  after === 'commit'
    ? [{ after, isLong: false, outcome: 'after commit: it had landed' }]
    : [
        { after, isLong: false, outcome: `after ${after}: it went on and committed` },
        { after, isLong: true, outcome: `after ${after}: ended by PostgreSQL, and settled again` },
      ],
)
const locksRows: ReadonlySet<Boundary> = new Set(['counts', 'ids', 'rejects'])

export const stopped: Moment = {
  name: 'stopped',
  about: 'SIGSTOP of one of three consumers inside its settle transaction',
  span: 'the seven statements of a settle; stopped for 0.1 to 3.5 s, or 5.3 to 6.5 s where PostgreSQL ends it',
  outcomes: cases.map(({ outcome }) => outcome),
  lanes: 4,
  play: async (lifetime, dice, tries, tally) => {
    const stage = await openStage(lifetime, 3)
    const { topic, database, send } = stage
    const boundaryOf = watchSettles()
    let wanted: Boundary | undefined
    const proxy = await proxyPostgres(lifetime, database, (sql): Deed => {
      const boundary = boundaryOf(sql)
      if (boundary === undefined || boundary !== wanted) return 'forward'
      wanted = undefined
      return 'hold'
    })
    const settings = settingsFor(stage.kafka, proxy.database, topic)
    const victim = roleProcess(lifetime, 'consumer', settings)
    const others = [await startHeard(lifetime, { topic, database }), await startHeard(lifetime, { topic, database })]
    const owners = () => [assignedTo(victim), ...others.map(other => other.assigned())]
    const isShared = () => owners().every(partitions => partitions.length === 1)
    for (const number of tries) {
      await until(isShared, assignedDeadlineMs, 'each consumer has one partition')
      const [its, sharing, apart] = owners().map(partitions => partitions[0]!) as [number, number, number]
      await timed(stage, its, 'shared', ms => tally.took('nobody is stopped', ms))
      await timed(stage, apart, 'apart', ms => tally.took('nobody is stopped', ms))

      const { after, isLong, outcome } = cases[number % cases.length]!
      wanted = after
      await send(its, records, 'shared')
      await until(() => proxy.held() > 0, 20_000, `its settle comes to "${after}"`)
      victim.signal('SIGSTOP')
      await until(() => isStopped(victim), 5_000, 'it is stopped')
      const stoppedMs = performance.now()
      proxy.release()
      const lastsMs = isLong ? transactionMs + 300 + dice.below(1_200) : 100 + dice.below(3_400)
      const failed = said(victim, 'settle_failing')
      const going = pause(lastsMs).then(() => victim.signal('SIGCONT'))
      await Promise.all([
        timed(stage, sharing, 'shared', ms => {
          tally.took(locksRows.has(after) ? 'shares rows that it has locked' : 'shares rows, none locked', ms)
          if (locksRows.has(after)) assertAtMost(ms, Math.min(lastsMs, transactionMs) + slackMs, outcome)
          else assertAtMost(ms, slackMs, outcome)
        }),
        timed(stage, apart, 'apart', ms => {
          tally.took('shares no row', ms)
          assertAtMost(ms, slackMs, outcome)
        }),
        going,
      ])
      await stage.check()
      assertAtMost(performance.now() - stoppedMs, Math.max(lastsMs, transactionMs) + 2 * slackMs, outcome)
      const failures = () => said(victim, 'settle_failing') - failed
      // What it says may come here after what it wrote has been seen in the tables.
      if (isLong) await until(() => failures() > 0, 5_000, `${outcome}: it says so`)
      assert.equal(failures(), isLong ? 1 : 0, outcome)
      tally.hit(outcome)
    }
    await stage.prove()
  },
}

/** Sends to a partition. @param took how long it was from the acknowledgement to the commit. */
async function timed(stage: Stage, partition: number, whose: string, took: (ms: number) => void): Promise<void> {
  await stage.send(partition, records, whose)
  const startMs = performance.now()
  const end = stage.sent[partition]!.length
  const isSettled = async () => (await ledger(stage.client))[partition]?.next_offset === end
  await until(isSettled, 30_000, `partition ${partition} is settled up to ${end}`)
  took(performance.now() - startMs)
}

function assertAtMost(ms: number, most: number, what: string): void {
  assert.ok(ms <= most, `${what}: took ${Math.round(ms)} ms, at most ${Math.round(most)} were to be`)
}

const said = ({ output }: Role, event: string): number =>
  output.filter(line => line.includes(`"event":"${event}"`)).length

function assignedTo({ output }: Role): readonly number[] {
  const line = output.findLast(text => text.includes('"event":"partitions_assigned"'))
  return line === undefined ? [] : (JSON.parse(line) as { readonly partitions: number[] }).partitions
}

/** As the kernel tells it. */
function isStopped({ pid }: Role): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}
