/** A person with `./footfall partitions`: the real look at the log and the real ways out, carried out on simulated tables. */
import type { Log } from '../../src/consumer/log.ts'
import type { Halted, Plan, Request } from '../../src/upkeep/partitions/halt-plans.ts'
import { naturalPlan } from '../../src/upkeep/partitions/halt-plans.ts'
import { lookAtLog } from '../../src/upkeep/partitions/look-at-log.ts'
import type { Broker } from './broker.ts'
import { carryOut } from './carry-out.ts'
import type { Oracle } from './oracle.ts'
import { blocked, type Host, type Scheduler } from './scheduler.ts'
import type { Server } from './store.ts'
import { keyOf, type Row } from './tables.ts'

const decisions: readonly Request['decision'][] = ['resume', 'accept-loss', 'new-lineage']
const since = '2026-11-22T22:00:00Z'

export class Operator {
  /** Partitions that somebody is looking at. */
  readonly #busy = new Set<number>()
  readonly #log: Log
  readonly #broker: Broker
  readonly #server: Server
  readonly #scheduler: Scheduler
  readonly #oracle: Oracle
  readonly #host: Host
  readonly #seen: (what: string) => void
  readonly #batchBytesMax: number

  constructor(
    broker: Broker,
    server: Server,
    scheduler: Scheduler,
    oracle: Oracle,
    host: Host,
    batchBytesMax: number,
    seen: (what: string) => void,
  ) {
    this.#log = broker.logOf(host)
    this.#broker = broker
    this.#server = server
    this.#scheduler = scheduler
    this.#oracle = oracle
    this.#host = host
    this.#batchBytesMax = batchBytesMax
    this.#seen = seen
  }

  /** Looks at everything that is halted and not looked at already. @returns whether there was anything. */
  lookAtHalts(): boolean {
    const halted = this.#server.tables.currentRows.filter(({ state, partition }) => {
      return state === 'halted' && !this.#busy.has(partition)
    })
    for (const row of halted) {
      this.#busy.add(row.partition)
      this.#resume(row)
        .catch(() => {}) // the brokers cannot tell at the moment
        .finally(() => this.#busy.delete(row.partition))
    }
    return halted.length > 0
  }

  async #resume(row: Row): Promise<void> {
    const { topicId, partition, lineage, next, tail, halt } = row
    const at = { topicId, partition, lineage, nextOffset: next, halt: { ...halt!, since } }
    const time = this.#scheduler.timeOf(this.#host)
    const now = await lookAtLog(this.#log, { ...at, tail }, this.#batchBytesMax, undefined, time)
    const plans = decisions.flatMap(decision => {
      const plan = naturalPlan(decision, at, now)
      return plan === undefined ? [] : [plan]
    })
    if (plans.length === 0 || this.#scheduler.dice.chance(0.2)) {
      this.#mend(partition)
      if (plans.length === 0) return
    }
    const plan = this.#scheduler.dice.pick(plans)
    const kind = `resume ${partition}: ${plan.does}`
    const isDone = await this.#scheduler.call(this.#host, kind, () => this.#carryOut(at, plan))
    if (isDone) this.#seen(`resumed: ${plan.does}${plan.does === 'begin' && plan.inherits ? ' with the window' : ''}`)
  }

  #mend(partition: number): void {
    if (this.#broker.isCompacted) {
      this.#broker.isCompacted = false
      this.#scheduler.note('the topic is not compacted any more')
    } else if (this.#broker.topic.partitions[partition]?.mend()) {
      this.#scheduler.note(`the log of ${partition} is mended`)
    }
  }

  #carryOut(at: Halted, plan: Plan): boolean | typeof blocked {
    const { tables } = this.#server
    if (tables.holder(keyOf(at), undefined) !== undefined) return blocked
    const before = tables.ledger.get(keyOf(at))
    const row = carryOut(tables, at, plan)
    if (before === undefined || row === undefined) return false
    if (plan.does === 'skip') this.#oracle.skipped(row, plan.to)
    if (plan.does === 'begin') this.#oracle.began(row, before, plan.inherits)
    this.#server.onCommit([])
    return true
  }
}
