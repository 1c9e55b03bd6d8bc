/** Faults that halt partitions until a person has mended the cause and resumes them. Nothing is lost but what that person says. */
import { setTimeout as pause } from 'node:timers/promises'
import { ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import { until } from '../../support/environment.ts'
import { asked, insisted, useAdmin } from '../ask.ts'
import { type Damage, damage } from '../damage.ts'
import { deleteBefore, numbersIn } from '../log.ts'
import { startPart } from '../part.ts'
import { endsNow, untilCounted } from '../recovery.ts'
import type { Stage } from '../stage.ts'
import type { Fault, Faults } from './fault.ts'

/** Nobody else may touch what it rests on. */
const everything = ({ consumers }: Stage): string[] => [
  ...['kafka', 'postgres', 'group'],
  ...consumers.map(({ name }) => name),
]

/** A halt is noticed and confirmed within seconds, when no other fault keeps the consumers from the log. */
const haltDeadlineMs = 60_000
const resumeDeadlineMs = 60_000
const resumeEveryMs = 1_000

export const haltFaults: Faults = {
  // A constraint that no reject fulfils, as somebody may have added one.
  'halted as refused': {
    weight: 1,
    lastsMs: [200, 1_000],
    halts: 'refused',
    targets: () => ['postgres'],
    run: async (stage, { lastsMs }) => {
      await insisted(stage.database, 'a constraint is added', client =>
        client.query('alter table rejects add constraint chaos check (length(reason) < 0) not valid'),
      )
      await untilHalted(stage, 'refused')
      await pause(lastsMs)
      await insisted(stage.database, 'it is dropped again', client =>
        client.query('alter table rejects drop constraint if exists chaos'),
      )
      return `PostgreSQL refused the rejects; ${await resumed(stage)}`
    },
  },
  'halted as compacted': {
    weight: 1,
    lastsMs: [200, 1_000],
    halts: 'compacted',
    targets: () => ['kafka'],
    run: async (stage, { lastsMs }) => {
      await setPolicy(stage, 'compact')
      await untilHalted(stage, 'compacted')
      await pause(lastsMs)
      await setPolicy(stage, 'delete')
      return `the topic was to be compacted; ${await resumed(stage)}`
    },
  },
  // Nobody but a person may say that records are lost; the load knows which they were.
  'halted as trimmed': {
    weight: 1,
    lastsMs: [500, 1_500],
    halts: 'trimmed',
    targets: everything,
    run: async (stage, { lastsMs, which, chance }) => {
      const partition = which % stage.schedule.partitions
      const from = await unread(stage, partition, lastsMs)
      const to = from + 1 + Math.floor(chance * ((await endsNow(stage)).get(partition)! - from - 1))
      // Where nothing is counted yet counting begins with the log, and nothing halts.
      const isPossible = from > 0 && to > from
      if (isPossible) {
        // It leaves a checkpoint: what was counted before is provable when the log of it is gone.
        const how = await startPart('verify', `verify-${from}`, stage.folder, stage.settings).ended
        if (how !== 'ended with code 0') throw new Error(`verify ${how} before the log was trimmed`)
        const numbers = await numbersIn(stage, partition, from, to)
        await deleteBefore(stage, partition, to)
        stage.sender.lose(numbers)
      }
      for (const member of stage.consumers) member.start()
      if (!isPossible) return 'there was nothing yet that could be trimmed'
      await untilHalted(stage, 'trimmed')
      const way = [String(partition), '--accept-loss', `${from}-${to}`]
      return `${to - from} records of partition ${partition} trimmed, and said to be lost; ${await resumed(stage, way)}`
    },
  },
  'halted for a bad checksum': damaged('bad_crc'),
  'halted for an unknown codec': damaged('unknown_codec'),
}

function damaged(reason: Damage): Fault {
  return {
    weight: 1,
    lastsMs: [500, 1_500],
    halts: reason,
    targets: everything,
    run: async (stage, { lastsMs, which }) => {
      const partition = which % stage.schedule.partitions
      // Not the very next batch, so that something before it must still be counted.
      const place = { topic: stage.topic, partition, offset: (await unread(stage, partition, lastsMs)) + 1 }
      const folders = stage.kafka.all.map(broker => broker.data)
      const mend = damage(folders, place, reason)
      for (const member of stage.consumers) member.start()
      if (mend === undefined) return 'there was nothing in the log yet that could be damaged'
      await untilHalted(stage, reason)
      mend()
      return `a record batch of partition ${partition} damaged (${reason}), and mended; ${await resumed(stage)}`
    },
  }
}

/** Stops the consumers, so that what comes from now on was read by none. @returns where counting stands. */
async function unread({ consumers, database }: Stage, partition: number, lastsMs: number): Promise<number> {
  // In order, so that the group does not wait for them.
  await Promise.all(consumers.map(member => member.stop()))
  await pause(lastsMs)
  const { rows } = await insisted(database, 'the position is told', client =>
    client.query<{ next: number }>(
      `select next_offset::int as next from partition_ledger where partition = $1 and state <> 'closed'`,
      [partition],
    ),
  )
  return rows[0]?.next ?? 0
}

function untilHalted({ database }: Stage, reason: string): Promise<true> {
  return until(
    () =>
      asked(database, async client => {
        const { rowCount } = await client.query('select from partition_ledger where halt_reason = $1', [reason])
        return rowCount !== 0
      }),
    haltDeadlineMs,
    `a partition is halted as ${reason}`,
  )
}

/**
 * Resumes until nothing is halted and everything that was there is counted: one may halt while another is resumed.
 * @param first which and how at first, as on the command line.
 */
async function resumed(stage: Stage, first = ['all']): Promise<string> {
  const ends = await endsNow(stage)
  const deadline = performance.now() + resumeDeadlineMs
  for (let times = 1; performance.now() < deadline; times++) {
    const name = `resume-${Math.round(performance.now())}`
    await startPart('partitions', name, stage.folder, stage.settings, [
      'resume',
      ...(times === 1 ? first : ['all']),
      '--yes',
    ]).ended
    const tookMs = await untilCounted(stage.database, ends, resumeEveryMs)
    if (tookMs !== undefined) return `resumed, ${times} times`
  }
  throw new Error(`partitions were not resumed within ${resumeDeadlineMs} ms`)
}

function setPolicy({ kafka, topic }: Stage, value: 'compact' | 'delete'): Promise<void> {
  const configs = [{ name: 'cleanup.policy', value, configOperation: IncrementalAlterConfigOperationTypes.SET }]
  const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs }]
  return useAdmin(kafka, admin => admin.incrementalAlterConfigs({ resources, validateOnly: false }))
}
