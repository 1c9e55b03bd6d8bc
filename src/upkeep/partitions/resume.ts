/** Ends halts: looks, shows what will be done, asks, does it. */
import { LogReader } from '../../kafka/reader.ts'
import type { Config } from '../../runtime/config.ts'
import { createLog } from '../../runtime/log.ts'
import { operator } from '../../runtime/operator.ts'
import { withTables } from '../tables.ts'
import { carryOut } from './carry-out.ts'
import { type Halted, lostBy, type Plan } from './halt-plans.ts'
import { lookAtLog } from './look-at-log.ts'
import type { ResumeRequest } from './request.ts'
import { readStandings, type Standing } from './standings.ts'
import { describe, planFor } from './ways-out.ts'

/** What becomes, or became, of one partition. */
export interface Step {
  readonly partition: number
  /** planned: to be asked for; done; refused: it makes no sense so; changed: it is not as it was shown any more. */
  readonly outcome: 'planned' | 'done' | 'refused' | 'changed'
  readonly text: string
  readonly lost: number
}

export interface Resumed {
  readonly steps: readonly Step[]
  readonly isDone: boolean
}

const application = 'footfall partitions'

interface Planned {
  readonly at: Halted
  readonly plan: Plan
  readonly text: string
}

/**
 * Does nothing unless every partition can be resumed so. Each is then resumed in a transaction of its own: what ends
 * this process between two leaves whole ones behind.
 * @param confirm is shown the plan and says whether to go on. @throws when Kafka or PostgreSQL cannot tell.
 */
export async function resume(
  config: Config,
  request: ResumeRequest,
  confirm: (steps: readonly Step[]) => Promise<boolean>,
): Promise<Resumed | undefined> {
  const looked = await plans(config, request)
  const refused = looked.filter(one => 'outcome' in one)
  if (refused.length > 0) return { steps: refused, isDone: false }
  const planned = looked.filter(one => 'plan' in one)
  const shown = planned.map(one => step(one, 'planned'))
  if (!(await confirm(shown))) return undefined
  const by = { decision: request.way.decision, operatingUser: operator(), note: request.note }
  return withTables(config, application, async client => {
    const steps: Step[] = []
    for (const one of planned) {
      const isDone = await carryOut(client, one.at, one.plan, by)
      steps.push(isDone ? step(one, 'done') : { ...step(one, 'changed'), text: changed, lost: 0 })
    }
    return { steps, isDone: steps.every(({ outcome }) => outcome === 'done') }
  })
}

async function plans(config: Config, { partitions, way }: ResumeRequest): Promise<(Planned | Step)[]> {
  const standings = await withTables(config, application, client => readStandings(client, config))
  const wanted = partitions ?? standings.flatMap(({ halt, partition }) => (halt === undefined ? [] : [partition]))
  if (wanted.length === 0) throw new Error('no partition is halted')
  const log = new LogReader(config, createLog('partitions', 'silent'))
  try {
    const found: (Planned | Step)[] = []
    for (const partition of wanted) {
      const standing = standings.find(one => one.partition === partition)
      const to = way.decision === 'accept-loss' ? way.to : undefined
      if (!isHalted(standing)) {
        found.push(refusal(partition, standing === undefined ? 'is not in the ledger' : 'is not halted'))
        continue
      }
      const seen = await lookAtLog(log, standing, config.consumer.batchBytesMax, to)
      const plan = planFor(way, standing, seen)
      found.push(
        'refused' in plan
          ? refusal(partition, plan.refused)
          : { at: standing, plan, text: describe(plan, standing, seen) },
      )
    }
    return found
  } finally {
    await log.close()
  }
}

function isHalted(standing: Standing | undefined): standing is Standing & Halted {
  return standing?.halt !== undefined
}

const changed = 'was changed meanwhile; ./footfall partitions shows how it stands now'

function step({ at, plan, text }: Planned, outcome: Step['outcome']): Step {
  return { partition: at.partition, outcome, text, lost: lostBy(plan, at) }
}

function refusal(partition: number, text: string): Step {
  return { partition, outcome: 'refused', text, lost: 0 }
}
