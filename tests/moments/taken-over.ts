/**
 * A partition that is taken over in the middle of a settle: the group gives it to another consumer while the old owner's
 * transaction is under way, which goes on as a zombie. Its commit lands or is fenced, never both: the heir goes on
 * behind it, or has counted the same records itself.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../support/environment.ts'
import { startHeard } from '../support/heard.ts'
import { type Deed, proxyPostgres } from '../support/proxy.ts'
import { advances, asUser, auditAdvances } from './audit.ts'
import { type Boundary, boundaries, watchSettles } from './boundaries.ts'
import type { Moment } from './moment.ts'
import { openStage, type Stage } from './stage.ts'

const partitions = 2
const deadlineMs = 45_000

const outcomes = {
  early: 'landed before the heir had the partition',
  landed: 'landed when the heir had the partition',
  fenced: 'fenced: the heir had counted the records',
} as const

export const takenOver: Moment = {
  name: 'taken-over',
  about: 'another consumer joins the group while the settle of the only one is held up',
  span: 'the statements of a settle; held up for 0 to 7 s, from before the heir joins until after PostgreSQL ends it',
  outcomes: Object.values(outcomes),
  lanes: 4,
  play: async (lifetime, dice, tries, tally) => {
    const stage = await openStage(lifetime, partitions)
    const { topic, database, client } = stage
    await auditAdvances(client)
    const [old, heir] = [await asUser(client, database, 'old'), await asUser(client, database, 'heir')]
    const boundaryOf = watchSettles()
    let wanted: Boundary | undefined
    const proxy = await proxyPostgres(lifetime, old, (sql): Deed => {
      const boundary = boundaryOf(sql)
      if (boundary === undefined || boundary !== wanted) return 'forward'
      wanted = undefined
      return 'hold'
    })
    const zombie = await startHeard(lifetime, { topic, database: proxy.database })
    for (const number of tries) {
      await until(() => zombie.assigned().length === partitions, deadlineMs, 'the only consumer has all partitions')
      wanted = boundaries[number % boundaries.length]!
      const before = wanted
      const batch = await sendToBoth(stage, 50 + dice.below(450))
      await until(() => proxy.held() > 0, 20_000, `its settle comes to "${before}"`)
      const coming = startHeard(lifetime, { topic, database: heir })
      await pause(dice.below(7_000))
      const released = new Date().toISOString()
      proxy.release()
      const other = await coming
      await until(() => other.assigned().length === 1, deadlineMs, 'another consumer has one of them')
      await stage.check()

      const taken = other.assigned()[0]!
      const landed = (await advances(client, taken, batch.from[taken]!))[0]!
      assert.equal(landed.from, batch.from[taken], 'the batch was counted by one of them, from its beginning')
      const isHeirs = landed.by === heir.user
      const isEarly = released < assignedAt(other.lines.find(({ event }) => event === 'partitions_assigned'))
      tally.hit(isHeirs ? outcomes.fenced : isEarly ? outcomes.early : outcomes.landed)
      await other.stop()
    }
    await stage.prove()
  },
}

/** @returns where the batch of each partition begins. */
async function sendToBoth(stage: Stage, count: number): Promise<{ readonly from: readonly number[] }> {
  const from = stage.sent.map(log => log.length)
  await Promise.all(from.map((_, partition) => stage.send(partition, count)))
  return { from }
}

function assignedAt(line: object | undefined): string {
  return (line as { readonly time: string }).time
}
