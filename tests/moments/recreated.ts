/**
 * The topic is deleted and created again, with as many records as before, fewer or more. Every partition halts as
 * recreated, whatever its offsets say, and goes on in the new log by a person's word: what was counted stays, and all
 * that the new one holds is counted.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Dice } from '../fuzz/dice.ts'
import { ledger, type Sent, startCounting } from '../support/counting.ts'
import { closing, inLifetime, type Lifetime, until } from '../support/environment.ts'
import { bytesOf } from '../support/events.ts'
import { foreignClient, leadersOf, sendForeign } from '../support/foreign.ts'
import { carryOut } from '../support/resume.ts'
import { verified } from '../support/verifying.ts'
import type { Moment } from './moment.ts'
import { assertCounted, eventAt, openStage, type Stage } from './stage.ts'
import { assertNothingDiffers } from './unproven.ts'

const partitions = 2
const deadlineMs = 40_000

const cases = (['while it was counted', 'while nobody counted'] as const).flatMap(when =>
  (['fewer', 'as many', 'more'] as const).map(grown => ({ when, grown, outcome: `${when}, with ${grown} records` })),
)

export const recreated: Moment = {
  name: 'recreated',
  about: 'a topic is deleted and created again',
  span: '200 to 3,000 records counted or being counted; deleted within 0.6 s; filled again at once or within 2 s',
  outcomes: cases.map(({ outcome }) => outcome),
  lanes: 4,
  play: async (_, dice, tries, tally) => {
    for (const number of tries) {
      const { when, grown, outcome } = cases[number % cases.length]!
      await inLifetime(async lifetime => {
        const stage = await openStage(lifetime, partitions)
        const { topic, database, client, sent } = stage
        const first = await startCounting(lifetime, { topic, database })
        await stage.send(0, 100)
        await stage.check()
        const count = 100 + dice.below(1_400)
        await Promise.all([0, 1].map(partition => stage.send(partition, count)))
        if (when === 'while nobody counted') {
          await stage.check()
          await first.stop()
        } else {
          await pause(dice.below(600))
        }
        const refilled = await recreate(lifetime, stage, dice, { fewer: 0.5, 'as many': 1, more: 1.5 }[grown])
        if (when === 'while nobody counted') await startCounting(lifetime, { topic, database })

        const halts = async () => (await ledger(client)).map(row => `${row.state} ${row.halt_reason}`)
        const areHalted = async () => (await halts()).every(halt => halt === 'halted recreated')
        const startMs = performance.now()
        await until(areHalted, deadlineMs, 'all partitions are halted as recreated')
        tally.took('halted after it was there again', performance.now() - startMs)
        const counted = (await ledger(client)).map(({ partition, next_offset }) =>
          sent[partition]!.slice(0, next_offset),
        )
        await assertCounted(client, counted)

        await carryOut({ topic, database }, './footfall partitions resume all --new-lineage')
        const isRead = async () => {
          const open = (await ledger(client)).filter(({ state }) => state === 'open')
          return open.length === partitions && open.every(row => row.next_offset === refilled[row.partition]!.length)
        }
        await until(isRead, deadlineMs, 'the new log is counted')
        // Its window begins empty: what both logs hold counts in both.
        await assertCounted(client, [...counted, ...refilled])
        assertNothingDiffers(await verified({ topic, database }))
      })
      tally.hit(outcome)
    }
  },
}

/** @param share of the records that it had. @returns what it holds now, by partition. */
async function recreate(lifetime: Lifetime, { topic, sent }: Stage, dice: Dice, share: number): Promise<Sent[][]> {
  const admin = foreignClient().admin()
  await admin.connect()
  closing(lifetime, () => admin.disconnect())
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic), deadlineMs, 'it is deleted')
  await pause(dice.below(1_000))
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false })
  await leadersOf(admin, topic, partitions)
  await pause(dice.below(2) * dice.below(1_000))
  const refilled = sent.map((log, partition) => {
    const count = Math.round(log.length * share)
    return Array.from({ length: count }, (_, offset) => eventAt(partition, offset * 2))
  })
  const messages = refilled.flatMap((log, partition) => log.map(event => ({ partition, value: bytesOf(event) })))
  await sendForeign(lifetime, topic, messages)
  return refilled
}
