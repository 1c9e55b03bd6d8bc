/** Faults that halt partitions until a person has mended the cause and resumes them. Nothing is lost by them. */
import { setTimeout as pause } from 'node:timers/promises'
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import { until } from '../../support/environment.ts'
import { asked, insisted } from '../ask.ts'
import { type Damage, damage } from '../damage.ts'
import { startPart } from '../part.ts'
import { endsNow, untilCounted } from '../recovery.ts'
import type { Stage } from '../stage.ts'
import type { Fault, Faults } from './fault.ts'

/** A halt is noticed within seconds, and confirmed first. */
const haltDeadlineMs = 30_000
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
  'halted for a bad checksum': damaged('bad_crc'),
  'halted for an unknown codec': damaged('unknown_codec'),
}

/** While nobody reads, so that the batch was not read yet. */
function damaged(reason: Damage): Fault {
  return {
    weight: 1,
    lastsMs: [500, 1_500],
    halts: reason,
    targets: ({ consumers }) => ['kafka', 'postgres', 'group', ...consumers.map(({ name }) => name)],
    run: async (stage, { lastsMs, which }) => {
      // In order, so that the group does not wait for them.
      await Promise.all(stage.consumers.map(member => member.stop()))
      await pause(lastsMs)
      const partition = which % stage.schedule.partitions
      // Not the very next batch, so that something before it must still be counted.
      const place = { topic: stage.topic, partition, offset: (await nextOf(stage, partition)) + 1 }
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

async function nextOf({ database }: Stage, partition: number): Promise<number> {
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

/** Resumes until nothing is halted and everything that was there is counted: one may halt while another is resumed. */
async function resumed(stage: Stage): Promise<string> {
  const ends = await endsNow(stage)
  const deadline = performance.now() + resumeDeadlineMs
  for (let times = 1; performance.now() < deadline; times++) {
    const name = `resume-${Math.round(performance.now())}`
    await startPart('partitions', name, stage.folder, stage.settings, ['resume', 'all', '--yes']).ended
    const tookMs = await untilCounted(stage.database, ends, resumeEveryMs)
    if (tookMs !== undefined) return `resumed, ${times} times`
  }
  throw new Error(`partitions were not resumed within ${resumeDeadlineMs} ms`)
}

async function setPolicy({ kafka, topic }: Stage, value: 'compact' | 'delete'): Promise<void> {
  const admin = new Admin({ clientId: 'chaos', bootstrapBrokers: kafka.direct.address.split(',') })
  const configs = [{ name: 'cleanup.policy', value, configOperation: IncrementalAlterConfigOperationTypes.SET }]
  const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs }]
  try {
    await admin.incrementalAlterConfigs({ resources, validateOnly: false })
  } finally {
    await admin.close()
  }
}
