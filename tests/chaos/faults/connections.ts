/** Faults of the ways between: statements and answers that are lost, connections that are cut or say nothing. */
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../support/environment.ts'
import type { Decide, Deed } from '../../support/proxy.ts'
import type { Member } from '../member.ts'
import type { Planned } from '../schedule.ts'
import type { Stage } from '../stage.ts'
import type { Faults } from './fault.ts'

const consumerOf = ({ consumers }: Stage, { which }: Planned): Member => consumers[which % consumers.length]!
const wayOf = (stage: Stage, planned: Planned): string[] => [`way of ${consumerOf(stage, planned).name}`]

/** How much longer than planned a fault may wait for its chance. */
const patienceMs = 4_000

type IsMeant = (sql: string, begun: string) => boolean

/** Every other one, so that a batch that is tried again lands at some time. */
function everyOther(member: Member, deed: Deed, isMeant: IsMeant): { meddle: Decide; times: () => number } {
  let seen = 0
  let times = 0
  const meddle: Decide = (sql, begun) => {
    if (!isMeant(sql, begun) || ++seen % 2 === 0) return 'forward'
    times += 1
    if (deed === 'lose' && isCommit(sql, begun)) member.commitsLost += 1
    return deed
  }
  return { meddle, times: () => times }
}

/** Of a settle: openings are transactions too, but they only read. */
const isCommit: IsMeant = (sql, begun) => sql === 'commit' && begun === 'begin'

export const connectionFaults: Faults = {
  'COMMIT lost': {
    weight: 3,
    lastsMs: [500, 2_500],
    targets: wayOf,
    run: (stage, planned) => lose(stage, planned, 'lose', 'COMMITs lost before they arrived', isCommit),
  },
  "COMMIT's answer lost": {
    weight: 3,
    lastsMs: [500, 2_500],
    targets: wayOf,
    run: (stage, planned) => lose(stage, planned, 'lose answer', 'answers to COMMIT lost', isCommit),
  },
  // The client finds out by its own deadline of 7 s.
  "COMMIT's answer never comes": {
    weight: 2,
    lastsMs: [500, 2_500],
    targets: wayOf,
    run: (stage, planned) => lose(stage, planned, 'silence', 'connections silent from COMMIT on', isCommit),
  },
  'statement lost': {
    weight: 2,
    lastsMs: [500, 2_500],
    targets: wayOf,
    run: (stage, planned) => {
      const every = 2 + Math.floor(planned.chance * 9)
      let n = 0
      return lose(stage, planned, 'lose', 'connections cut in the middle of a transaction', () => ++n % every === 0)
    },
  },
  // The transaction stays open and keeps its locks, until the server ends it after 5 s or the rest arrives.
  'transaction held up': {
    weight: 2,
    lastsMs: [500, 7_000],
    targets: wayOf,
    run: async (stage, planned) => {
      const member = consumerOf(stage, planned)
      let left = 2 + Math.floor(planned.chance * 12)
      const meddle: Decide = () => (--left === 0 ? 'hold' : 'forward')
      return member.meddling(meddle, async () => {
        await until(() => member.proxy!.held() > 0, patienceMs, 'a statement is held').catch(() => {})
        const held = member.proxy!.held()
        await pause(planned.lastsMs)
        member.proxy!.release()
        return `${held} sessions of ${member.name} held up in the middle for ${planned.lastsMs} ms`
      })
    },
  },
  'way to postgres cut': {
    weight: 2,
    lastsMs: [300, 2_500],
    targets: wayOf,
    run: async (stage, planned) => {
      const member = consumerOf(stage, planned)
      const cuts = await repeat(planned, 100 + planned.chance * 400, () => member.proxy!.cut())
      return `the way of ${member.name} to PostgreSQL cut ${cuts} times in ${planned.lastsMs} ms`
    },
  },
  'way to kafka cut': {
    weight: 2,
    lastsMs: [300, 2_500],
    targets: () => ['way to kafka'],
    run: async ({ kafka }, planned) => {
      const cuts = await repeat(planned, 100 + planned.chance * 400, () => {
        for (const { wire } of kafka.all) wire.cut()
      })
      return `every connection of the consumers to Kafka cut ${cuts} times in ${planned.lastsMs} ms`
    },
  },
  'way to kafka silent': {
    weight: 2,
    lastsMs: [500, 5_000],
    targets: () => ['way to kafka'],
    run: stall,
  },
  // Longer than the group waits: the members are out, and wake up with what they had read.
  'way to kafka silent for long': {
    weight: 1,
    lastsMs: [11_000, 14_000],
    isLong: true,
    targets: () => ['way to kafka'],
    run: stall,
  },
}

async function lose(stage: Stage, planned: Planned, deed: Deed, what: string, isMeant: IsMeant): Promise<string> {
  const member = consumerOf(stage, planned)
  const { meddle, times } = everyOther(member, deed, isMeant)
  await member.meddling(meddle, async () => {
    await pause(planned.lastsMs)
    // One that has just come back may have had nothing to say yet; one without partitions never has.
    await until(() => times() > 0, patienceMs, 'something was lost').catch(() => {})
  })
  return `${times()} ${what}, of ${member.name} in ${planned.lastsMs} ms`
}

async function repeat({ lastsMs }: Planned, everyMs: number, work: () => void): Promise<number> {
  const until = performance.now() + lastsMs
  let times = 0
  while (performance.now() < until) {
    work()
    times += 1
    await pause(everyMs)
  }
  return times
}

/** All connections, or only some of them: those of one consumer to the group and to the log are different ones. */
async function stall({ kafka }: Stage, { lastsMs, chance }: Planned): Promise<string> {
  const share = chance < 0.5 ? 1 : chance
  for (const { wire } of kafka.all) wire.stall(share)
  await pause(lastsMs)
  for (const { wire } of kafka.all) wire.flow()
  return `${Math.round(share * 100)} % of the consumers' connections to Kafka silent for ${lastsMs} ms`
}
